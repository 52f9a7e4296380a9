/** The options of `loadModel`: what they mean, and their checks. */

import { Limit } from "./native/abi.ts";
import { expectInteger, expectKnownOptions, expectOneOf, expectType } from "./options.ts";
import { type CacheType, cacheTypes, POSITIONS_MAX } from "./plan/plan.ts";

/** A part of loading a model. */
export type LoadPhase = "header" | "weights" | "tokenizer";

/** How far loading is. */
export interface LoadProgress {
  /**
   * What is being done. `"header"`: the description of the model is read. `"tokenizer"` and `"weights"`, at the same
   * time: tables for text are made, and weights are read and arranged for this machine, which takes the time of a
   * large model.
   */
  readonly phase: LoadPhase;
  /** The share of this phase that is done, 0 to 1. */
  readonly fraction: number;
}

/** How numbers are kept that attention remembers. */
export type KvType = Lowercase<CacheType>;

/** Options of `loadModel`. */
export interface LoadModelOptions {
  /** How many threads compute. Default: one per physical core. */
  readonly threads?: number | undefined;
  /**
   * The most tokens of prompt and answer together. Memory is used for what a generation fills, not for this. Default:
   * what the model was trained with, but at most 4096. More than it was trained with is allowed, but models rarely
   * make sense there.
   */
  readonly contextLength?: number | undefined;
  /**
   * How exact the matrix products are. `"q8"`: activations are rounded to 8 bits, several times as fast. `"f32"`:
   * they are not; for comparisons. Default: `"q8"`.
   */
  readonly precision?: "q8" | "f32" | undefined;
  /**
   * The numbers that attention remembers. `"q8_0"` (8.5 bits a number) halves the memory of `"f16"` and is about as
   * exact, `"q4_0"` (4.5 bits) is a quarter and makes answers a little worse; `"bf16"` is for models whose numbers are
   * too large for `"f16"`. Default: `"f16"`, and `"f32"` when the precision is `"f32"`.
   */
  readonly kvType?: KvType | undefined;
  /**
   * How many tokens all sequences together can have, in blocks of 64: those being generated, and what is kept of others
   * so that prompts which begin the same need not compute it again. Default: four full contexts, but no more than 16384
   * unless one context is longer.
   */
  readonly cacheTokens?: number | undefined;
  /** The same as a limit of the memory for keys and values, in bytes. Not together with `cacheTokens`. */
  readonly cacheBytes?: number | undefined;
  /**
   * How many generations are computed in one step. Others wait for their turn, first come, first served. Default: 16.
   */
  readonly sequencesMax?: number | undefined;
  /**
   * How many generations may wait for their turn. One more fails with a `QueueFullError`, so that a server can say that
   * it is overloaded. Default: 256.
   */
  readonly queueMax?: number | undefined;
  /**
   * The most tokens that are computed in one step: longer prompts take several. While other generations are past their
   * prompts, a step has at most 64 tokens of prompts, so that they need not wait long. Does not change any result.
   * Default: 512.
   */
  readonly tokensMax?: number | undefined;
  /** A Jinja chat template, instead of the one in the file. */
  readonly chatTemplate?: string | undefined;
  /** Is told how far loading is. What it throws ends loading. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Ends loading: `loadModel` then rejects with the signal's reason, and everything is freed. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: readonly (keyof LoadModelOptions)[] = [
  "threads",
  "contextLength",
  "precision",
  "kvType",
  "cacheTokens",
  "cacheBytes",
  "sequencesMax",
  "queueMax",
  "tokensMax",
  "chatTemplate",
  "onProgress",
  "signal",
];

/** The values of `kvType`. */
export const kvTypes: readonly KvType[] = cacheTypes.map((type) => type.toLowerCase() as KvType);

/** The type of the cache that a value of `kvType` means. */
export function cacheTypeOf(kvType: KvType): CacheType {
  return kvType.toUpperCase() as CacheType;
}

/** The context length unless another is asked for: chats fit, and a small machine has the memory for several. */
const CONTEXT_LENGTH_MAX = 4096;

/** The tokens in the cache unless more are asked for: four contexts of {@linkcode CONTEXT_LENGTH_MAX}. */
const CACHE_TOKENS_MAX = 16384;

/**
 * Generations in one step unless others are asked for: with 16, the time of a step is about what arithmetic takes, so
 * that more would take longer in proportion.
 */
const SEQUENCES_MAX = 16;

/** Each row of logits of a step takes memory, 0.5 MB for a large vocabulary. */
const SEQUENCES_LIMIT = 256;

const QUEUE_MAX = 256;

/** Where more tokens in one step do not make a prompt faster any more, with room to spare. */
const TOKENS_MAX = 512;

/**
 * Checks the options.
 *
 * @throws {TypeError} When one does not exist or is of the wrong type.
 * @throws {RangeError} When one is out of range.
 */
export function checkLoadOptions(options: LoadModelOptions): void {
  expectKnownOptions(options, NAMES);
  const { threads, contextLength, precision, kvType, chatTemplate, onProgress, signal } = options;
  const { cacheTokens, cacheBytes, sequencesMax, queueMax, tokensMax } = options;
  expectInteger("threads", threads, { min: 1, max: Limit.THREADS });
  expectInteger("contextLength", contextLength, { min: 1, max: POSITIONS_MAX });
  expectOneOf("precision", precision, ["q8", "f32"]);
  expectOneOf("kvType", kvType, kvTypes);
  expectInteger("cacheTokens", cacheTokens, { min: 1, max: 2 ** 26 });
  expectInteger("cacheBytes", cacheBytes, { min: 1, max: 2 ** 50 });
  if (cacheTokens !== undefined && cacheBytes !== undefined) {
    throw new TypeError(`Expected cacheTokens or cacheBytes but found both (${cacheTokens} and ${cacheBytes})`);
  }
  expectInteger("sequencesMax", sequencesMax, { min: 1, max: SEQUENCES_LIMIT });
  expectInteger("queueMax", queueMax, { min: 0, max: 2 ** 20 });
  expectInteger("tokensMax", tokensMax, { min: 1, max: Limit.TOKENS });
  expectType("chatTemplate", chatTemplate, { what: "a string", holds: typeof chatTemplate === "string" });
  expectType("onProgress", onProgress, { what: "a function", holds: typeof onProgress === "function" });
  expectType("signal", signal, { what: "an AbortSignal", holds: signal instanceof AbortSignal });
}

/** The sizes in force. */
export interface ResolvedSizes {
  readonly contextLength: number;
  readonly cacheTokens: number;
  readonly tokensMax: number;
  readonly sequencesMax: number;
  readonly queueMax: number;
}

/** The sizes that options leave open, for a model that was trained with this context. */
export function resolveSizes(options: LoadModelOptions, contextLengthTrained: number): ResolvedSizes {
  const { contextLength = Math.min(contextLengthTrained, CONTEXT_LENGTH_MAX), tokensMax = TOKENS_MAX } = options;
  const { cacheTokens = Math.min(4 * contextLength, Math.max(contextLength, CACHE_TOKENS_MAX)) } = options;
  const { sequencesMax = SEQUENCES_MAX, queueMax = QUEUE_MAX } = options;
  return {
    ...{ contextLength, cacheTokens, queueMax },
    tokensMax: Math.min(tokensMax, sequencesMax * contextLength),
    // Every sequence of a step has a token in it.
    sequencesMax: Math.min(sequencesMax, tokensMax),
  };
}
