/** The merges of byte-level BPE, by the tokens they merge. */

import { powerOfTwoAbove } from "./byte_table.ts";

/** The table is at most half full; more steps than this take only merges that are made to collide. */
const SEARCH_STEPS_MAX = 512;

/** Pairs of tokens, numbered in the order they were added. */
export class PairTable {
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  /** The token each pair becomes. */
  readonly results: Int32Array;
  /** Numbers of pairs, plus one; 0 where a slot is free. */
  readonly #slots: Int32Array;

  /** Room for pairs with numbers below `capacity`. */
  constructor(capacity: number) {
    this.#left = new Int32Array(capacity);
    this.#right = new Int32Array(capacity);
    this.results = new Int32Array(capacity);
    this.#slots = new Int32Array(powerOfTwoAbove(2 * capacity));
  }

  /**
   * Adds a pair under a number. The first number of a pair counts, as in llama.cpp.
   *
   * @returns Whether there was room; not when too many others are in its place.
   */
  add(number: number, pair: { left: number; right: number; result: number }): boolean {
    const { left, right } = pair;
    const mask = this.#slots.length - 1;
    let slot = hashPair(left, right) & mask;
    for (let step = 0; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = this.#slots[slot] - 1;
      if (this.#left[other] === left && this.#right[other] === right) return true;
      if (++step > SEARCH_STEPS_MAX) return false;
    }
    this.#slots[slot] = number + 1;
    this.#left[number] = left;
    this.#right[number] = right;
    this.results[number] = pair.result;
    return true;
  }

  /** The number of a pair; -1 when it was not added. */
  find(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashPair(left, right) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] - 1;
      if (this.#left[number] === left && this.#right[number] === right) return number;
    }
    return -1;
  }
}

/** Two rounds of multiply and shift (the finalizer of MurmurHash3): small ids must reach all slots. */
function hashPair(left: number, right: number): number {
  let hash = Math.imul(left, 0x9e3779b1) ^ right;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
