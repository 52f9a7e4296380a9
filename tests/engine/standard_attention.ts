// Standard attention, softmax(Q K^T scale) V with everything that may change scores or hide positions, written down in
// f64, and how far a result is from it.
import type { AttentionData, AttentionShape } from "./attention_plan.ts";

/** How scores are made, besides by products of queries and keys. */
export interface Scoring {
  readonly scale: number;
  /** 0: none. */
  readonly softCap?: number;
  /** Per head. */
  readonly sinks?: ArrayLike<number>;
  /** Per head. */
  readonly slopes?: ArrayLike<number>;
  /** Whether a token at `own` sees `position` of the text. Default: all up to its own. */
  readonly sees?: (own: number, position: number) => boolean;
}

/** Attention of one head at one position. */
interface Exact {
  /** (valueColumns) */
  readonly result: Float64Array;
  /** The sum of the squares of all weighted values: what the square of `result` is where they do not cancel out. */
  readonly squares: number;
}

function standardAttention(
  data: AttentionData,
  at: AttentionShape & Scoring & { position: number; head: number },
): Exact {
  const { keyValueHeads, group, keyColumns, valueColumns, position, head, scale } = at;
  const { softCap = 0, sinks, slopes, sees = (own, other) => other <= own } = at;
  const heads = keyValueHeads * group;
  const shared = Math.floor(head / group);
  const seen = Array.from({ length: data.length }, (_, p) => p).filter((p) => sees(position, p));
  const scores = Float64Array.from(seen, (p) => {
    const [query, key] = [(position * heads + head) * keyColumns, (p * keyValueHeads + shared) * keyColumns];
    let score = 0;
    for (let i = 0; i < keyColumns; i++) score += data.queries[query + i] * data.keys[key + i];
    score *= scale;
    return (softCap > 0 ? softCap * Math.tanh(score / softCap) : score) + (slopes?.[head] ?? 0) * (p - position);
  });
  const sink = sinks?.[head] ?? -Infinity;
  const max = scores.reduce((a, b) => Math.max(a, b), sink);
  const weights = scores.map((score) => Math.exp(score - max));
  const total = weights.reduce((a, b) => a + b, seen.length === 0 ? 1 : Math.exp(sink - max));
  const result = new Float64Array(valueColumns);
  let squares = 0;
  for (const [j, p] of seen.entries()) {
    const value = (p * keyValueHeads + shared) * valueColumns;
    for (let i = 0; i < valueColumns; i++) {
      const weighted = weights[j] / total * data.values[value + i];
      result[i] += weighted;
      squares += weighted * weighted;
    }
  }
  return { result, squares };
}

/** What was computed, and of what. */
export interface Computed extends Scoring {
  readonly data: AttentionData;
  readonly shape: AttentionShape;
  readonly positions: readonly number[];
}

/**
 * The largest error at a position, relative to what should be there: |y - exact| / |exact|, as vectors of all heads, or
 * to what |exact| is when nothing cancels out. Of many heads it looks at four, and at others in the next position.
 */
export function worstError(found: Float32Array, { data, shape, positions, ...scoring }: Computed): number {
  const heads = shape.keyValueHeads * shape.group;
  let worst = 0;
  for (const [row, position] of positions.entries()) {
    const stride = Math.ceil(heads / 4);
    let [difference, length, uncancelled] = [0, 0, 0];
    for (let head = row % stride; head < heads; head += stride) {
      const { result, squares } = standardAttention(data, { ...shape, ...scoring, position, head });
      const start = (row * heads + head) * shape.valueColumns;
      uncancelled += squares;
      result.forEach((value, i) => {
        difference += (found[start + i] - value) ** 2;
        length += value ** 2;
      });
    }
    // Where nothing is seen, both are 0.
    const error = difference === 0 ? 0 : Math.sqrt(difference / Math.max(length, uncancelled));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}
