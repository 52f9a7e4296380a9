/** A list of bytes that grows, for text under construction. */

import type { ByteTable } from "./byte_table.ts";

/** Bytes in the order they were added. */
export class ByteList {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** The byte with this index, which the caller keeps within the length. */
  at(index: number): number {
    return this.#bytes[index];
  }

  push(byte: number): void {
    if (this.#length === this.#bytes.length) this.#grow();
    this.#bytes[this.#length++] = byte;
  }

  /** Adds a string of a table. */
  pushString(table: ByteTable, number: number): void {
    const end = table.endOf(number);
    for (let i = table.startOf(number); i < end; i++) this.push(table.data[i]);
  }

  /** Takes one byte out again. */
  remove(index: number): void {
    this.#bytes.copyWithin(index, index + 1, this.#length);
    this.#length--;
  }

  /** The bytes added so far: a view that the next change makes invalid. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#length);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
