/**
 * Checks of sampling options: numbers in their ranges, and names that nobody knows. Which options there are, their
 * ranges and defaults is said in each sampler's own file.
 */

/** What an option accepts, in words for the message and as a test. */
export interface NumberRange {
  /** Completes "Expected topP to be ...", such as "in (0, 1]". */
  text: string;
  holds(value: number): boolean;
}

/** A value as it is shown in error messages. */
function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/**
 * The value of a numeric option, or its default where it is undefined.
 *
 * @throws {TypeError} When it is not a number
 * @throws {RangeError} When it is out of range
 */
export function checkNumber(
  name: string,
  { value, fallback, range }: { value: unknown; fallback: number; range: NumberRange },
): number {
  if (value === undefined) return fallback;
  const isNumber = typeof value === "number";
  if (isNumber && range.holds(value)) return value;
  throw new (isNumber ? RangeError : TypeError)(`Expected ${name} to be ${range.text} but found ${show(value)}`);
}

/**
 * Rejects option names that do not exist, because a misspelled option would otherwise be ignored silently.
 *
 * @throws {TypeError} Naming the unknown option and, where one is similar, the option that was probably meant
 */
export function checkNames(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const suggestion = nearestName(name, known);
    const hint = suggestion === undefined ? `known are ${known.join(", ")}` : `did you mean "${suggestion}"?`;
    throw new TypeError(`Unknown sampling option "${name}", ${hint}`);
  }
}

/** The known name that was probably meant: the same letters, one the beginning of the other, or few edits away. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const letters = normalize(name);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const other = normalize(candidate);
    const isPrefix = letters.length >= 3 && (other.startsWith(letters) || letters.startsWith(other));
    const distance = isPrefix ? 0 : editDistance(letters, other);
    if (distance < bestDistance && distance <= 0.4 * Math.max(letters.length, other.length)) {
      [best, bestDistance] = [candidate, distance];
    }
  }
  return best;
}

function normalize(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "").slice(0, 40);
}

/** Levenshtein's distance: insertions, deletions and substitutions. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
