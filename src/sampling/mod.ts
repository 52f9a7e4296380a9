/**
 * Sampling: from logits to a token, through a chain of samplers in the order and with the defaults of llama.cpp. Each
 * sampler, its options and its defaults are in its own file; this file is about their order.
 *
 * The same logits, options and seed give the same token in every runtime: see src/numeric and random.ts.
 */

import { Candidates } from "./candidates.ts";
import { checkNames } from "./check.ts";
import { draw } from "./draw.ts";
import { argmax } from "./greedy.ts";
import { keepMinP, resolveMinP } from "./min_p.ts";
import type { MinPOptions } from "./min_p.ts";
import { Penalties, resolvePenalties } from "./penalties.ts";
import type { PenaltyOptions } from "./penalties.ts";
import { createRandom, resolveSeed } from "./random.ts";
import type { SeedOptions } from "./random.ts";
import { applyTemperature, resolveTemperature } from "./temperature.ts";
import type { TemperatureOptions } from "./temperature.ts";
import { resolveTopK, selectTopK } from "./top_k.ts";
import type { TopKOptions } from "./top_k.ts";
import { keepTopP, resolveTopP } from "./top_p.ts";
import type { TopPOptions } from "./top_p.ts";

/** Options of all samplers. */
export type SamplingOptions =
  & PenaltyOptions
  & TopKOptions
  & TopPOptions
  & MinPOptions
  & TemperatureOptions
  & SeedOptions;

/** The options in force, defaults and the seed filled in. */
export type ResolvedSamplingOptions = { readonly [name in keyof SamplingOptions]-?: number };

/** The names of all sampling options, for callers that accept them among options of their own. */
export const SAMPLING_OPTION_NAMES: readonly (keyof SamplingOptions)[] = [
  "repetitionPenalty",
  "frequencyPenalty",
  "presencePenalty",
  "penaltyLastTokens",
  "topK",
  "topP",
  "minP",
  "temperature",
  "seed",
];

/** What a sampler remembers between tokens. Plain data: it survives JSON and structured cloning. */
export interface SamplerState {
  /** The four 32-bit words of the random stream. */
  random: number[];
  /** The tokens that penalties look at, oldest first. */
  history: number[];
}

/** Chooses tokens. Belongs to one sequence: it holds its random stream and its last tokens. */
export interface Sampler {
  /** The options in force. */
  readonly options: ResolvedSamplingOptions;
  /** The seed in force, for repeating the sequence. */
  readonly seed: number;
  /**
   * Chooses a token. Takes one random number, or none at temperature 0. Does not `accept` the token.
   *
   * @param logits One number per token id; unchanged afterwards. (vocabulary)
   * @throws {RangeError} When a logit is NaN or Infinity, or all are -Infinity
   */
  sample(logits: Float32Array): number;
  /** Tells the penalties that the sequence has this token now: those of the prompt, and those that were sampled. */
  accept(token: number): void;
  /** The state between two tokens, for saving a sequence. */
  getState(): SamplerState;
  /** Continues from a state that `getState` of a sampler with the same options returned. */
  setState(state: SamplerState): void;
}

/**
 * Creates a sampler. The order is llama.cpp's: penalties, topK, topP, minP, temperature, and then the draw. At
 * temperature 0 it is penalties, then the highest logit, of equal ones the lowest token id.
 *
 * @throws {TypeError} When an option does not exist or is no number
 * @throws {RangeError} When an option is out of range
 * @example
 * ```ts
 * import { createSampler } from "./src/sampling/mod.ts";
 *
 * const sampler = createSampler({ temperature: 0.7, topP: 0.9, seed: 42 });
 * const token = sampler.sample(Float32Array.of(0.5, 2.5, 1.5));
 * sampler.accept(token);
 * ```
 */
export function createSampler(options: SamplingOptions = {}): Sampler {
  const resolved = resolveSamplingOptions(options);
  const { topK, topP, minP, temperature, seed } = resolved;
  const penalties = new Penalties(resolved);
  const candidates = new Candidates();
  const random = createRandom(seed);

  function choose(logits: Float32Array): number {
    if (temperature === 0) return argmax(logits);
    selectTopK(candidates, { logits, k: topK });
    keepTopP(candidates, topP);
    keepMinP(candidates, minP);
    applyTemperature(candidates, temperature);
    return draw(candidates, random.nextUnit());
  }

  return {
    options: resolved,
    seed,
    sample(logits) {
      penalties.apply(logits);
      try {
        return choose(logits);
      } finally {
        penalties.restore(logits);
      }
    },
    accept(token) {
      checkToken(token);
      penalties.accept(token);
    },
    getState: () => ({ random: random.getState(), history: penalties.history() }),
    setState(state) {
      state.history.forEach(checkToken);
      random.setState(state.random);
      penalties.clear();
      for (const token of state.history) penalties.accept(token);
    },
  };
}

/**
 * Fills in the defaults of all sampling options and checks them.
 *
 * @throws {TypeError} When an option does not exist or is no number
 * @throws {RangeError} When an option is out of range
 */
export function resolveSamplingOptions(options: SamplingOptions): ResolvedSamplingOptions {
  checkNames(options, SAMPLING_OPTION_NAMES);
  return {
    ...resolvePenalties(options),
    topK: resolveTopK(options),
    topP: resolveTopP(options),
    minP: resolveMinP(options),
    temperature: resolveTemperature(options),
    seed: resolveSeed(options.seed),
  };
}

function checkToken(token: number): void {
  if (!Number.isInteger(token) || token < 0 || token > 0x7fffffff) {
    throw new RangeError(`Expected a token id from 0 on but found ${token}`);
  }
}
