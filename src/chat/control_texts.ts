/**
 * Finds the texts of control tokens in strings.
 */

/** Where a control token stands, in UTF-16 units. */
export interface ControlMatch {
  start: number;
  end: number;
}

/** The texts of a tokenizer's control tokens, ready to be looked for. */
export class ControlTexts {
  /** The texts by their first unit, and there by their length, the longest first. */
  readonly #byFirst = new Map<string, { lengths: number[]; texts: Set<string> }>();

  constructor(texts: Iterable<string>) {
    for (const text of texts) {
      if (text === "") continue;
      let entry = this.#byFirst.get(text[0]);
      if (entry === undefined) this.#byFirst.set(text[0], entry = { lengths: [], texts: new Set() });
      entry.texts.add(text);
      if (!entry.lengths.includes(text.length)) entry.lengths.push(text.length);
    }
    for (const { lengths } of this.#byFirst.values()) lengths.sort((a, b) => b - a);
  }

  /**
   * The matches within `text` from `start` to `end`, in order and without overlaps; of those at one place the
   * longest.
   */
  find(text: string, { start, end }: ControlMatch): ControlMatch[] {
    const found: ControlMatch[] = [];
    let at = start;
    while (at < end) {
      const length = this.#longestAt(text, { start: at, end });
      if (length > 0) found.push({ start: at, end: at + length });
      at += Math.max(length, 1);
    }
    return found;
  }

  #longestAt(text: string, { start, end }: ControlMatch): number {
    const entry = this.#byFirst.get(text[start]);
    if (entry === undefined) return 0;
    return entry.lengths.find((n) => start + n <= end && entry.texts.has(text.slice(start, start + n))) ?? 0;
  }
}
