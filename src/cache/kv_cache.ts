/**
 * Who has which blocks of the key/value cache. Sequences take blocks as they grow and give them back when they end; the
 * memory itself, and what is in it, is the native library's.
 */

import { ArpeggioError } from "../errors.ts";
import { Limit } from "../native/abi.ts";

/** A cache of `blocks` blocks with `Limit.BLOCK_POSITIONS` positions each. */
export class KvCache {
  /** How many blocks there are. */
  readonly blocks: number;
  /** Numbers of free blocks; the last is taken first, so that memory already in use is used again. */
  readonly #free: number[];
  readonly #forgotten: FinalizationRegistry<number[]>;

  /** All blocks are free at first. */
  constructor(blocks: number) {
    this.blocks = blocks;
    this.#free = Array.from({ length: blocks }, (_, index) => blocks - 1 - index);
    this.#forgotten = new FinalizationRegistry((table) => this.#free.push(...table.splice(0)));
  }

  /** How many blocks no sequence has. */
  get freeBlocks(): number {
    return this.#free.length;
  }

  /** A new sequence, without any blocks. */
  createSequence(): KvSequence {
    const table: number[] = [];
    const sequence = new KvSequence(table, {
      take: (count) => this.#take(count),
      give: () => {
        this.#forgotten.unregister(sequence);
        // From the end: the first block of this sequence is the next one taken.
        this.#free.push(...table.splice(0).reverse());
      },
    });
    this.#forgotten.register(sequence, table, sequence);
    return sequence;
  }

  #take(count: number): number[] {
    const { length } = this.#free;
    if (count > length) {
      const size = Limit.BLOCK_POSITIONS;
      throw new ArpeggioError(
        `Expected ${count} free blocks (${
          count * size
        } tokens) in the key/value cache but ${length} of ${this.blocks} ` +
          `(${length * size} of ${
            this.blocks * size
          } tokens) are free: let another generation end first, or load the ` +
          `model with a larger cacheTokens`,
      );
    }
    return this.#free.splice(length - count, count).reverse();
  }
}

/** How a sequence gets and returns blocks. */
interface BlockSource {
  readonly take: (count: number) => number[];
  readonly give: () => void;
}

/** The tokens of one text and the blocks their keys and values are in. Made by {@linkcode KvCache.createSequence}. */
export class KvSequence {
  /** How many positions have keys and values. Only whoever computed them may raise it. */
  length = 0;
  readonly #table: number[];
  readonly #source: BlockSource;
  #disposed = false;

  /** For {@linkcode KvCache}. */
  constructor(table: number[], source: BlockSource) {
    this.#table = table;
    this.#source = source;
  }

  /** The numbers of its blocks: that of position p is element floor(p / 64). */
  get blocks(): readonly number[] {
    return this.#table;
  }

  /**
   * Makes sure that there are blocks for this many positions.
   *
   * @throws {ArpeggioError} When there are not enough free ones; the message has the numbers.
   */
  reserve(positions: number): void {
    if (this.#disposed) throw new TypeError("Expected a sequence in use but it has been disposed");
    const missing = Math.ceil(positions / Limit.BLOCK_POSITIONS) - this.#table.length;
    if (missing > 0) this.#table.push(...this.#source.take(missing));
  }

  /** Gives all blocks back. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.length = 0;
    this.#source.give();
  }
}
