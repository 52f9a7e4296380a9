/** What happens when a context is full: tokens in the middle can make room for new ones. */

import type { ShiftedBlocks } from "./cache/block_tables.ts";
import type { KvSequence } from "./cache/kv_sequence.ts";
import { Limit } from "./native/abi.ts";
import { runSliced } from "./time_slice.ts";

/** What a generation does when the context is full. */
export type ContextOverflow = "stop" | "shift" | "error";

/** How a context overflows. */
export interface OverflowOptions {
  /**
   * What to do when the context is full. `"stop"`: end the text, with the `stopReason` `"contextFull"`. `"shift"`:
   * forget half of the oldest tokens and go on: prompts may be longer than the context then, too, and lose what follows
   * their beginning. What is left was computed when the forgotten was still there, so it is not what the shorter text
   * alone would give. `"error"`: fail with a `ContextOverflowError`. Default: `"stop"`.
   */
  readonly contextOverflow?: ContextOverflow | undefined;
  /**
   * How many tokens at the beginning a shift does not forget, rounded up to a multiple of 64: a system message, for
   * example. Default: 4 (that is, 64), without which models lose their way (https://arxiv.org/abs/2309.17453), but 0
   * where the context is shorter than 128.
   */
  readonly keepFirst?: number | undefined;
}

const SIZE = Limit.BLOCK_POSITIONS;

/** The tokens that attention falls back on are the first four. */
const SINK_TOKENS = 4;

/** The blocks that shifts keep. */
function keptBlocks(contextLength: number, { keepFirst }: OverflowOptions): number {
  return Math.ceil((keepFirst ?? (contextLength < 2 * SIZE ? 0 : SINK_TOKENS)) / SIZE);
}

/** @throws {RangeError} When nothing could be forgotten in a context of this length. */
export function expectShiftable(contextLength: number, options: OverflowOptions): void {
  const keep = keptBlocks(contextLength, options);
  if (options.contextOverflow !== "shift" || (keep + 1) * SIZE <= contextLength) return;
  throw new RangeError(
    `Expected a contextLength of at least ${(keep + 1) * SIZE} for contextOverflow "shift" with ${
      keep * SIZE
    } tokens ` +
      `kept but found ${contextLength}: shifts forget multiples of ${SIZE} tokens`,
  );
}

/**
 * Makes room in a sequence with more tokens than the context has.
 *
 * @returns How many tokens were forgotten: half of what is not kept, or as many as are too many.
 */
export async function shiftContext(
  sequence: KvSequence,
  { contextLength, overflow }: { contextLength: number; overflow: OverflowOptions },
): Promise<number> {
  const { length } = sequence.tokens;
  if (length <= contextLength) return 0;
  const keep = keptBlocks(contextLength, overflow);
  const half = Math.floor((Math.floor(contextLength / SIZE) - keep) / 2);
  const excess = Math.ceil((length - contextLength) / SIZE);
  const blocks: ShiftedBlocks = { keep, count: Math.max(1, half, excess) };
  // To its end: half a shift is worth nothing.
  await runSliced(sequence.shift(blocks));
  return blocks.count * SIZE;
}
