/**
 * A radix tree over tokens: which keys and values are in which blocks. Keys and values of a position follow from the
 * tokens up to it, so whoever begins with the same tokens can use the same blocks. An edge is the tokens of one block;
 * only leaves may have fewer than fill it. Which blocks have to go is decided in kv_cache.ts.
 */

import { Limit, NONE } from "../native/abi.ts";
import type { BlockPool } from "./block_pool.ts";

const SIZE = Limit.BLOCK_POSITIONS;

/** The tokens of a block behind those of its ancestors. */
export interface PrefixNode {
  readonly parent: PrefixNode | undefined;
  /** 1 to 64 of them. */
  readonly tokens: Int32Array;
  /** Per group the block with their keys and values, or `NONE`. */
  readonly blocks: number[];
  /** By their first token. */
  readonly children: Map<number, PrefixNode[]>;
  /** How many sequences begin with the tokens up to the end of this node and hold on to it. */
  users: number;
}

/** What {@linkcode PrefixTree.match} found. */
export interface PrefixMatch {
  /** The nodes whose tokens match completely, from the root on; the root itself is not among them. */
  readonly path: PrefixNode[];
  /** The node behind them of which some tokens match, and how many. */
  readonly partial: { readonly node: PrefixNode; readonly length: number } | undefined;
}

/** The tree. */
export class PrefixTree {
  readonly #pools: readonly BlockPool<PrefixNode>[];
  readonly root: PrefixNode;

  constructor(pools: readonly BlockPool<PrefixNode>[]) {
    this.#pools = pools;
    this.root = { parent: undefined, tokens: new Int32Array(), blocks: [], children: new Map(), users: 1 };
  }

  /** The longest prefix of `tokens` that the tree has. */
  match(tokens: Int32Array): PrefixMatch {
    const path: PrefixNode[] = [];
    for (let parent = this.root, at = 0;;) {
      let [best, length] = [undefined as PrefixNode | undefined, 0];
      for (const child of parent.children.get(tokens[at]) ?? []) {
        const common = commonLength(child.tokens, tokens, at);
        if (common > length) [best, length] = [child, common];
      }
      if (best === undefined) return { path, partial: undefined };
      if (length < SIZE) return { path, partial: { node: best, length } };
      path.push(best);
      parent = best;
      at += SIZE;
    }
  }

  /**
   * The node for tokens behind a node: the one there is, which takes over blocks of groups that it has none of, or a
   * new one. The tree then holds the blocks too.
   */
  insert(parent: PrefixNode, tokens: Int32Array, blocks: readonly number[]): PrefixNode {
    const siblings = parent.children.get(tokens[0]) ?? [];
    const covering = siblings.find((node) => commonLength(node.tokens, tokens, 0) === tokens.length);
    // A longer node may stand for a shorter one, but only the one of the same length has blocks for the same tokens.
    const same = covering?.tokens.length === tokens.length ? covering : undefined;
    if (covering !== undefined && same === undefined) return covering;
    // Leaves that the new node begins with are of no use any more. They may have the same block: it stays the caller's.
    for (const sibling of same === undefined ? [...siblings] : []) {
      if (commonLength(sibling.tokens, tokens, 0) === sibling.tokens.length) this.remove(sibling);
    }
    const node = same ??
      { parent, tokens: tokens.slice(), blocks: blocks.map(() => NONE), children: new Map(), users: 0 };
    for (const [group, block] of blocks.entries()) {
      if (block === NONE || node.blocks[group] !== NONE) continue;
      node.blocks[group] = block;
      this.#pools[group].keep(block, node);
    }
    if (same !== undefined) return same;
    const kept = parent.children.get(tokens[0]);
    if (kept === undefined) parent.children.set(tokens[0], [node]);
    else kept.push(node);
    return node;
  }

  /** Takes a node that nobody uses, and everything behind it, out of the tree. */
  remove(node: PrefixNode): void {
    const { parent, tokens } = node;
    if (parent === undefined) return;
    const siblings = parent.children.get(tokens[0])!;
    siblings.splice(siblings.indexOf(node), 1);
    if (siblings.length === 0) parent.children.delete(tokens[0]);
    const removed = [node];
    for (const one of removed) {
      for (const children of one.children.values()) removed.push(...children);
      for (const group of one.blocks.keys()) this.forgetBlock(one, group);
    }
    this.prune(parent);
  }

  /** Gives up the block that a node has in one group. */
  forgetBlock(node: PrefixNode, group: number): void {
    const block = node.blocks[group];
    if (block === NONE) return;
    node.blocks[group] = NONE;
    this.#pools[group].forget(block);
  }

  /** Removes a node that leads nowhere: nobody uses it, nothing is behind it, and it has no blocks. */
  prune(node: PrefixNode): void {
    const { users, children, blocks } = node;
    if (users === 0 && children.size === 0 && blocks.every((block) => block === NONE)) this.remove(node);
  }

  /** Every node but the root. */
  *nodes(): Generator<PrefixNode, void> {
    const open = [this.root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node !== this.root) yield node;
      for (const children of node.children.values()) open.push(...children);
    }
  }
}

/** How many tokens of `edge` are those of `tokens` from `at` on. */
function commonLength(edge: Int32Array, tokens: Int32Array, at: number): number {
  const most = Math.min(edge.length, tokens.length - at);
  for (let i = 0; i < most; i++) if (edge[i] !== tokens[at + i]) return i;
  return most;
}
