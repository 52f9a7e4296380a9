/** How large the key/value cache is: from a number of tokens or bytes to blocks per group of layers. */

import { Limit } from "./native/abi.ts";

/** What the size of a cache follows from. */
export interface CacheSizeOptions {
  /** How many tokens all sequences together can have. */
  readonly cacheTokens: number;
  /** The most bytes it may take; then the tokens are as many as fit. */
  readonly cacheBytes: number | undefined;
  /** Per group, how many positions a token sees; 0: all. */
  readonly windows: readonly number[];
  /** Per group, the bytes of a block. */
  readonly blockBytes: readonly number[];
  readonly contextLength: number;
  /** The most tokens of a step. */
  readonly tokensMax: number;
}

const SIZE = Limit.BLOCK_POSITIONS;

/** The most blocks of a group: C takes no more, and 2^30 tokens are enough. */
const BLOCKS_MAX = 2 ** 24;

/**
 * The blocks of each group. A group with a window has as many as two windows and a step take for every context that the
 * cache has room for: one for what its sequences see, one for what others may find and begin with.
 *
 * @throws {RangeError} When the bytes are too few for one block.
 */
export function cacheBlocks(options: CacheSizeOptions): number[] {
  const { cacheTokens, cacheBytes } = options;
  if (cacheBytes === undefined) return blocksFor(Math.ceil(cacheTokens / SIZE), options);
  const bytes = (blocks: number) =>
    blocksFor(blocks, options).reduce((sum, count, group) => sum + count * options.blockBytes[group], 0);
  if (bytes(1) > cacheBytes) {
    throw new RangeError(`Expected cacheBytes of at least ${bytes(1)} (${SIZE} tokens) but found ${cacheBytes}`);
  }
  let [fits, exceeds] = [1, BLOCKS_MAX + 1];
  while (exceeds - fits > 1) {
    const middle = Math.floor((fits + exceeds) / 2);
    if (bytes(middle) <= cacheBytes) fits = middle;
    else exceeds = middle;
  }
  return blocksFor(fits, options);
}

function blocksFor(blocks: number, { windows, contextLength, tokensMax }: CacheSizeOptions): number[] {
  const contexts = Math.max(1, (blocks * SIZE) / contextLength);
  return windows.map((window) => {
    if (window === 0) return blocks;
    const each = Math.ceil((2 * window + tokensMax) / SIZE) + 2;
    return Math.min(blocks, Math.ceil(contexts * each));
  });
}
