/**
 * The forward pass of one model: executes one step, of tokens of several sequences. Which tokens share a step is left
 * to scheduler.ts.
 */

import type { KvSequence } from "./cache/kv_sequence.ts";
import { shareEventLoop } from "./event_loop.ts";
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
  /** The most sequences in one step. */
  readonly sequencesMax: number;
}

/** What a step computes of one sequence: tokens behind those that have been computed. */
export interface StepPart {
  /** With blocks for the tokens. */
  readonly sequence: KvSequence;
  /** How many tokens. */
  readonly count: number;
  /** How many of the last of them have logits. */
  readonly outputs: number;
}

/** A plan, and memory for one step of it. */
export class ForwardPass {
  /** Numbers per row of logits. */
  readonly vocabularySize: number;
  /** The most tokens of a step. */
  readonly tokensMax: number;
  /** The most rows of logits of a step. */
  readonly outputsMax: number;
  /** The most sequences of a step. */
  readonly sequencesMax: number;
  readonly #native: NativePlan;
  readonly #logits: number;
  readonly #frame: Frame;
  // Filled again for each step: next to nothing is allocated per token.
  readonly #tokens: Uint32Array;
  readonly #positions: Uint32Array;
  readonly #sequences: Uint32Array;
  readonly #outputs: Uint32Array;
  readonly #blockTables: (readonly number[])[][];

  constructor({ plan, native, logits, sequencesMax }: ForwardPassOptions) {
    const { tokensMax, outputsMax, contextLength, cache = [] } = plan;
    this.vocabularySize = plan.buffers[logits].columns;
    this.tokensMax = tokensMax;
    this.outputsMax = outputsMax;
    this.sequencesMax = sequencesMax;
    this.#native = native;
    this.#logits = logits;
    const tableBlocksMax = Math.ceil(contextLength / Limit.BLOCK_POSITIONS);
    const limits = { tokensMax, outputsMax, sequencesMax: this.sequencesMax, tableBlocksMax, groups: cache.length };
    this.#frame = createFrame(limits);
    this.#tokens = new Uint32Array(tokensMax);
    this.#positions = new Uint32Array(tokensMax);
    this.#sequences = new Uint32Array(tokensMax);
    this.#outputs = new Uint32Array(outputsMax);
    this.#blockTables = cache.map(() => []);
  }

  /**
   * Computes a step. That its sequences have become longer is for the caller to note.
   *
   * @returns `undefined` when it has been computed, as one that is short is at once while there is time for it; else a
   * promise of that.
   * @throws {NativeError} When it cannot be computed.
   * @throws The signal's reason, within the time of one instruction.
   */
  step(parts: readonly StepPart[], signal: AbortSignal): Promise<void> | undefined {
    let tokens = 0;
    for (const { count } of parts) tokens += count;
    const turn = this.turnBefore(tokens);
    return turn === undefined ? this.execute(parts, signal) : turn.then(() => this.execute(parts, signal));
  }

  /** The turn of the event loop that has to come before a step with so many tokens; `undefined` while there is time. */
  turnBefore(tokens: number): Promise<void> | undefined {
    const blockingMs = this.#native.blockingMs(tokens);
    return blockingMs > 0 ? shareEventLoop(blockingMs) : undefined;
  }

  /** Computes a step as {@linkcode step} does, without regard to the event loop. */
  execute(parts: readonly StepPart[], signal: AbortSignal): Promise<void> | undefined {
    const words = this.#encode(parts);
    return this.#native.step(this.#frame.words, { words, signal });
  }

  /** Copies a row of the logits of the last step. (vocabulary) */
  readLogits(row: number, into: Float32Array): void {
    this.#native.readRows({ buffer: this.#logits, row, rows: 1 }, into);
  }

  #encode(parts: readonly StepPart[]): number {
    let [tokens, outputs] = [0, 0];
    for (let index = 0; index < parts.length; index++) {
      const { sequence, count, outputs: wanted } = parts[index];
      const first = sequence.length;
      this.#tokens.set(sequence.tokens.view(first, first + count), tokens);
      for (let i = 0; i < count; i++, tokens++) {
        this.#positions[tokens] = first + i;
        this.#sequences[tokens] = index;
      }
      for (let i = wanted; i > 0; i--) this.#outputs[outputs++] = tokens - i;
      for (let group = 0; group < this.#blockTables.length; group++) {
        this.#blockTables[group].length = index;
        this.#blockTables[group].push(sequence.blockTables[group]);
      }
    }
    return encodeFrame(this.#frame, {
      tokens: this.#tokens.subarray(0, tokens),
      positions: this.#positions.subarray(0, tokens),
      sequences: this.#sequences.subarray(0, tokens),
      outputs: this.#outputs.subarray(0, outputs),
      blockTables: this.#blockTables,
    });
  }
}
