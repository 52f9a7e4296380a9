/**
 * Byte strings numbered 0, 1, 2, ... and found again by their bytes: no JavaScript string is made, neither when a
 * vocabulary of 260,000 tokens is read nor when SentencePiece asks whether a stretch of the text is a token.
 */

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * The table is at most a quarter full, where the longest search in real vocabularies takes about 20 steps. A file whose
 * tokens collide on purpose is refused by the caller instead of taking quadratic time.
 */
const SLOTS_PER_STRING = 4;
const SEARCH_STEPS_MAX = 512;

/** Numbered byte strings. */
export class ByteTable {
  /** How many strings there are. */
  length = 0;
  /** Length of the longest, in bytes. */
  longestBytes = 0;
  /** All strings, one after the other. Another array when the table grows; not to be written to. */
  data: Uint8Array<ArrayBuffer>;
  readonly #starts: Uint32Array;
  readonly #hashes: Int32Array;
  /** Numbers of strings, plus one; 0 where a slot is free. */
  readonly #slots: Int32Array;

  /** Room for `capacity` strings of `bytesTotal` bytes together; the bytes may turn out to be more. */
  constructor(capacity: number, bytesTotal: number) {
    this.data = new Uint8Array(bytesTotal);
    this.#starts = new Uint32Array(capacity + 1);
    this.#hashes = new Int32Array(capacity);
    this.#slots = new Int32Array(powerOfTwoAbove(SLOTS_PER_STRING * capacity));
  }

  /**
   * Adds a string under the next number.
   *
   * @returns The number it already has when it is there; -1 when it was added; -2 when too many others are in its
   * place.
   */
  add(string: Uint8Array): number {
    const hash = hashBytes(string, 0, string.length);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let step = 0; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] - 1;
      if (this.#hashes[number] === hash && this.#equals(number, string, 0, string.length)) return number;
      if (++step > SEARCH_STEPS_MAX) return -2;
    }
    this.#slots[slot] = this.length + 1;
    this.#hashes[this.length] = hash;
    this.#append(string);
    return -1;
  }

  /** The number of the string that is `bytes[start, end)`; -1 when there is none. */
  find(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
    if (end - start > this.longestBytes) return -1;
    const hash = hashBytes(bytes, start, end);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] - 1;
      if (this.#hashes[number] === hash && this.#equals(number, bytes, start, end)) return number;
    }
    return -1;
  }

  /** The bytes of a string: a view, not to be written to. */
  bytes(number: number): Uint8Array<ArrayBuffer> {
    return this.data.subarray(this.#starts[number], this.#starts[number + 1]);
  }

  /** Where a string begins in `data`. */
  startOf(number: number): number {
    return this.#starts[number];
  }

  /** Where a string ends in `data`. */
  endOf(number: number): number {
    return this.#starts[number + 1];
  }

  #equals(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[number];
    if (this.#starts[number + 1] - from !== end - start) return false;
    for (let i = start; i < end; i++) {
      if (this.data[from + i - start] !== bytes[i]) return false;
    }
    return true;
  }

  #append(string: Uint8Array): void {
    const start = this.#starts[this.length];
    const end = start + string.length;
    if (end > this.data.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.data.subarray(0, start));
      this.data = larger;
    }
    // By hand: for the 6 bytes of an average token `set` costs more than the loop.
    for (let i = 0; i < string.length; i++) this.data[start + i] = string[i];
    this.#starts[++this.length] = end;
    if (string.length > this.longestBytes) this.longestBytes = string.length;
  }
}

/** The least power of two that is greater than a number below 2^30. */
export function powerOfTwoAbove(number: number): number {
  let power = 1;
  while (power <= number) power *= 2;
  return power;
}

/** The hash of `bytes[start, end)`. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], FNV_PRIME);
  // The low bits select the slot and FNV mixes upwards only.
  return hash ^ (hash >>> 15);
}
