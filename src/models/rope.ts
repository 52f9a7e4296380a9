/**
 * The frequencies of rotary position embeddings, with the ways there are to stretch them to longer contexts. Computed
 * in f64 with the same bits in every runtime; the angles are then computed in C.
 *
 * RoPE: https://arxiv.org/abs/2104.09864, linear scaling: https://arxiv.org/abs/2306.15595, YaRN:
 * https://arxiv.org/abs/2309.00071.
 */

import { GgufError } from "../errors.ts";
import { ln } from "../numeric/logarithm.ts";
import { pow } from "../numeric/power.ts";

/** The tensor with the factors (r / 2) by which a model divides its frequencies, one for all layers. */
export const ROPE_FACTORS = "rope_freqs.weight";

/** How positions become angles. */
export interface RopeConfig {
  /** How many columns of a head are rotated: an even number r. */
  readonly columns: number;
  /** The base of the frequencies, 10000 in the paper. */
  readonly base: number;
  readonly scaling: RopeScaling;
}

/** How frequencies are stretched. The parameters from `originalContextLength` on are YaRN's. */
export interface RopeScaling {
  readonly type: "none" | "linear" | "yarn";
  /** How many times longer the context is than that of training, at least 1. */
  readonly factor: number;
  /** A factor of the magnitude of the rotated columns. */
  readonly attentionFactor: number;
  /** The context length before stretching. */
  readonly originalContextLength: number;
  /** How much of YaRN's mix is used, 0 to 1: 0 is linear scaling. */
  readonly extrapolation: number;
  /** Columns that turn more often than this within the original context keep their frequency. */
  readonly betaFast: number;
  /** Columns that turn less often than this are scaled fully. */
  readonly betaSlow: number;
  /** DeepSeek's `mscale_all_dim`: the part of the magnitude that the model takes back elsewhere. */
  readonly logMultiplier: number;
}

/** What the op ROPE_TABLE takes. */
export interface RopeFrequencies {
  /** (r / 2): the angle of column pair i at position p is `p * frequencies[i]`. */
  readonly frequencies: Float64Array;
  /** What cos and sin are multiplied with. */
  readonly magnitude: number;
}

/**
 * The frequencies base^(-2i/r), divided by the factors of the model (`rope_freqs.weight`, Llama 3), stretched.
 *
 * @param rope The configuration
 * @param factors (r / 2) or nothing
 * @throws {GgufError} When the factors make no sense: all other ways to frequencies are checked with the configuration.
 */
export function ropeFrequencies(rope: RopeConfig, factors?: ArrayLike<number>): RopeFrequencies {
  const { columns, base, scaling } = rope;
  const frequencies = new Float64Array(columns / 2);
  for (let i = 0; i < frequencies.length; i++) {
    const frequency = pow(base, (-2 * i) / columns) / (factors?.[i] ?? 1);
    const extrapolated = scaling.type === "yarn" ? yarnExtrapolation(rope, i) : 0;
    frequencies[i] = (frequency / scaling.factor) * (1 - extrapolated) + frequency * extrapolated;
    if (!(frequencies[i] > 0 && frequencies[i] <= 1)) {
      throw new GgufError(`Expected frequencies in (0, 1] but found ${frequencies[i]} for pair ${i}`, {
        key: ROPE_FACTORS,
      });
    }
  }
  return { frequencies, magnitude: magnitude(scaling) };
}

/** How much of pair i keeps its frequency: 1 for the fast ones, 0 for the slow ones, a ramp between them. */
function yarnExtrapolation(rope: RopeConfig, i: number): number {
  const { columns, scaling } = rope;
  const low = Math.max(0, Math.floor(pairThatTurns(rope, scaling.betaFast)));
  const high = Math.min(columns - 1, Math.ceil(pairThatTurns(rope, scaling.betaSlow)));
  const ramp = (i - low) / Math.max(0.001, high - low);
  return (1 - Math.min(1, Math.max(0, ramp))) * scaling.extrapolation;
}

/** Which pair, as a fraction, turns `turns` times within the original context: base^(-2i/r) * context = 2 pi turns. */
function pairThatTurns(rope: RopeConfig, turns: number): number {
  const { columns, base, scaling } = rope;
  return (columns * ln(scaling.originalContextLength / (turns * 2 * Math.PI))) / (2 * ln(base));
}

/** YaRN's correction of the attention temperature (section 3.4), on the columns instead of the scores. */
function magnitude(scaling: RopeScaling): number {
  const { type, factor, attentionFactor, extrapolation, logMultiplier } = scaling;
  if (type !== "yarn" || extrapolation === 0) return attentionFactor;
  const divisor = logMultiplier === 0 ? 1 : temperature(factor, logMultiplier);
  return (temperature(factor, 1) / divisor) * attentionFactor;
}

function temperature(factor: number, multiplier: number): number {
  return 0.1 * multiplier * ln(factor) + 1;
}
