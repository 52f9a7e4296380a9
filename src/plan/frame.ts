/**
 * The frame: everything that changes from step to step, as the one array of 32-bit words that C takes (struct
 * arp_frame). The array is made once and filled again for each step; nothing is allocated then.
 */

import { FrameHeader } from "../native/abi.ts";
import { expectCount } from "./checks.ts";

/** What one step computes. */
export interface Step {
  /** The token ids. Those of one sequence are in the order of their positions. */
  readonly tokens: ArrayLike<number>;
  /** Per token, its position in its sequence. */
  readonly positions: ArrayLike<number>;
  /** Per token, its sequence: a place in `blockTables`. */
  readonly sequences: ArrayLike<number>;
  /** Which tokens' logits are wanted: places in `tokens`. */
  readonly outputs: ArrayLike<number>;
  /** Per sequence the numbers of its cache blocks: that of position p is entry floor(p / 64). */
  readonly blockTables: readonly ArrayLike<number>[];
}

/** The most a frame can hold. */
export interface FrameLimits {
  readonly tokensMax: number;
  readonly outputsMax: number;
  /** Sequences in one step. */
  readonly sequencesMax: number;
  /** Cache blocks of one sequence. */
  readonly tableBlocksMax: number;
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
  const { tokensMax, outputsMax, sequencesMax, tableBlocksMax } = limits;
  expectCount("tokensMax", tokensMax, { max: 2 ** 16 });
  expectCount("outputsMax", outputsMax, { max: 2 ** 16 });
  expectCount("sequencesMax", sequencesMax, { max: 2 ** 16 });
  expectCount("tableBlocksMax", tableBlocksMax, { max: 2 ** 26 });
  const words = HEADER_WORDS + 3 * tokensMax + outputsMax + sequencesMax * tableBlocksMax;
  return { limits, words: new Uint32Array(words) };
}

/**
 * Writes a step into the frame. Block tables are padded with 0 to the length of the longest: no position reaches the
 * padding. That ids, positions and block numbers are in range is checked where they are used, in C.
 *
 * @returns How many words of the frame the step takes.
 * @throws {RangeError} When the step is beyond the limits or its parts do not fit together.
 */
export function encodeFrame(frame: Frame, step: Step): number {
  const { words, limits } = frame;
  const { tokens, positions, sequences, outputs, blockTables } = step;
  if (tokens.length === 0) throw new RangeError("Expected at least one token but found none");
  expectAtMost("tokens", tokens.length, limits.tokensMax);
  expectLength("positions", positions.length, tokens.length);
  expectLength("sequences", sequences.length, tokens.length);
  expectAtMost("outputs", outputs.length, limits.outputsMax);
  expectAtMost("block tables", blockTables.length, limits.sequencesMax);
  let tableBlocks = 0;
  for (let i = 0; i < blockTables.length; i++) tableBlocks = Math.max(tableBlocks, blockTables[i].length);
  expectAtMost("blocks in a table", tableBlocks, limits.tableBlocksMax);
  words[FrameHeader.tokens / 4] = tokens.length;
  words[FrameHeader.outputs / 4] = outputs.length;
  words[FrameHeader.sequences / 4] = blockTables.length;
  words[FrameHeader.tableBlocks / 4] = tableBlocks;
  const { length } = tokens;
  words.set(tokens, HEADER_WORDS);
  words.set(positions, HEADER_WORDS + length);
  words.set(sequences, HEADER_WORDS + 2 * length);
  words.set(outputs, HEADER_WORDS + 3 * length);
  let end = HEADER_WORDS + 3 * length + outputs.length;
  for (let i = 0; i < blockTables.length; i++, end += tableBlocks) {
    words.set(blockTables[i], end);
    words.fill(0, end + blockTables[i].length, end + tableBlocks);
  }
  return end;
}

function expectLength(what: string, found: number, tokens: number): void {
  if (found !== tokens) throw new RangeError(`Expected ${what} of ${tokens} tokens but found ${found}`);
}

function expectAtMost(what: string, found: number, max: number): void {
  if (found > max) throw new RangeError(`Expected at most ${max} ${what} but found ${found}`);
}
