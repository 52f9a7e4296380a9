/** Layers with a window: which blocks the next token sees, and so how much of a known prefix can be used. */

import { Limit, NONE } from "../native/abi.ts";
import type { PrefixMatch } from "./prefix_tree.ts";

const SIZE = Limit.BLOCK_POSITIONS;

/** The first block that a token at position `length` sees through a window (0: all). */
export function firstSeen(length: number, window: number): number {
  return window === 0 ? 0 : Math.floor(Math.max(0, length - window + 1) / SIZE);
}

/** The first block to be kept at this length: what the next token sees, and what the last one saw. */
export function firstKept(length: number, window: number): number {
  return window === 0 ? 0 : firstSeen(Math.max(0, length - 1), window);
}

/** How much of a match can be used. */
export interface UsableLength {
  /** Tokens in whole blocks. */
  readonly whole: number;
  /** Tokens with those of the partial block, which has to be copied; 0 when that cannot be used. */
  readonly withPartial: number;
}

/** The most tokens of a match behind which the next token finds all that it sees through the windows of the groups. */
export function usableLength({ path, partial }: PrefixMatch, windows: readonly number[]): UsableLength {
  // Per group, how many blocks in a row there are up to here.
  const runs = windows.map(() => 0);
  let whole = 0;
  const sees = (blocks: readonly number[], { depth, length }: { depth: number; length: number }): boolean => {
    let complete = true;
    for (const [group, window] of windows.entries()) {
      runs[group] = blocks[group] === NONE ? 0 : runs[group] + 1;
      if (depth - runs[group] > firstSeen(length, window)) complete = false;
    }
    return complete;
  };
  for (const [i, node] of path.entries()) {
    const length = (i + 1) * SIZE;
    if (sees(node.blocks, { depth: i + 1, length })) whole = length;
  }
  if (partial === undefined) return { whole, withPartial: 0 };
  const length = path.length * SIZE + partial.length;
  const usable = sees(partial.node.blocks, { depth: path.length + 1, length });
  return { whole, withPartial: usable ? length : 0 };
}
