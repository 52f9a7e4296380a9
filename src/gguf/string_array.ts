/**
 * An array of strings that stays in the header of the file: one number per string in memory, and a JavaScript string
 * only for the element that is asked for.
 */

import { GgufError } from "../errors.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Between two strings of an array stands the length of the second, a u64. */
const LENGTH_BYTES = 8;

/** The strings of a metadata array, such as the tokens of a vocabulary. */
export class StringArray {
  /** The metadata key the array belongs to. */
  readonly key: string;
  /** How many strings there are. */
  readonly length: number;
  readonly #header: Uint8Array;
  readonly #starts: Uint32Array;

  /** `starts`, (length + 1), as in `ArrayEntry`. */
  constructor(header: Uint8Array, array: { key: string; starts: Uint32Array }) {
    this.key = array.key;
    this.length = array.starts.length - 1;
    this.#header = header;
    this.#starts = array.starts;
  }

  /**
   * The string with this index.
   *
   * @throws {GgufError} When it is not UTF-8; {@linkcode StringArray.bytes} takes it as it is.
   */
  get(index: number): string {
    const start = this.offsetOf(index);
    const text = decodeUtf8(this.#header, { start, end: this.#starts[index + 1] - LENGTH_BYTES });
    if (text !== undefined) return text;
    throw new GgufError(`Expected string ${index} to be UTF-8`, { key: this.key, offsetBytes: start });
  }

  /** The bytes of the string with this index: a view, not to be written to. */
  bytes(index: number): Uint8Array {
    return this.#header.subarray(this.offsetOf(index), this.#starts[index + 1] - LENGTH_BYTES);
  }

  /** Where the bytes of the string begin in the file. */
  offsetOf(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RangeError(`Expected index to be an integer in [0, ${this.length}) but found ${index}`);
    }
    return this.#starts[index];
  }
}
