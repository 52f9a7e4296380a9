/**
 * The frame: everything that changes from step to step, as the one array of 32-bit words that C takes (struct
 * arp_frame). The array is made once and filled again for each step; nothing is allocated then.
 */

import { FrameHeader, Limit, NONE } from "../native/abi.ts";
import { expectCount } from "./checks.ts";

/** What one step computes. */
export interface Step {
  /** The token ids. Those of one sequence are in the order of their positions. */
  readonly tokens: ArrayLike<number>;
  /** Per token, its position in its sequence. */
  readonly positions: ArrayLike<number>;
  /** Per token, its sequence: a place in the block tables. */
  readonly sequences: ArrayLike<number>;
  /** Which tokens' logits are wanted: places in `tokens`. */
  readonly outputs: ArrayLike<number>;
  /**
   * Per group of the cache and sequence the numbers of its blocks: that of position p is entry floor(p / 64), `NONE`
   * where no token of the step writes or sees a position. Empty for a plan without a cache.
   */
  readonly blockTables: readonly (readonly ArrayLike<number>[])[];
  /**
   * Per sequence how many positions from 0 on see each other in both directions. All of them that no earlier step has
   * computed, or that see such ones, belong in this step. Default: none.
   */
  readonly prefixes?: ArrayLike<number> | undefined;
  /**
   * Which positions tokens see, instead of those up to their own: a bit per position, the lowest of the first word
   * first. What the window of a group does not hold stays unseen. (tokens, words) Default: none.
   */
  readonly masks?: { readonly words: Uint32Array; readonly wordsPerToken: number } | undefined;
}

/** The most a frame can hold. */
export interface FrameLimits {
  readonly tokensMax: number;
  readonly outputsMax: number;
  /** Sequences in one step. */
  readonly sequencesMax: number;
  /** Cache blocks of one sequence in one group. */
  readonly tableBlocksMax: number;
  /** Groups of the cache. */
  readonly groups: number;
  /** Words of the mask of one token. Default: 0, no masks. */
  readonly maskWordsMax?: number;
}

/** Memory for one step at a time. */
export interface Frame {
  readonly limits: FrameLimits;
  /** What C reads. Only the first words are in use: as many as {@linkcode encodeFrame} says. */
  readonly words: Uint32Array;
}

const HEADER_WORDS = FrameHeader.size / 4;

/** Makes a frame for steps within the limits. */
export function createFrame(limits: FrameLimits): Frame {
  const { tokensMax, outputsMax, sequencesMax, tableBlocksMax, groups, maskWordsMax = 0 } = limits;
  expectCount("tokensMax", tokensMax, { max: 2 ** 16 });
  expectCount("outputsMax", outputsMax, { max: 2 ** 16 });
  expectCount("sequencesMax", sequencesMax, { max: 2 ** 16 });
  expectCount("tableBlocksMax", tableBlocksMax, { max: 2 ** 26 });
  if (groups !== 0) expectCount("groups", groups, { max: Limit.CACHE_GROUPS });
  const tables = sequencesMax * (groups * tableBlocksMax + 1);
  return { limits, words: new Uint32Array(HEADER_WORDS + (3 + maskWordsMax) * tokensMax + outputsMax + tables) };
}

/**
 * Writes a step into the frame. Block tables are padded with `NONE` to the length of the longest. That ids, positions
 * and block numbers are in range is checked where they are used, in C.
 *
 * @returns How many words of the frame the step takes.
 * @throws {RangeError} When the step is beyond the limits or its parts do not fit together.
 */
export function encodeFrame(frame: Frame, step: Step): number {
  const { words } = frame;
  const { tokens, positions, sequences, outputs, blockTables, prefixes, masks } = step;
  const { sequencesCount, tableBlocks } = checkStep(step, frame.limits);
  const { length } = tokens;
  words[FrameHeader.tokens / 4] = length;
  words[FrameHeader.outputs / 4] = outputs.length;
  words[FrameHeader.sequences / 4] = sequencesCount;
  words[FrameHeader.tableBlocks / 4] = tableBlocks;
  words[FrameHeader.prefixes / 4] = prefixes === undefined ? 0 : 1;
  words[FrameHeader.maskWords / 4] = masks === undefined ? 0 : masks.wordsPerToken;
  words.set(tokens, HEADER_WORDS);
  words.set(positions, HEADER_WORDS + length);
  words.set(sequences, HEADER_WORDS + 2 * length);
  words.set(outputs, HEADER_WORDS + 3 * length);
  let end = HEADER_WORDS + 3 * length + outputs.length;
  for (let group = 0; group < blockTables.length; group++) {
    for (let i = 0; i < sequencesCount; i++, end += tableBlocks) {
      const table = blockTables[group][i];
      words.set(table, end);
      words.fill(NONE, end + table.length, end + tableBlocks);
    }
  }
  if (prefixes !== undefined) words.set(prefixes, end);
  end += prefixes?.length ?? 0;
  if (masks !== undefined) words.set(masks.words, end);
  return end + (masks?.words.length ?? 0);
}

/** Whether the parts of a step fit together and into the frame. */
function checkStep(step: Step, limits: FrameLimits): { sequencesCount: number; tableBlocks: number } {
  const { tokens: { length }, positions, sequences, outputs, blockTables, prefixes, masks } = step;
  if (length === 0) throw new RangeError("Expected at least one token but found none");
  if (length > limits.tokensMax) throw tooMany("tokens", length, limits.tokensMax);
  if (positions.length !== length) throw wrongLength("positions", positions.length, `${length} tokens`);
  if (sequences.length !== length) throw wrongLength("sequences", sequences.length, `${length} tokens`);
  if (outputs.length > limits.outputsMax) throw tooMany("outputs", outputs.length, limits.outputsMax);
  if (blockTables.length !== limits.groups) {
    throw wrongLength("block tables", blockTables.length, `${limits.groups} groups`);
  }
  let sequencesCount = blockTables.length === 0 ? 1 : blockTables[0].length;
  if (blockTables.length === 0) {
    for (let i = 0; i < length; i++) sequencesCount = Math.max(sequencesCount, sequences[i] + 1);
  }
  if (sequencesCount > limits.sequencesMax) throw tooMany("sequences", sequencesCount, limits.sequencesMax);
  let tableBlocks = 0;
  for (const tables of blockTables) {
    if (tables.length !== sequencesCount) {
      throw wrongLength("block tables", tables.length, `${sequencesCount} sequences`);
    }
    for (const table of tables) tableBlocks = Math.max(tableBlocks, table.length);
  }
  if (tableBlocks > limits.tableBlocksMax) throw tooMany("blocks in a table", tableBlocks, limits.tableBlocksMax);
  if (prefixes !== undefined && prefixes.length !== sequencesCount) {
    throw wrongLength("prefixes", prefixes.length, `${sequencesCount} sequences`);
  }
  if (masks !== undefined) {
    const { words, wordsPerToken } = masks;
    const { maskWordsMax = 0 } = limits;
    if (wordsPerToken > maskWordsMax) throw tooMany("words in a mask", wordsPerToken, maskWordsMax);
    if (words.length !== length * wordsPerToken) {
      throw wrongLength("masks", words.length, `${length} tokens with ${wordsPerToken} words`);
    }
  }
  return { sequencesCount, tableBlocks };
}

function wrongLength(what: string, found: number, of: string): RangeError {
  return new RangeError(`Expected ${what} of ${of} but found ${found}`);
}

function tooMany(what: string, found: number, max: number): RangeError {
  return new RangeError(`Expected at most ${max} ${what} but found ${found}`);
}
