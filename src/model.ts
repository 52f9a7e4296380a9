/**
 * The facade: a loaded model. Loads through model_loading.ts, generates through generate.ts, and owns what both need
 * until it is disposed.
 */

import type { CacheUsage } from "./cache/kv_cache.ts";
import type { KvSequence } from "./cache/kv_sequence.ts";
import type { ChatMessage, RenderOptions } from "./chat/mod.ts";
import { expectShiftable } from "./context_overflow.ts";
import { NativeError } from "./errors.ts";
import { generate } from "./generate.ts";
import { type GenerateOptions, resolveGenerateOptions } from "./generate_options.ts";
import { Generation } from "./generation.ts";
import type { Metadata } from "./gguf/metadata.ts";
import { checkLoadOptions, type LoadModelOptions } from "./load_options.ts";
import { describeModel, type ModelInfo } from "./model_info.ts";
import { loadParts, type ModelParts } from "./model_loading.ts";
import type { InstructionTime } from "./native/plan.ts";
import { expectInteger } from "./options.ts";
import { printPlan } from "./plan/print.ts";
import { createSampler, type SamplingOptions } from "./sampling/mod.ts";
import { Sequence, type SequenceOwner } from "./sequence.ts";
import { runSliced } from "./time_slice.ts";
import type { DecodeOptions, EncodeOptions, Tokenizer } from "./tokenizer/mod.ts";

/**
 * Loads a model, without blocking the event loop.
 *
 * @param source The path or file URL of a GGUF file, or its bytes, which are copied and must not change before this
 * ends.
 * @throws {GgufError} When the file is malformed or of a kind that is not supported.
 * @throws {LibraryError} When the native library cannot be loaded.
 * @throws {NativeError} When there is not enough memory.
 * @throws {TypeError} | {RangeError} When an option is wrong.
 * @throws What the file system says, with its `code`, when the file cannot be read; the reason of `options.signal`.
 * @example
 * ```ts
 * import { loadModel } from "arpeggio";
 *
 * await using model = await loadModel("models/arpeggio-mini-q4_k_m.gguf");
 * for await (const piece of model.generate([{ role: "user", content: "What is 2+2?" }])) console.log(piece);
 * ```
 */
export async function loadModel(source: string | URL | Uint8Array, options: LoadModelOptions = {}): Promise<Model> {
  checkLoadOptions(options);
  const begin = performance.now();
  const parts = await loadParts(source, options);
  return new Model(parts, { loadMs: performance.now() - begin, options });
}

/** Options of {@linkcode Model.logits}. */
export interface LogitsOptions {
  /** Whether to return a row for each token instead of one for the last. Default: false. */
  readonly all?: boolean | undefined;
  /** Ends the computation with an error, the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A loaded model. Several generations may run at the same time. Made by {@linkcode loadModel}; to be disposed. */
export class Model implements Disposable, AsyncDisposable {
  /** What there is to know about it. */
  readonly info: ModelInfo;
  #parts: ModelParts | undefined;

  /** For {@linkcode loadModel}. */
  constructor(parts: ModelParts, { loadMs, options }: { loadMs: number; options: LoadModelOptions }) {
    this.#parts = parts;
    this.info = describeModel(parts, { loadMs, options });
  }

  /** The keys and values of the model's file. */
  get metadata(): Metadata {
    return this.#use().file.metadata;
  }

  /** The tokenizer, for what {@linkcode tokenize} does not do. */
  get tokenizer(): Tokenizer {
    return this.#use().tokenizer;
  }

  /** How full the key/value cache is. */
  get cacheUsage(): CacheUsage {
    return this.#use().cache.usage;
  }

  /** Forgets all keys and values that no sequence needs now: prompts to come are computed from their beginning. */
  clearCache(): void {
    this.#use().cache.clear();
  }

  /** The forward pass as text: one line per instruction. */
  get plan(): string {
    return printPlan(this.#use().modelPlan.plan);
  }

  /**
   * Generates text. Nothing happens before the {@linkcode Generation} is awaited or iterated.
   *
   * @param prompt A text to go on with, or the messages of a conversation, which the model's chat template turns into
   * one.
   * @throws {TypeError} | {RangeError} When an option is wrong: at once. All other errors reach whoever awaits or
   * iterates: {@linkcode ChatTemplateError}, {@linkcode NativeError}, `RangeError` for a prompt longer than the
   * context, {@linkcode ContextOverflowError}, {@linkcode QueueFullError}, `ArpeggioError` for a text longer than the
   * whole cache, the reason of `options.signal`.
   * @example
   * ```ts
   * import { loadModel } from "arpeggio";
   *
   * await using model = await loadModel("models/arpeggio-mini-q4_k_m.gguf");
   * const { text, stopReason } = await model.generate("The sky is", { maxTokens: 8, temperature: 0 });
   * ```
   */
  generate(prompt: string | readonly ChatMessage[], options: GenerateOptions = {}): Generation {
    const parts = this.#use();
    const { render, sampling, ...loop } = resolveGenerateOptions(options, { isChat: typeof prompt !== "string" });
    expectShiftable(this.info.contextLength, loop.overflow);
    const sampler = createSampler(sampling);
    const open = async (signal: AbortSignal) => {
      const tokens = await runSliced(encodePrompt(parts, { prompt, render }), { signal });
      for (const token of tokens) sampler.accept(token);
      return parts.cache.createSequence(tokens);
    };
    const request = { ...loop, sampler, open, close: (sequence: KvSequence) => sequence[Symbol.dispose]() };
    return new Generation((reader) => generate(this.#owner(), request, reader));
  }

  /**
   * A sequence without tokens, to be filled, continued, forked, trimmed and saved.
   *
   * @param sampling How its tokens are chosen.
   * @example
   * ```ts
   * import { loadModel } from "arpeggio";
   *
   * await using model = await loadModel("models/arpeggio-mini-q4_k_m.gguf");
   * using story = model.createSequence({ temperature: 0 });
   * await story.append("Once upon a time");
   * using other = story.fork({ temperature: 1, seed: 1 });
   * const [first, second] = await Promise.all([story.generate({ maxTokens: 8 }), other.generate({ maxTokens: 8 })]);
   * ```
   */
  createSequence(sampling: SamplingOptions = {}): Sequence {
    return Sequence.create(this.#owner(), sampling);
  }

  /**
   * A sequence that was saved with `Sequence.save`.
   *
   * @throws {SequenceStateError} When the bytes are damaged, or of another model or version: never worse.
   * @throws {ArpeggioError} When the cache has no room for a sequence that cannot be computed again.
   */
  async loadSequence(bytes: Uint8Array): Promise<Sequence> {
    return await Sequence.load(this.#owner(), bytes);
  }

  /**
   * Computes what the model thinks of the next token, for comparisons and bug reports.
   *
   * @param tokens Token ids from the start of a text, at most `info.contextLength`.
   * @returns One number per token of the vocabulary for the last of `tokens`, or for each of them. (1 or tokens,
   * vocabulary)
   * @throws {RangeError} When there are no tokens, too many, or one that does not exist.
   * @throws The reason of `options.signal`.
   */
  async logits(tokens: Iterable<number>, options: LogitsOptions = {}): Promise<Float32Array> {
    const { scheduler, cache } = this.#use();
    const ids = [...tokens];
    const { vocabularySize, contextLength } = this.info;
    expectInteger("the number of tokens", ids.length, { min: 1, max: contextLength });
    for (const [i, id] of ids.entries()) expectInteger(`tokens[${i}]`, id, { min: 0, max: vocabularySize - 1 });
    const { all: allLogits = false, signal } = options;
    const logits = new Float32Array((allLogits ? ids.length : 1) * vocabularySize);
    let row = 0;
    const take = (values: Float32Array) => logits.set(values, vocabularySize * row++);
    using sequence = cache.createSequence(Int32Array.from(ids));
    using lane = scheduler.arrive();
    await scheduler.compute({ sequence, lane, begins: true, allLogits, take, signal });
    return logits;
  }

  /** The tokens of a text: by themselves, without those a prompt begins or ends with (`options.addBos`, `addEos`). */
  tokenize(text: string, options: EncodeOptions = {}): Int32Array {
    return this.#use().tokenizer.encode(text, options);
  }

  /** The text of tokens. */
  detokenize(tokens: Iterable<number>, options: DecodeOptions = {}): string {
    return this.#use().tokenizer.decode(tokens, options);
  }

  /**
   * The text that the chat template makes of messages, for people: `generate` takes the messages themselves.
   *
   * @throws {ChatTemplateError} When there is no template, or it refuses the messages.
   */
  renderChat(messages: readonly ChatMessage[], options: RenderOptions = {}): string {
    return this.#use().template.render(messages, options).text;
  }

  /** How long each instruction of the plan took since the last call. The first call starts the clocks. */
  profile(): InstructionTime[] {
    return this.#use().nativePlan.profile();
  }

  /** Frees everything. Generations that are running fail with a {@linkcode NativeError}. */
  dispose(): void {
    this.#parts?.[Symbol.dispose]();
    this.#parts = undefined;
  }

  /** The same as {@linkcode dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The same, and waits until the last step has stopped. */
  async [Symbol.asyncDispose](): Promise<void> {
    const scheduler = this.#parts?.scheduler;
    this.dispose();
    await scheduler?.idle();
  }

  #owner(): SequenceOwner {
    const { tokenizer, scheduler, cache, identity } = this.#use();
    const { contextLength, vocabularySize, loadMs } = this.info;
    return { tokenizer, scheduler, cache, identity, contextLength, vocabularySize, loadMs };
  }

  #use(): ModelParts {
    if (this.#parts !== undefined) return this.#parts;
    throw new NativeError("Expected a model in use but it has been disposed", "STALE");
  }
}

/** The tokens of a prompt: of a text as the file wants texts to begin, of messages as the template does. */
function* encodePrompt(
  { tokenizer, template }: ModelParts,
  { prompt, render }: { prompt: string | readonly ChatMessage[]; render: RenderOptions },
): Generator<void, Int32Array> {
  if (typeof prompt === "string") {
    const { allowControlTokens: special = false } = render;
    return yield* tokenizer.encodeSliced(prompt, { special, addBos: tokenizer.addBos });
  }
  const rendered = yield* template.renderSliced(prompt, render);
  return yield* rendered.encodeSliced(tokenizer);
}
