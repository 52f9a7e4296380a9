/**
 * Top-p (nucleus) sampling: the fewest tokens stay whose probabilities add up to p (Holtzman et al., "The Curious
 * Case of Neural Text Degeneration", 2019).
 */

import { exp } from "../numeric/exponential.ts";
import { ln } from "../numeric/logarithm.ts";
import { Candidates } from "./candidates.ts";
import { checkNumber } from "./check.ts";

/** Options of top-p sampling. */
export interface TopPOptions {
  /** The probability that the tokens in the running must reach together: in (0, 1]; 1 is off. Default 0.95. */
  topP?: number | undefined;
}

/** Fills in the default and checks the range. */
export function resolveTopP({ topP }: TopPOptions): number {
  const range = { text: "in (0, 1]", holds: (x: number) => x > 0 && x <= 1 };
  return checkNumber("topP", { value: topP, fallback: 0.95, range });
}

/** Keeps the candidates with the highest logits whose probabilities, among the candidates, first reach `p` together. */
export function keepTopP(candidates: Candidates, p: number): void {
  if (p >= 1) return;
  const { logits, weights } = candidates;
  const highest = candidates.highest();
  let total = 0;
  for (let i = 0; i < candidates.count; i++) {
    weights[i] = exp(logits[i] - highest);
    total += weights[i];
  }
  if (candidates.sorted) cutSorted(candidates, p * total);
  else cutUnsorted(candidates, { highest, target: p * total, rest: (1 - p) * total });
}

/** Cuts ordered candidates where their weights reach the target. */
function cutSorted(candidates: Candidates, target: number): void {
  const { weights, count } = candidates;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += weights[i];
    if (sum >= target) {
      candidates.count = i + 1;
      return;
    }
  }
}

const BUCKETS = 4096;
/** The summed weights of the candidates in each bucket. (BUCKETS) */
const bucketWeights = new Float64Array(BUCKETS);
/** The candidates of the one bucket that has to be sorted. */
const edge = new Candidates();

/**
 * Cuts candidates without sorting them all, which would take tens of milliseconds for a large vocabulary: they go into
 * buckets by logit, and only the bucket in which the target is reached is sorted.
 */
function cutUnsorted(
  candidates: Candidates,
  { highest, target, rest }: { highest: number; target: number; rest: number },
): void {
  const { ids, logits, weights, count } = candidates;
  // Candidates below rest / count cannot matter: all of them together do not reach the rest. Half of it leaves room for
  // rounding.
  const lowest = highest + ln(0.5 * rest / count);
  const scale = BUCKETS / (highest - lowest);
  bucketWeights.fill(0);
  for (let i = 0; i < count; i++) {
    const bucket = (highest - logits[i]) * scale;
    if (bucket < BUCKETS) bucketWeights[Math.floor(bucket)] += weights[i];
  }
  let sum = 0;
  let last = 0;
  for (; last < BUCKETS - 1 && sum + bucketWeights[last] < target; last++) sum += bucketWeights[last];
  edge.reset(count);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const bucket = Math.floor((highest - logits[i]) * scale);
    if (bucket === last) edge.push(ids[i], logits[i]);
    if (bucket >= last) continue;
    ids[kept] = ids[i];
    logits[kept] = logits[i];
    kept++;
  }
  edge.sort();
  for (let i = 0; i < edge.count && (i === 0 || sum < target); i++) {
    sum += exp(edge.logits[i] - highest);
    ids[kept] = edge.ids[i];
    logits[kept] = edge.logits[i];
    kept++;
  }
  candidates.count = kept;
}
