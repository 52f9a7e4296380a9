/** The token ids of a sequence: a list that grows at its end and loses tokens at its end or in the middle. */

/** Token ids in the order of their positions. */
export class TokenList {
  #ids: Int32Array<ArrayBuffer>;
  #length: number;

  constructor(ids: Int32Array = new Int32Array()) {
    this.#ids = new Int32Array(ids.length + 64);
    this.#ids.set(ids);
    this.#length = ids.length;
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds tokens at the end. Doubles, so that adding one stays constant time. */
  push(ids: ArrayLike<number>): void {
    const length = this.#length + ids.length;
    if (length > this.#ids.length) {
      const larger = new Int32Array(Math.max(length, 2 * this.#ids.length));
      larger.set(this.#ids.subarray(0, this.#length));
      this.#ids = larger;
    }
    this.#ids.set(ids, this.#length);
    this.#length = length;
  }

  /** The tokens from `begin` to before `end`: a view, valid until the list changes. */
  view(begin = 0, end: number = this.#length): Int32Array<ArrayBuffer> {
    return this.#ids.subarray(begin, Math.min(end, this.#length));
  }

  /** Removes the tokens from `begin` to before `end`. */
  remove(begin: number, end: number = this.#length): void {
    this.#ids.copyWithin(begin, end, this.#length);
    this.#length -= end - begin;
  }
}
