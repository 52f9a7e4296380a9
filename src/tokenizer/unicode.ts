/**
 * The properties of code points that split patterns ask for. From a table of our own, because the regular expressions
 * of the runtimes are built on different versions of Unicode (Deno 2.9: 16, Node 26 and Bun 1.4: 17), and the same
 * prompt must become the same tokens everywhere. The version is 15.1, the one llama.cpp uses (its
 * `src/unicode-data.cpp`).
 */

import { runWhole } from "../time_slice.ts";
import { categoryRuns } from "./unicode_data.ts";

/** The kinds in the order of their numbers; a code point is of exactly one. See unicode_data.ts. */
const KINDS = "ULTFOMNPSWC";

/** The properties that patterns may name: categories of Unicode, and what is white space. */
export type Property = "Lu" | "Ll" | "Lt" | "Lm" | "Lo" | "L" | "M" | "N" | "P" | "S" | "White_Space";

/** One bit per kind, so that a property is a set of kinds and a test is one `and`. */
export const kindBits: Readonly<Record<Property, number>> = {
  Lu: 1 << KINDS.indexOf("U"),
  Ll: 1 << KINDS.indexOf("L"),
  Lt: 1 << KINDS.indexOf("T"),
  Lm: 1 << KINDS.indexOf("F"),
  Lo: 1 << KINDS.indexOf("O"),
  L: (1 << KINDS.indexOf("M")) - 1,
  M: 1 << KINDS.indexOf("M"),
  N: 1 << KINDS.indexOf("N"),
  P: 1 << KINDS.indexOf("P"),
  S: 1 << KINDS.indexOf("S"),
  /** `\s` as Rust, Python and llama.cpp understand it: with U+0085, without U+FEFF (JavaScript: the reverse). */
  White_Space: 1 << KINDS.indexOf("W"),
};

/** Code points from here on are in few and long runs: searching those saves a megabyte of table. */
const TABLE_END = 0x40000;

/** The kinds of all code points. */
export interface KindTable {
  /** The number of the kind of each code point below {@linkcode TABLE_END}. */
  readonly low: Uint8Array;
  /** The runs behind them: where each ends, and its kind. */
  readonly high: readonly { readonly end: number; readonly kind: number }[];
}

let table: KindTable | undefined;

/** The table, made by {@linkcode prepareKindTable} or, all at once, here. */
export function kindTable(): KindTable {
  table ??= runWhole(expandRuns(categoryRuns));
  return table;
}

/** Makes the table in steps: the code is cold when it is needed, and the whole takes 3 ms. */
export function* prepareKindTable(): Generator<void, void> {
  table ??= yield* expandRuns(categoryRuns);
}

/** The number of the kind of a code point: `1 << number` is in {@linkcode kindBits}. */
export function kindOf(kinds: KindTable, codePoint: number): number {
  if (codePoint < TABLE_END) return kinds.low[codePoint];
  for (const { end, kind } of kinds.high) if (codePoint < end) return kind;
  throw new RangeError(`Expected a code point but found ${codePoint}`);
}

/** Read by hand: once and cold, a regular expression takes twice as long. */
function* expandRuns(lines: readonly string[]): Generator<void, KindTable> {
  const low = new Uint8Array(TABLE_END);
  const high: { end: number; kind: number }[] = [];
  let codePoint = 0;
  for (const line of lines) {
    yield;
    for (let at = 0; at < line.length;) {
      const kind = KINDS.indexOf(line[at++]);
      let length = 0;
      for (let digit = base36Digit(line, at); digit >= 0; digit = base36Digit(line, ++at)) length = 36 * length + digit;
      const end = codePoint + (length === 0 ? 1 : length);
      low.fill(kind, codePoint, end);
      if (end > TABLE_END) high.push({ end, kind });
      codePoint = end;
    }
  }
  return { low, high };
}

/** The value of a digit, 0 to 9 and then a to z; -1 for everything else. */
function base36Digit(line: string, at: number): number {
  const unit = at < line.length ? line.charCodeAt(at) : 0;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  return unit >= 0x61 && unit <= 0x7a ? unit - 0x61 + 10 : -1;
}
