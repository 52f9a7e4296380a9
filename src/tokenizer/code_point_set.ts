/**
 * Sets of code points as regular expressions write them: single ones, ranges, properties, and the negation of all that.
 */

import { kindOf, kindTable } from "./unicode.ts";

/** A set being described, before it is complete. */
export interface CodePointSetParts {
  /** The bits of `kindBits` that belong to the set. */
  kinds: number;
  /** First and last code point of each range. */
  ranges: [first: number, last: number][];
  /** Whether the set is everything else instead. */
  negated: boolean;
}

/** Code points below this have their answer in an array. */
const ASCII_END = 0x80;

/** A set of code points that answers quickly. */
export class CodePointSet {
  readonly #ascii = new Uint8Array(ASCII_END);
  readonly #kinds: number;
  readonly #table = kindTable();
  /** First and last code point of each range, one after the other. */
  readonly #ranges: Int32Array;
  readonly #negated: boolean;

  constructor(parts: CodePointSetParts) {
    this.#kinds = parts.kinds;
    this.#ranges = Int32Array.from(parts.ranges.flat());
    this.#negated = parts.negated;
    for (let codePoint = 0; codePoint < ASCII_END; codePoint++) this.#ascii[codePoint] = Number(this.#find(codePoint));
  }

  /** Whether the code point is in the set. */
  has(codePoint: number): boolean {
    return codePoint < ASCII_END ? this.#ascii[codePoint] === 1 : this.#find(codePoint);
  }

  #find(codePoint: number): boolean {
    if ((this.#kinds >> kindOf(this.#table, codePoint)) & 1) return !this.#negated;
    const ranges = this.#ranges;
    for (let i = 0; i < ranges.length; i += 2) {
      if (codePoint >= ranges[i] && codePoint <= ranges[i + 1]) return !this.#negated;
    }
    return this.#negated;
  }
}
