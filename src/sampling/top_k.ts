/**
 * Top-k sampling: only the k tokens with the highest logits stay (Fan et al., "Hierarchical Neural Story Generation",
 * 2018).
 */

import { noCandidates, unusableLogit } from "./candidates.ts";
import type { Candidates } from "./candidates.ts";
import { checkNumber } from "./check.ts";

/** Options of top-k sampling. */
export interface TopKOptions {
  /** How many tokens stay in the running: an integer; 0 is off. Default 40. */
  topK?: number | undefined;
}

/** Fills in the default and checks the range. */
export function resolveTopK({ topK }: TopKOptions): number {
  const range = { text: "an integer from 0 on", holds: (x: number) => Number.isSafeInteger(x) && x >= 0 };
  return checkNumber("topK", { value: topK, fallback: 40, range });
}

/**
 * Makes candidates of the k tokens with the highest logits, in order; of equal ones at the edge the lowest ids. With
 * k = 0, or one that is no smaller than the vocabulary, all are candidates, and not in order.
 *
 * One pass over the logits with a heap of k: nearly all of them are dismissed by one comparison with the heap's root.
 */
export function selectTopK(candidates: Candidates, { logits, k }: { logits: Float32Array; k: number }): void {
  const wanted = k === 0 ? logits.length : Math.min(k, logits.length);
  candidates.reset(wanted);
  let id = 0;
  for (; id < logits.length && candidates.count < wanted; id++) {
    const logit = logits[id];
    if (!(logit <= Number.MAX_VALUE)) throw unusableLogit(logits, id);
    if (logit !== -Infinity) candidates.push(id, logit);
  }
  if (candidates.count === 0) throw noCandidates(logits);
  if (wanted === logits.length) return;
  candidates.buildHeap();
  let lowest = candidates.logits[0];
  for (; id < logits.length; id++) {
    const logit = logits[id];
    // Negated, so that NaN takes this branch too.
    if (!(logit <= lowest)) {
      if (!(logit <= Number.MAX_VALUE)) throw unusableLogit(logits, id);
      candidates.replaceLast(id, logit);
      lowest = candidates.logits[0];
    }
  }
  candidates.sortHeap();
}
