/**
 * The least time a step can take on a machine: that of reading its weights, keys and values from memory, or that of its
 * int8 operations, whichever is longer (the roofline of Williams, Waterman and Patterson, 2009). Weights that stay in
 * the caches of the processor are read faster than that.
 */

import type { MachineLimits } from "../native/limits.ts";
import type { Plan } from "../plan/plan.ts";
import type { BenchTest } from "./bench_tests.ts";

/** What steps of a plan cost. */
export interface StepCosts {
  /** Bytes of weights that every step reads. */
  readonly weightsBytes: number;
  /** Operations per token of the step, and per row of logits. A product and a sum are two. */
  readonly tokenOperations: number;
  readonly outputOperations: number;
  /** Whether all of them are of int8. */
  readonly isInteger: boolean;
}

/** Keys and values that attention reads, of one group of layers. */
export interface CacheCosts {
  /** Bytes of a position. */
  readonly positionBytes: number;
  /** How many positions a token sees; 0: all. */
  readonly window: number;
}

/** What {@linkcode roofline} compares. */
export interface RooflineOptions {
  readonly test: BenchTest;
  /** The most tokens in a step. */
  readonly stepTokens: number;
  readonly caches: readonly CacheCosts[];
  readonly limits: MachineLimits;
}

/** The least time of a test. */
export interface Roofline {
  readonly seconds: number;
  /** What takes most of it. */
  readonly limit: "read" | "int8";
}

/** Adds up the matrix products of a plan; `weightsBytes` is what loading has made of their matrices. */
export function stepCosts(plan: Plan, weightsBytes: number): StepCosts {
  let [tokenOperations, outputOperations, isInteger] = [0, 0, true];
  for (const { op, src: [activations], weights: [weight] } of plan.instructions) {
    if (op !== "MATMUL") continue;
    // Q16 is two products with the same weights.
    const operations = 2 * weight.rows * weight.columns * (activations.type === "Q16" ? 2 : 1);
    if (activations.rows === "TOKENS") tokenOperations += operations;
    else outputOperations += operations;
    if (activations.type === "F32") isInteger = false;
  }
  return { weightsBytes, tokenOperations, outputOperations, isInteger };
}

/**
 * The least time of a test whose prompt is computed in steps of up to `stepTokens` tokens.
 *
 * @returns `undefined` where it cannot be said: steps of several tokens in f32 have no limit that is measured.
 */
export function roofline(costs: StepCosts, options: RooflineOptions): Roofline | undefined {
  const { test, stepTokens, caches, limits } = options;
  const { readBytesPerSecond, int8OperationsPerSecond } = limits;
  const seconds = { read: 0, int8: 0 };
  function addStep(position: number, tokens: number, outputs: number): void {
    const positions = position + tokens;
    const cacheBytes = caches.reduce((sum, { positionBytes, window }) => {
      return sum + positionBytes * (window === 0 ? positions : Math.min(positions, window + tokens - 1));
    }, 0);
    const reading = (costs.weightsBytes + cacheBytes) / readBytesPerSecond;
    const computing = (tokens * costs.tokenOperations + outputs * costs.outputOperations) / int8OperationsPerSecond;
    if (reading >= computing) seconds.read += reading;
    else seconds.int8 += computing;
  }
  if (!costs.isInteger && test.prompt > 1) return undefined;
  for (let done = 0; done < test.prompt; done += stepTokens) {
    const tokens = Math.min(stepTokens, test.prompt - done);
    addStep(test.depth + done, tokens, done + tokens === test.prompt ? 1 : 0);
  }
  for (let i = 0; i < test.generated; i++) addStep(test.depth + test.prompt + i, 1, 1);
  return { seconds: seconds.read + seconds.int8, limit: seconds.read >= seconds.int8 ? "read" : "int8" };
}
