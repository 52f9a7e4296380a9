/**
 * A sequence: its tokens, and the blocks that have the keys and values of those that were computed. When and how they
 * are computed is up to src/scheduler.ts; who has which block is in block_tables.ts.
 */

import { ArpeggioError } from "../errors.ts";
import { Limit, NONE } from "../native/abi.ts";
import { BlockTables, type ShiftedBlocks } from "./block_tables.ts";
import type { KvCache } from "./kv_cache.ts";
import { TokenList } from "./token_list.ts";
import { firstKept, firstSeen, usableLength } from "./window.ts";

const SIZE = Limit.BLOCK_POSITIONS;

/** The tokens of one text and their keys and values. Made by {@linkcode KvCache.createSequence}. */
export class KvSequence implements Disposable {
  /** All tokens, computed or not. Others may only add to them. */
  readonly tokens: TokenList;
  readonly #cache: KvCache;
  readonly #tables: BlockTables;
  #length = 0;
  /** Keys and values from this position on are the sequence's own: no other may begin with them. */
  #ownFrom = Infinity;
  #repeatable = true;
  #busy = false;
  #disposed = false;

  /** For {@linkcode KvCache}. */
  constructor(cache: KvCache, tokens?: Int32Array) {
    this.#cache = cache;
    this.#tables = new BlockTables(cache);
    this.tokens = new TokenList(tokens);
  }

  /** How many positions have keys and values. */
  get length(): number {
    return this.#length;
  }

  /** Per group the numbers of its blocks: that of position p is element floor(p / 64), `NONE` where there is none. */
  get blockTables(): readonly (readonly number[])[] {
    return this.#tables.tables;
  }

  /** Whether computing the tokens again would give the same keys and values: not after a shift. */
  get repeatable(): boolean {
    return this.#repeatable;
  }

  /** Whether a step uses it, or it is being changed: until then it keeps its blocks, even when it is disposed. */
  get busy(): boolean {
    return this.#busy;
  }

  set busy(busy: boolean) {
    this.#busy = busy;
    if (!busy && this.#disposed) this.detach();
  }

  /** Whether {@linkcode detach} may be called: whatever it loses can be had again. */
  get canDetach(): boolean {
    return this.#repeatable && !this.#busy && !this.#disposed;
  }

  /** Whether it has been disposed. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * Finds what is in the cache for the tokens but the last, which has to be computed in any case: somebody wants to
   * know what follows it. What had been computed already is found again.
   */
  attach(): void {
    this.#expectUse();
    if (!this.#repeatable || this.#ownFrom < this.#length) return;
    // Even with nothing computed there may be blocks that a step, which was stopped, would have written.
    this.detach();
    const match = this.#cache.tree.match(this.tokens.view(0, Math.max(0, this.tokens.length - 1)));
    const windows = this.#cache.groups.map(({ window }) => window);
    this.#length = this.#tables.adopt(match, usableLength(match, windows));
    this.#tables.slide(this.#length);
    this.touch();
  }

  /** Gives everything back that was computed. The tokens stay, and the cache keeps what it can for others. */
  detach(): void {
    if (this.#length <= this.#ownFrom) this.#tables.publishTail(this.tokens, this.#length);
    this.#tables.releaseFrom(0);
    this.#length = 0;
    this.#ownFrom = Infinity;
    this.#cache.attached.delete(this);
  }

  /** Notes that it is in use now. */
  touch(): void {
    this.#cache.attached.delete(this);
    this.#cache.attached.add(this);
  }

  /**
   * Whether positions up to this one can be had without taking any from another sequence, when they are computed in
   * chunks of this many tokens: layers with a window give blocks back on the way. Default: in one.
   */
  canReserve(positions: number, { chunk = Infinity }: { chunk?: number } = {}): boolean {
    return this.#cache.groups.every(({ window }, group) => {
      const last = window === 0 ? positions : Math.min(positions, this.#length + window + chunk);
      return this.#tables.missing(group, { length: this.#length, positions: last }) <= this.#cache.available(group);
    });
  }

  /**
   * Makes sure that positions up to this one can be written.
   *
   * @returns Whether there are enough blocks; if not, nothing has changed.
   */
  reserve(positions: number): boolean {
    this.#expectUse();
    const range = { length: this.#length, positions };
    if (!this.#tables.isWritable(range)) {
      if (!this.canReserve(positions)) return false;
      this.#tables.extend(range);
    }
    this.touch();
    return true;
  }

  /** Keys and values of positions up to this one have been computed. */
  commit(positions: number): void {
    this.#length = positions;
    this.#tables.publish(this.tokens, Math.min(positions, this.#ownFrom));
    this.#tables.slide(positions);
  }

  /** A sequence with the same tokens, keys and values. Takes no memory until one of the two goes on. */
  fork(): KvSequence {
    this.#expectUse();
    const fork = new KvSequence(this.#cache, this.tokens.view());
    fork.#tables.copyFrom(this.#tables, this.#length);
    fork.#length = this.#length;
    fork.#ownFrom = this.#ownFrom;
    fork.#repeatable = this.#repeatable;
    fork.touch();
    return fork;
  }

  /**
   * Removes all tokens from `length` on.
   *
   * @throws {ArpeggioError} As {@linkcode rewind}.
   */
  trim(length: number): void {
    this.rewind(length);
    this.tokens.remove(Math.min(length, this.tokens.length));
  }

  /**
   * Forgets keys and values from position `length` on, or all where layers with a window have forgotten what comes
   * before.
   *
   * @throws {ArpeggioError} When computing that again would not give the same, because the sequence has been shifted.
   */
  rewind(length: number): void {
    this.#expectUse();
    if (length >= this.#length) return;
    const isComplete = this.blockTables.every((table, group) => {
      const { window } = this.#cache.groups[group];
      return !table.slice(firstSeen(length, window), Math.ceil(length / SIZE)).includes(NONE);
    });
    if (isComplete) {
      this.#tables.releaseFrom(length);
      this.#length = length;
    } else {
      this.#forget();
    }
    if (this.#length <= this.#ownFrom) [this.#ownFrom, this.#repeatable] = [Infinity, true];
  }

  /**
   * Removes the tokens of some blocks and moves what follows to the front: its keys are turned to their new positions,
   * its values stay. Where layers with a window do not have what they would see then, all is to be computed again
   * instead. In slices; must be run to its end.
   *
   * @throws {ArpeggioError} When forks have the same blocks and there is no room for copies, or as {@linkcode rewind}.
   * Nothing has changed then.
   */
  *shift({ keep, count }: ShiftedBlocks): Generator<void, void> {
    this.#expectUse();
    const [kept, removed] = [keep * SIZE, count * SIZE];
    if (this.#length < kept + removed) this.rewind(Math.min(this.#length, kept));
    else if (!this.#seesAllAfter({ keep, count })) this.#forget();
    const moved = this.#length <= kept ? [] : this.#tables.move({ keep, count });
    this.tokens.remove(kept, kept + removed);
    if (this.#length <= kept) return;
    this.#length -= removed;
    [this.#ownFrom, this.#repeatable] = [Math.min(this.#ownFrom, kept), false];
    this.#busy = true;
    try {
      for (const { group, from, to } of moved) {
        if (from !== to) {
          this.#cache.memory.copyBlock(group, from, to);
          this.#cache.pools[group].release(from);
        }
        this.#cache.memory.rotateBlocks(group, [to], -removed);
        yield;
      }
    } finally {
      this.busy = false;
    }
  }

  /**
   * Takes blocks for the positions of a saved sequence, whose contents the caller writes. Others do not get them: they
   * come from outside.
   *
   * @returns Whether there are enough blocks.
   */
  restore(length: number, { repeatable }: { repeatable: boolean }): boolean {
    this.#tables.skip(length);
    this.#ownFrom = 0;
    if (!this.reserve(length)) {
      this.detach();
      return false;
    }
    this.#length = length;
    this.#repeatable = repeatable;
    return true;
  }

  /** Gives all blocks back. The cache keeps what it can for others. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (!this.#busy) this.detach();
  }

  /**
   * Whether layers with a window have what the next token sees after a shift: by their lengths, and, where the sequence
   * was longer before it was trimmed, by what is left.
   */
  #seesAllAfter({ keep, count }: ShiftedBlocks): boolean {
    const length = this.#length - count * SIZE;
    return this.#cache.groups.every(({ window }, group) => {
      const seen = firstSeen(length, window);
      const table = this.blockTables[group].toSpliced(keep, count).slice(seen, Math.ceil(length / SIZE));
      return (seen >= keep || firstKept(this.#length, window) <= seen) && !table.includes(NONE);
    });
  }

  /** All is computed again. */
  #forget(): void {
    if (this.#repeatable) return this.detach();
    throw new ArpeggioError(
      `Expected keys and values of all positions that the layers with a window see but they have forgotten some, and ` +
        `after a shift these cannot be computed again: trim to 0 tokens, or by less`,
    );
  }

  #expectUse(): void {
    if (this.#disposed) throw new TypeError("Expected a sequence in use but it has been disposed");
  }
}
