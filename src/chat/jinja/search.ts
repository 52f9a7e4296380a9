/**
 * Searching strings in linear time. The engines' own search takes the product of both lengths for some texts (which
 * ones depends on the engine), and a template chooses its texts.
 */

import type { Budget } from "./budget.ts";

/** Up to this length the engine's search is used, and paid for as if it were at its worst. */
const SHORT = 64;

/** Where `sub` occurs in `value`, without overlaps. `sub` is not empty. */
export function* occurrences(value: string, { sub, budget }: { sub: string; budget: Budget }): Generator<number> {
  if (sub.length > SHORT) return yield* longOccurrences(value, { sub, budget });
  budget.spend(value.length * sub.length / 64);
  for (let at = value.indexOf(sub); at !== -1; at = value.indexOf(sub, at + sub.length)) {
    budget.spend(1);
    yield at;
  }
}

/** Knuth, Morris and Pratt's search: it never goes back in the text. */
function* longOccurrences(value: string, { sub, budget }: { sub: string; budget: Budget }): Generator<number> {
  budget.spend((value.length + sub.length) / 4);
  budget.allocate(4 * sub.length);
  // How long the longest proper prefix of sub is that ends at each place of sub. (sub.length)
  const borders = new Int32Array(sub.length);
  for (let i = 1, border = 0; i < sub.length; i++) {
    while (border > 0 && sub[i] !== sub[border]) border = borders[border - 1];
    if (sub[i] === sub[border]) border++;
    borders[i] = border;
  }
  for (let i = 0, matched = 0; i < value.length; i++) {
    while (matched > 0 && value[i] !== sub[matched]) matched = borders[matched - 1];
    if (value[i] === sub[matched]) matched++;
    if (matched === sub.length) {
      yield i + 1 - matched;
      matched = 0;
    }
  }
}

/** Where `sub` occurs first; -1 where it does not. */
export function firstIndex(value: string, { sub, budget }: { sub: string; budget: Budget }): number {
  if (sub === "") return 0;
  for (const at of occurrences(value, { sub, budget })) return at;
  return -1;
}

/** Where `sub` occurs last; -1 where it does not. */
export function lastIndex(value: string, { sub, budget }: { sub: string; budget: Budget }): number {
  if (sub === "") return value.length;
  const found = firstIndex(reversed(value, budget), { sub: reversed(sub, budget), budget });
  return found === -1 ? -1 : value.length - found - sub.length;
}

function reversed(value: string, budget: Budget): string {
  budget.spend(value.length / 8);
  budget.allocate(2 * value.length);
  const units = new Uint16Array(value.length);
  for (let i = 0; i < value.length; i++) units[value.length - 1 - i] = value.charCodeAt(i);
  let result = "";
  // As many arguments at a time as every engine takes.
  for (let i = 0; i < units.length; i += 8192) result += String.fromCharCode(...units.subarray(i, i + 8192));
  return result;
}
