/** A list of 32-bit integers that grows: token ids, ends of words. Doubles, so that appending stays constant time. */

/** Integers in the order they were added. */
export class IntList {
  #values: Int32Array<ArrayBuffer>;
  #length = 0;

  /** `capacity` is how many fit before the first growth. */
  constructor(capacity = 16) {
    this.#values = new Int32Array(capacity);
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** The integer with this index, which the caller keeps within the length. */
  at(index: number): number {
    return this.#values[index];
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Int32Array(2 * this.#length + 16);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** A copy of exactly the integers added so far. */
  toArray(): Int32Array<ArrayBuffer> {
    return this.#values.slice(0, this.#length);
  }
}
