/**
 * The blocks that one sequence holds: a table per group, and the nodes of the prefix tree on its way. Full blocks
 * belong to the tree too, and nobody writes to them again. A block that is not full has one owner, or after a fork
 * several: whoever writes to it first takes a copy.
 */

import { ArpeggioError } from "../errors.ts";
import { Limit, NONE } from "../native/abi.ts";
import type { KvCache } from "./kv_cache.ts";
import type { PrefixMatch, PrefixNode } from "./prefix_tree.ts";
import type { TokenList } from "./token_list.ts";
import { firstKept, firstSeen, type UsableLength } from "./window.ts";

const SIZE = Limit.BLOCK_POSITIONS;

/** A block that a shift has moved: to be copied from `from` to `to`, when they differ, and to be rotated. */
export interface MovedBlock {
  readonly group: number;
  readonly from: number;
  readonly to: number;
}

/** What a shift removes: `count` blocks behind the first `keep`. */
export interface ShiftedBlocks {
  readonly keep: number;
  readonly count: number;
}

/** Block tables. */
export class BlockTables {
  /** Per group, per 64 positions, the block or `NONE`. */
  readonly tables: readonly number[][];
  readonly #cache: KvCache;
  /** The nodes of the first full blocks: all of them, unless what follows is the sequence's own. */
  readonly #path: PrefixNode[] = [];
  /** Per group, below which place {@linkcode slide} has looked already. */
  readonly #slid: number[];

  constructor(cache: KvCache) {
    this.#cache = cache;
    this.tables = cache.groups.map(() => []);
    this.#slid = cache.groups.map(() => 0);
  }

  /** How many positions from the start are in nodes of the tree. */
  get shared(): number {
    return this.#path.length * SIZE;
  }

  /** Takes what a match found. Returns for how many positions. Only for empty tables. */
  adopt({ path, partial }: PrefixMatch, { whole, withPartial }: UsableLength): number {
    const usesPartial = partial !== undefined && withPartial > whole;
    // Without room for a copy of the partial block it is whole blocks; then a window begins a little earlier.
    const seen = this.#cache.groups.map(({ window }) => firstSeen(whole > 0 ? whole : withPartial, window));
    for (const [i, node] of (usesPartial ? path : path.slice(0, whole / SIZE)).entries()) {
      for (const [group, known] of node.blocks.entries()) {
        const block = i < seen[group] ? NONE : known;
        this.tables[group].push(block);
        if (block !== NONE) this.#cache.pools[group].retain(block);
      }
      node.users++;
      this.#path.push(node);
    }
    if (!usesPartial || this.#copyPartial(partial.node)) return Math.max(whole, withPartial);
    this.releaseFrom(whole);
    return whole;
  }

  /** Whether positions from `length` up to `positions` can be written as it is. */
  isWritable({ length, positions }: { length: number; positions: number }): boolean {
    for (let group = 0; group < this.tables.length; group++) {
      if (this.missing(group, { length, positions }) > 0) return false;
    }
    return true;
  }

  /** How many blocks of a group have to be taken before positions from `length` up to `positions` can be written. */
  missing(group: number, { length, positions }: { length: number; positions: number }): number {
    if (positions <= length) return 0;
    const copies = this.#isTailShared(group, length) ? 1 : 0;
    return Math.max(0, Math.ceil(positions / SIZE) - this.tables[group].length) + copies;
  }

  /** Takes them. The caller knows that they can be had. */
  extend({ length, positions }: { length: number; positions: number }): void {
    for (const [group, table] of this.tables.entries()) {
      if (positions > length && this.#isTailShared(group, length)) {
        const tail = Math.floor(length / SIZE);
        const own = this.#take(group);
        this.#cache.memory.copyBlock(group, table[tail], own);
        this.#cache.pools[group].release(table[tail]);
        table[tail] = own;
      }
      while (table.length * SIZE < positions) table.push(this.#take(group));
    }
  }

  /** Leaves positions without blocks, which no window reaches any more: those of a sequence that is restored. */
  skip(length: number): void {
    for (const [group, table] of this.tables.entries()) {
      const { window } = this.#cache.groups[group];
      while (table.length < firstKept(length, window)) table.push(NONE);
    }
  }

  /** Gives the full blocks up to position `length` to the tree; where it has the same already, uses those. */
  publish(tokens: TokenList, length: number): void {
    for (let begin = this.shared; begin + SIZE <= length; begin += SIZE) {
      const blocks = this.tables.map((table) => table[begin / SIZE]);
      const node = this.#cache.tree.insert(this.#deepest, tokens.view(begin, begin + SIZE), blocks);
      node.users++;
      this.#path.push(node);
      for (const [group, block] of blocks.entries()) {
        const known = node.blocks[group];
        if (block === NONE || block === known) continue;
        this.#cache.pools[group].retain(known);
        this.#cache.pools[group].release(block);
        this.tables[group][begin / SIZE] = known;
      }
    }
  }

  /** Gives the last block, which is not full, to the tree. Nobody may write to it any more. */
  publishTail(tokens: TokenList, length: number): void {
    if (length <= this.shared || length - this.shared >= SIZE) return;
    const blocks = this.tables.map((table) => table[this.shared / SIZE]);
    this.#cache.tree.insert(this.#deepest, tokens.view(this.shared, length), blocks);
  }

  /** Lets go of blocks that no window reaches any more at this length. */
  slide(length: number): void {
    for (let group = 0; group < this.tables.length; group++) {
      const table = this.tables[group];
      const kept = firstKept(length, this.#cache.groups[group].window);
      for (let i = this.#slid[group]; i < kept; i++) {
        if (table[i] !== NONE) this.#cache.pools[group].release(table[i]);
        table[i] = NONE;
      }
      this.#slid[group] = Math.max(this.#slid[group], kept);
    }
  }

  /** Lets go of all blocks and nodes behind the first `length` positions, the last first. */
  releaseFrom(length: number): void {
    const blocks = Math.ceil(length / SIZE);
    for (const [group, table] of this.tables.entries()) {
      while (table.length > blocks) {
        const block = table.pop()!;
        if (block !== NONE) this.#cache.pools[group].release(block);
      }
      this.#slid[group] = Math.min(this.#slid[group], blocks);
    }
    this.leavePath(Math.floor(length / SIZE), { remove: false });
  }

  /** Lets go of the nodes from this place on; with `remove` they leave the tree, unless others use them. */
  leavePath(from: number, { remove }: { remove: boolean }): void {
    while (this.#path.length > from) {
      const node = this.#path.pop()!;
      node.users--;
      if (remove && node.users === 0) this.#cache.tree.remove(node);
      else this.#cache.tree.prune(node);
    }
  }

  /** Holds what another sequence has for its first `length` positions. Only for empty tables. */
  copyFrom(other: BlockTables, length: number): void {
    for (const [group, all] of other.tables.entries()) {
      const table = all.slice(0, Math.ceil(length / SIZE));
      this.tables[group].push(...table);
      for (const block of table) if (block !== NONE) this.#cache.pools[group].retain(block);
    }
    for (const node of other.#path) node.users++;
    this.#path.push(...other.#path);
  }

  /**
   * Removes blocks and moves those behind them to the front.
   *
   * @throws {ArpeggioError} When others have the same blocks and there is no room for copies. Nothing has moved then.
   */
  move({ keep, count }: ShiftedBlocks): MovedBlock[] {
    const { pools } = this.#cache;
    this.leavePath(keep, { remove: true });
    for (const [group, table] of this.tables.entries()) {
      const copies = table.filter((block, i) =>
        i >= keep + count && block !== NONE && pools[group].references(block) > 1
      );
      const available = this.#cache.available(group);
      if (copies.length <= available) continue;
      throw new ArpeggioError(
        `Expected ${copies.length} free blocks of the key/value cache, to shift a sequence whose forks keep theirs, ` +
          `but ${available} of ${
            pools[group].blocks
          } are free: dispose forks, or load the model with a larger cacheTokens`,
      );
    }
    const moved: MovedBlock[] = [];
    for (const [group, table] of this.tables.entries()) {
      this.#slid[group] = 0;
      for (const block of table.splice(keep, count)) if (block !== NONE) pools[group].release(block);
      for (let i = keep; i < table.length; i++) {
        const from = table[i];
        if (from === NONE) continue;
        if (pools[group].references(from) > 1) table[i] = this.#take(group);
        moved.push({ group, from, to: table[i] });
      }
    }
    return moved;
  }

  get #deepest(): PrefixNode {
    return this.#path.at(-1) ?? this.#cache.tree.root;
  }

  #isTailShared(group: number, length: number): boolean {
    return length % SIZE !== 0 &&
      this.#cache.pools[group].references(this.tables[group][Math.floor(length / SIZE)]) > 1;
  }

  #take(group: number): number {
    const block = this.#cache.take(group);
    if (block === undefined) {
      throw new Error(`Expected a free block in group ${group}: the count of free blocks is wrong`);
    }
    return block;
  }

  /** Copies the blocks of a node behind the tables, if there is room. */
  #copyPartial(node: PrefixNode): boolean {
    const { pools, memory } = this.#cache;
    // Held meanwhile, so that making room does not take them.
    for (const [group, block] of node.blocks.entries()) pools[group].retain(block);
    const isPossible = pools.every((_, group) => this.#cache.available(group) > 0);
    for (const [group, block] of node.blocks.entries()) {
      if (isPossible) {
        const own = this.#take(group);
        memory.copyBlock(group, block, own);
        this.tables[group].push(own);
      }
      pools[group].release(block);
    }
    return isPossible;
  }
}
