/**
 * Greedy sampling: the token with the highest logit. What temperature 0 means.
 */

import { noCandidates, unusableLogit } from "./candidates.ts";

/**
 * The token with the highest logit, of equal ones the lowest id.
 *
 * @param logits (vocabulary)
 * @throws {RangeError} When a logit is NaN or Infinity, or all are -Infinity
 */
export function argmax(logits: Float32Array): number {
  let best = -1;
  let highest = -Infinity;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id];
    // Negated, so that NaN takes this branch too.
    if (!(logit <= highest)) {
      if (!(logit <= Number.MAX_VALUE)) throw unusableLogit(logits, id);
      highest = logit;
      best = id;
    }
  }
  if (best === -1) throw noCandidates(logits);
  return best;
}
