/**
 * The key/value cache: which sequence has which blocks, and what of it others can use again. Blocks that no sequence
 * needs any more stay until somebody else needs the memory: the prefix tree finds them by their tokens. The memory
 * itself, and what is in it, is behind {@linkcode BlockMemory}.
 */

import { ArpeggioError } from "../errors.ts";
import { Limit } from "../native/abi.ts";
import { BlockPool } from "./block_pool.ts";
import { KvSequence } from "./kv_sequence.ts";
import { type PrefixNode, PrefixTree } from "./prefix_tree.ts";

/** Layers that need the keys and values of the same positions, so that they share block tables. */
export interface KvGroup {
  /** How many blocks there are, of `Limit.BLOCK_POSITIONS` positions each. */
  readonly blocks: number;
  /** How many positions a token sees, its own among them; 0: all. */
  readonly window: number;
}

/** What can be done with the contents of blocks. */
export interface BlockMemory {
  /** Copies a block to another of its group. */
  copyBlock(group: number, from: number, to: number): void;
  /** Turns the keys of blocks as if they were `delta` positions later (earlier, when negative). */
  rotateBlocks(group: number, blocks: readonly number[], delta: number): void;
  /** Overwrites the positions of a block from this one on, of 64. */
  clearBlock(group: number, block: number, position: number): void;
  /** The size of a block. */
  blockBytes(group: number): number;
  /** Copies a block out. */
  readBlock(group: number, block: number, into: Uint8Array): void;
  /** Copies a block in, as it came out. */
  writeBlock(group: number, block: number, from: Uint8Array): void;
}

/** How many tokens the cache has room for, and how many are in it. */
export interface CacheUsage {
  /** Tokens that sequences have: prompts and answers in progress, and sequences that are held. */
  readonly usedTokens: number;
  /** Tokens that nobody has now and that stay for prompts which begin with them; they make room when others need it. */
  readonly cachedTokens: number;
  /** All there is room for. */
  readonly totalTokens: number;
}

/** A cache. */
export class KvCache {
  readonly groups: readonly KvGroup[];
  readonly memory: BlockMemory;
  /** Per group. */
  readonly pools: readonly BlockPool<PrefixNode>[];
  readonly tree: PrefixTree;
  /** The sequences that hold blocks, the least recently used first. */
  readonly attached: Set<KvSequence> = new Set();

  /** All blocks are free at first. */
  constructor(groups: readonly KvGroup[], memory: BlockMemory) {
    this.groups = groups;
    this.memory = memory;
    this.pools = groups.map(({ blocks }) => new BlockPool<PrefixNode>(blocks));
    this.tree = new PrefixTree(this.pools);
  }

  /** A new sequence of these tokens, none of which has been computed. */
  createSequence(tokens?: Int32Array): KvSequence {
    return new KvSequence(this, tokens);
  }

  /** Tokens in the group that has room for the fewest. */
  get usage(): CacheUsage {
    const pool = this.pools.reduce((least, one) => one.blocks < least.blocks ? one : least);
    const tokens = (blocks: number) => blocks * Limit.BLOCK_POSITIONS;
    const { blocks, freeBlocks, idleBlocks } = pool;
    return {
      usedTokens: tokens(blocks - freeBlocks - idleBlocks),
      cachedTokens: tokens(idleBlocks),
      totalTokens: tokens(blocks),
    };
  }

  /** How many blocks of a group can be had without taking any from a sequence. */
  available(group: number): number {
    const { freeBlocks, idleBlocks } = this.pools[group];
    return freeBlocks + idleBlocks;
  }

  /** A block of a group that nobody else has; what was used least recently makes room. `undefined`: there is none. */
  take(group: number): number | undefined {
    for (;;) {
      const block = this.pools[group].take();
      if (block !== undefined || !this.#makeRoom(group)) return block;
    }
  }

  /** Forgets all that no sequence needs. */
  clear(): void {
    for (const group of this.groups.keys()) while (this.#makeRoom(group));
  }

  /** @throws {ArpeggioError} When so many blocks would not even fit into the empty cache. */
  expectRoomFor(positions: number): void {
    for (const { blocks, window } of this.groups) {
      const most = blocks * Limit.BLOCK_POSITIONS;
      const wanted = window === 0 ? positions : Math.min(positions, window + 1);
      if (wanted <= most) continue;
      throw new ArpeggioError(
        `Expected room for ${wanted} tokens in the key/value cache but it has room for ${most}: load the model with ` +
          `a larger cacheTokens or cacheBytes`,
      );
    }
  }

  #makeRoom(group: number): boolean {
    const node = this.pools[group].leastRecentlyUsed;
    if (node === undefined) return false;
    if (this.groups[group].window === 0) {
      // Sequences hold all blocks from the first on and let go of the last first: nothing behind this one is in use.
      this.tree.remove(node);
    } else {
      this.tree.forgetBlock(node, group);
      this.tree.prune(node);
    }
    return true;
  }
}
