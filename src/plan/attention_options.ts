/** What attention may be told, and how an instruction says it. */

import { AttentionWeights, Limit } from "../native/abi.ts";
import { expectColumns, expectCount, expectDivisor, expectRowVector, type Place, placeError } from "./checks.ts";
import type { CacheGroup, Weight } from "./plan.ts";

/** Which layer attention is of, and how scores are made. */
export interface AttentionOptions {
  /** The layer, in its group of the cache. */
  readonly layer: number;
  /** Default: 0. */
  readonly group?: number;
  /** Query heads. */
  readonly heads: number;
  /** What products of queries and keys are multiplied with. */
  readonly scale: number;
  /** Scores s become cap * tanh(s / cap) (Gemma 2, https://arxiv.org/abs/2408.00118). Default: 0, they do not. */
  readonly softCap?: number | undefined;
  /** Per head the score of one more position, whose values are 0. F32 (1, heads). Default: there is none. */
  readonly sinks?: Weight | undefined;
  /**
   * Per head what is added to scores per position of distance, times -1 (ALiBi, https://arxiv.org/abs/2108.12409). F32
   * (1, heads). Default: nothing.
   */
  readonly slopes?: Weight | undefined;
}

/** The numbers and weights of an ATTENTION instruction. */
export function attentionParts(
  options: AttentionOptions,
  { cache, at }: { cache: CacheGroup; at: Place },
): { weights: Weight[]; n: number[]; f: number[] } {
  const { layer, group = 0, heads, scale, softCap = 0, sinks, slopes } = options;
  expectCount("heads", heads, { max: Limit.HEADS, place: at });
  expectDivisor(cache.heads, heads, { ...at, what: "heads over key/value heads" });
  if (!(softCap >= 0 && softCap < Infinity)) {
    throw placeError(at, `Expected softCap to be a number above 0, or 0 for none, but found ${softCap}`);
  }
  const weights: Weight[] = [];
  for (const weight of [sinks, slopes]) {
    if (weight === undefined) continue;
    expectRowVector(weight, "F32", at);
    expectColumns("a weight of heads", weight, { ...at, columns: heads });
    weights.push(weight);
  }
  const given = (sinks === undefined ? 0 : AttentionWeights.SINKS) |
    (slopes === undefined ? 0 : AttentionWeights.SLOPES);
  const n = given === 0 ? [layer, heads, group] : [layer, heads, group, given];
  return { weights, n, f: softCap === 0 ? [scale] : [scale, softCap] };
}
