/**
 * Remembers the tokens of short words. A table of fixed size in which a new word replaces the one in its place: 0.4 MB
 * at most for each tokenizer, and no string of a caller is kept alive.
 */

import { hashBytes } from "./byte_table.ts";
import type { IntList } from "./int_list.ts";

/** The number of places, a power of two: of half a megabyte of English documentation and code, 9 words in 10 hit. */
const PLACES = 4096;

/** Longer words are rare, and words of more tokens too: they are merged each time. */
const WORD_BYTES_MAX = 24;
const WORD_TOKENS_MAX = 16;

/** The tokens of the words that came last. */
export class WordCache {
  #bytes = new Uint8Array(0);
  #tokens = new Int32Array(0);
  /** Bytes and tokens of the word in each place; 0 bytes where there is none. */
  #bytesCounts = new Uint8Array(0);
  #tokensCounts = new Uint8Array(0);

  /** Whether words of this many bytes are remembered at all. */
  accepts(bytes: number): boolean {
    return bytes > 0 && bytes <= WORD_BYTES_MAX;
  }

  /** Adds the tokens of the word `bytes[0, end)` to a list; whether it was there. */
  get(word: { bytes: Uint8Array; end: number }, tokens: IntList): boolean {
    if (this.#bytes.length === 0) this.#allocate();
    const { bytes, end } = word;
    const place = hashBytes(bytes, 0, end) & (PLACES - 1);
    if (this.#bytesCounts[place] !== end) return false;
    const start = place * WORD_BYTES_MAX;
    for (let i = 0; i < end; i++) if (this.#bytes[start + i] !== bytes[i]) return false;
    const firstToken = place * WORD_TOKENS_MAX;
    const tokensEnd = firstToken + this.#tokensCounts[place];
    for (let i = firstToken; i < tokensEnd; i++) tokens.push(this.#tokens[i]);
    return true;
  }

  /** Remembers that the word `bytes[0, end)` became the tokens of the list from `from` on. */
  set(word: { bytes: Uint8Array; end: number }, tokens: IntList, from: number): void {
    const { bytes, end } = word;
    const count = tokens.length - from;
    if (count > WORD_TOKENS_MAX) return;
    const place = hashBytes(bytes, 0, end) & (PLACES - 1);
    this.#bytesCounts[place] = end;
    this.#bytes.set(bytes.subarray(0, end), place * WORD_BYTES_MAX);
    this.#tokensCounts[place] = count;
    for (let i = 0; i < count; i++) this.#tokens[place * WORD_TOKENS_MAX + i] = tokens.at(from + i);
  }

  #allocate(): void {
    this.#bytes = new Uint8Array(PLACES * WORD_BYTES_MAX);
    this.#tokens = new Int32Array(PLACES * WORD_TOKENS_MAX);
    this.#bytesCounts = new Uint8Array(PLACES);
    this.#tokensCounts = new Uint8Array(PLACES);
  }
}
