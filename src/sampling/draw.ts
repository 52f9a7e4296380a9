/**
 * The end of the chain: one candidate is drawn by its probability.
 */

import { exp } from "../numeric/exponential.ts";
import type { Candidates } from "./candidates.ts";

/**
 * Draws a candidate with probability proportional to exp(logit).
 *
 * @param candidates At least one, the highest logit being 0
 * @param unit A random number in [0, 1)
 * @returns The token id
 */
export function draw({ ids, logits, weights, count }: Candidates, unit: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) {
    weights[i] = exp(logits[i]);
    total += weights[i];
  }
  const target = unit * total;
  let sum = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    if (weights[i] === 0) continue;
    sum += weights[i];
    last = i;
    if (sum > target) break;
  }
  // The same sums in the same order reach the total, so only a target rounded up to it gets here without a break.
  return ids[last];
}
