/**
 * Min-p sampling: a token stays if its probability is at least p times that of the most probable one (Nguyen et al.,
 * "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs", 2024).
 */

import { ln } from "../numeric/logarithm.ts";
import type { Candidates } from "./candidates.ts";
import { checkNumber } from "./check.ts";

/** Options of min-p sampling. */
export interface MinPOptions {
  /** The least probability of a token, as a part of the highest one: in [0, 1]; 0 is off. Default 0.05. */
  minP?: number | undefined;
}

/** Fills in the default and checks the range. */
export function resolveMinP({ minP }: MinPOptions): number {
  const range = { text: "in [0, 1]", holds: (x: number) => x >= 0 && x <= 1 };
  return checkNumber("minP", { value: minP, fallback: 0.05, range });
}

/** Keeps the candidates with at least `p` times the highest probability. */
export function keepMinP(candidates: Candidates, p: number): void {
  // A ratio of probabilities is a difference of logits.
  if (p > 0) candidates.keepFrom(candidates.highest() + ln(p));
}
