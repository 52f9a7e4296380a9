/**
 * A sequence as its user sees it: tokens that stay in memory between generations, and the sampler that goes on with
 * them. What is computed when is left to the scheduler, the generation loop is generate.ts's.
 */

import type { ShiftedBlocks } from "./cache/block_tables.ts";
import { expectShiftable } from "./context_overflow.ts";
import { type Engine, generate } from "./generate.ts";
import { LOOP_OPTION_NAMES, type LoopOptions, resolveLoopOptions } from "./generate_options.ts";
import { Generation } from "./generation.ts";
import { Limit } from "./native/abi.ts";
import { expectInteger, expectKnownOptions, expectType } from "./options.ts";
import { createSampler, type SamplingOptions } from "./sampling/mod.ts";
import { loadState, type SampledSequence, saveState, type StatePlace } from "./sequence_state.ts";
import { runSliced } from "./time_slice.ts";
import type { EncodeOptions } from "./tokenizer/mod.ts";

/** Options of {@linkcode Sequence.append}. */
export interface AppendOptions {
  /** Whether control tokens written in the text become those tokens; not for text of users. Default: false. */
  readonly allowControlTokens?: boolean | undefined;
  /** Ends computing with an error, the signal's reason: what was not computed will be when it is needed. */
  readonly signal?: AbortSignal | undefined;
}

/** What a {@linkcode Sequence} is of. */
export interface SequenceOwner extends Engine, StatePlace {}

/** Sequences that were forgotten instead of disposed give their memory back when they are collected. */
const forgotten = new FinalizationRegistry<SampledSequence>(({ sequence }) => sequence[Symbol.dispose]());

/**
 * A text in progress: tokens, their keys and values in the cache, and the sampler. Made by `Model.createSequence` and
 * `Model.loadSequence`; to be disposed. One thing at a time can be done with it.
 *
 * Holding a sequence costs no memory that others need: when the cache is full, what it has there is computed again
 * later, with the same bits.
 */
export class Sequence implements Disposable {
  readonly #owner: SequenceOwner;
  readonly #state: SampledSequence;
  #busy: "append" | "generate" | "save" | "shift" | undefined;
  #generation: Generation | undefined;

  /** For `Model`. */
  constructor(owner: SequenceOwner, state: SampledSequence) {
    this.#owner = owner;
    this.#state = state;
    forgotten.register(this, state, this);
  }

  /** For `Model.createSequence`. */
  static create(owner: SequenceOwner, sampling: SamplingOptions): Sequence {
    return new Sequence(owner, { sequence: owner.cache.createSequence(), sampler: createSampler(sampling) });
  }

  /** For `Model.loadSequence`. */
  static async load(owner: SequenceOwner, bytes: Uint8Array): Promise<Sequence> {
    expectType("bytes", bytes, { what: "a Uint8Array", holds: bytes instanceof Uint8Array });
    return new Sequence(owner, await loadState(bytes, owner));
  }

  /** The token ids. (length) */
  get tokens(): Int32Array {
    return this.#state.sequence.tokens.view().slice();
  }

  /** How many tokens there are. */
  get length(): number {
    return this.#state.sequence.tokens.length;
  }

  /** How many tokens have keys and values in the cache now. */
  get cachedLength(): number {
    return this.#state.sequence.length;
  }

  /** The text of all tokens. */
  get text(): string {
    return this.#owner.tokenizer.decode(this.tokens);
  }

  /** The seed of the sampler. */
  get seed(): number {
    return this.#state.sampler.seed;
  }

  /** Whether it has been disposed. */
  get disposed(): boolean {
    return this.#state.sequence.disposed;
  }

  /**
   * Adds a text, or token ids, and computes what is new. The first text gets the token that texts of this model begin
   * with, if they do.
   *
   * @throws {RangeError} When a token does not exist, or the context has no room for all. Nothing has changed then.
   * @throws What generating throws: the cache is full, the queue is full, the signal's reason.
   */
  async append(content: string | Iterable<number>, options: AppendOptions = {}): Promise<void> {
    expectKnownOptions(options, ["allowControlTokens", "signal"]);
    const { signal } = options;
    const { sequence, sampler } = this.#state;
    const { scheduler, contextLength } = this.#owner;
    await this.#exclusively("append", async () => {
      const added = await this.#tokensOf(content, options);
      const length = this.length + added.length;
      if (length > contextLength) {
        throw new RangeError(
          `Expected at most ${contextLength} tokens (the contextLength of this model) but found ${length}`,
        );
      }
      if (added.length === 0) return;
      for (const token of added) sampler.accept(token);
      sequence.tokens.push(added);
      using lane = scheduler.arrive();
      await scheduler.compute({ sequence, lane, begins: true, take: () => {}, signal });
    });
  }

  /**
   * Generates text behind the sequence; the tokens become part of it, but for one that ends the text. The sampling
   * options are those of the sequence. When it is disposed or left early, the sequence has what was generated until
   * then.
   *
   * @throws {TypeError} | {RangeError} When an option is wrong, or something else is being done with the sequence: at
   * once. Other errors reach whoever awaits or iterates, as with `Model.generate`.
   */
  generate(options: LoopOptions = {}): Generation {
    expectKnownOptions(options, LOOP_OPTION_NAMES);
    const loop = resolveLoopOptions(options);
    expectShiftable(this.#owner.contextLength, loop.overflow);
    this.#expectIdle();
    const { sequence, sampler } = this.#state;
    const open = () => {
      this.#expectIdle();
      this.#busy = "generate";
      this.#generation = generation;
      return Promise.resolve(sequence);
    };
    const close = () => this.#busy = this.#generation = undefined;
    const request = { ...loop, sampler, open, close };
    const generation: Generation = new Generation((reader) => generate(this.#owner, request, reader));
    return generation;
  }

  /**
   * Another sequence with the same tokens and the same state of the sampler. Costs no memory until one of the two goes
   * on.
   *
   * @param sampling Options in which its sampler differs; with a `seed`, or without options at temperature 0, it goes
   * its own way.
   */
  fork(sampling: SamplingOptions = {}): Sequence {
    this.#expectIdle();
    const { sequence, sampler } = this.#state;
    const forked = createSampler({ ...sampler.options, ...sampling });
    const { random, history } = sampler.getState();
    forked.setState({ random: sampling.seed === undefined ? random : forked.getState().random, history });
    return new Sequence(this.#owner, { sequence: sequence.fork(), sampler: forked });
  }

  /** Removes all tokens from `length` on. The random numbers of the sampler go on where they are. */
  trim(length: number): void {
    expectInteger("length", length, { min: 0, max: this.length });
    this.#expectIdle();
    const { sequence, sampler } = this.#state;
    sequence.trim(length);
    sampler.setState({ random: sampler.getState().random, history: [...sequence.tokens.view()] });
  }

  /**
   * Removes tokens in the middle and moves what follows to the front: its keys are turned to their new positions, its
   * values stay as they were computed. Both numbers are rounded up to multiples of 64.
   *
   * @throws {RangeError} When there are not so many tokens.
   */
  async shift({ keepFirst, count }: { keepFirst: number; count: number }): Promise<void> {
    const most = this.length;
    expectInteger("keepFirst", keepFirst, { min: 0, max: most });
    expectInteger("count", count, { min: 1, max: most });
    const inBlocks = (tokens: number) => Math.ceil(tokens / Limit.BLOCK_POSITIONS);
    const blocks: ShiftedBlocks = { keep: inBlocks(keepFirst), count: inBlocks(count) };
    const needed = (blocks.keep + blocks.count) * Limit.BLOCK_POSITIONS;
    if (needed > most) {
      throw new RangeError(`Expected a sequence of at least ${needed} tokens for this shift but found ${most}`);
    }
    await this.#exclusively("shift", () => runSliced(this.#state.sequence.shift(blocks)));
  }

  /**
   * The sequence as bytes, for `Model.loadSequence` of a model of the same file, loaded with the same `precision` and
   * `kvType` by the same version: tokens, keys and values, and the sampler, so that generating goes on with the same
   * tokens as if nothing had happened.
   */
  async save(): Promise<Uint8Array> {
    return await this.#exclusively("save", () => saveState(this.#state, this.#owner));
  }

  /** Ends what is being done and gives the memory back. */
  [Symbol.dispose](): void {
    forgotten.unregister(this);
    this.#generation?.[Symbol.dispose]();
    this.#state.sequence[Symbol.dispose]();
  }

  async #tokensOf(content: string | Iterable<number>, options: AppendOptions): Promise<Int32Array> {
    const { tokenizer, vocabularySize } = this.#owner;
    if (typeof content === "string") {
      const { allowControlTokens: special = false, signal } = options;
      const encoding: EncodeOptions = { special, addBos: this.length === 0 && tokenizer.addBos };
      return await runSliced(tokenizer.encodeSliced(content, encoding), { signal });
    }
    const ids = [...content];
    for (const [i, id] of ids.entries()) expectInteger(`token ${i}`, id, { min: 0, max: vocabularySize - 1 });
    return Int32Array.from(ids);
  }

  async #exclusively<Result>(action: "append" | "save" | "shift", work: () => Promise<Result>): Promise<Result> {
    this.#expectIdle();
    this.#busy = action;
    try {
      return await work();
    } finally {
      this.#busy = undefined;
    }
  }

  #expectIdle(): void {
    if (this.disposed) throw new TypeError("Expected a sequence in use but it has been disposed");
    if (this.#busy === undefined) return;
    throw new TypeError(`Expected a sequence that nothing is being done with but its ${this.#busy}() goes on`);
  }
}
