/**
 * The forward pass of one model: tokens are appended to a sequence in steps of the plan, one step at a time, whoever
 * asks. What the tokens are is left to generate.ts.
 */

import type { KvSequence } from "./cache/kv_cache.ts";
import { shareEventLoop } from "./event_loop.ts";
import { FairLock } from "./fair_lock.ts";
import { Limit } from "./native/abi.ts";
import type { NativePlan } from "./native/plan.ts";
import { createFrame, encodeFrame, type Frame } from "./plan/frame.ts";
import type { Plan } from "./plan/plan.ts";

/** What a {@linkcode ForwardPass} executes. */
export interface ForwardPassOptions {
  readonly plan: Plan;
  readonly native: NativePlan;
  /** The number of the buffer with the logits (outputs, vocabulary). */
  readonly logits: number;
}

/** Which logits a call wants. */
export interface AppendOptions {
  /** Where the logits go: one row for the last token, or a row for each token. (1 or tokens, vocabulary) */
  readonly logits: Float32Array;
  /** Stops within the time of one instruction. */
  readonly signal?: AbortSignal | undefined;
}

/** Consecutive tokens of a sequence that are computed together. */
interface Chunk {
  readonly tokens: Int32Array;
  /** How many of the last tokens have logits. */
  readonly outputs: number;
  readonly logits: Float32Array;
}

/** A plan that several sequences use in turn. */
export class ForwardPass {
  /** Numbers per row of logits. */
  readonly vocabularySize: number;
  readonly #plan: Plan;
  readonly #native: NativePlan;
  readonly #logits: number;
  readonly #lock = new FairLock();
  readonly #frame: Frame;
  // Filled again for each step: nothing is allocated per token.
  readonly #positions: Uint32Array;
  readonly #sequences: Uint32Array;
  readonly #outputs: Uint32Array;

  constructor({ plan, native, logits }: ForwardPassOptions) {
    const { tokensMax, outputsMax, contextLength } = plan;
    this.vocabularySize = plan.buffers[logits].columns;
    this.#plan = plan;
    this.#native = native;
    this.#logits = logits;
    const tableBlocksMax = Math.ceil(contextLength / Limit.BLOCK_POSITIONS);
    this.#frame = createFrame({ tokensMax, outputsMax, sequencesMax: 1, tableBlocksMax, groups: 1 });
    this.#positions = new Uint32Array(tokensMax);
    this.#sequences = new Uint32Array(tokensMax); // All of sequence 0.
    this.#outputs = new Uint32Array(outputsMax);
  }

  /**
   * Computes tokens behind those that a sequence has, in as many steps as it takes. Between two steps others get their
   * turn. When it fails, the sequence is as long as the last complete step made it.
   *
   * @throws The signal's reason.
   */
  async append(sequence: KvSequence, tokens: Int32Array, options: AppendOptions): Promise<void> {
    const { logits, signal } = options;
    const rows = logits.length / this.vocabularySize;
    const all = rows === tokens.length;
    if (rows !== 1 && !all) {
      throw new RangeError(`Expected logits for 1 or ${tokens.length} tokens but found room for ${rows}`);
    }
    const size = all ? this.#plan.outputsMax : this.#plan.tokensMax;
    for (let begin = 0; begin < tokens.length; begin += size) {
      const chunk = tokens.subarray(begin, begin + size);
      const last = begin + size >= tokens.length;
      const from = all ? begin * this.vocabularySize : 0;
      const outputs = all ? chunk.length : last ? 1 : 0;
      const into = logits.subarray(from, from + outputs * this.vocabularySize);
      await this.#lock.hold(() => this.#step(sequence, { tokens: chunk, outputs, logits: into }, signal), { signal });
    }
  }

  /** Resolves when nothing is being executed any more. */
  async idle(): Promise<void> {
    await this.#lock.hold(() => Promise.resolve());
  }

  async #step(sequence: KvSequence, chunk: Chunk, signal: AbortSignal | undefined): Promise<void> {
    const { tokens, outputs, logits } = chunk;
    const blockingMs = this.#native.blockingMs(tokens.length);
    if (blockingMs > 0) await shareEventLoop(blockingMs);
    const first = sequence.length;
    sequence.reserve(first + tokens.length);
    for (let i = 0; i < tokens.length; i++) this.#positions[i] = first + i;
    for (let i = 0; i < outputs; i++) this.#outputs[i] = tokens.length - outputs + i;
    const words = encodeFrame(this.#frame, {
      tokens,
      positions: this.#positions.subarray(0, tokens.length),
      sequences: this.#sequences.subarray(0, tokens.length),
      outputs: this.#outputs.subarray(0, outputs),
      blockTables: [[sequence.blocks]],
    });
    await this.#native.step(this.#frame.words, { words, signal });
    sequence.length = first + tokens.length;
    this.#native.readRows({ buffer: this.#logits, row: 0, rows: outputs }, logits);
  }
}
