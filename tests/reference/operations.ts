/**
 * The meaning of every op of csrc/abi.h, as the shortest loop that computes it.
 */

import { AttentionWeights, RopePairs } from "../../src/native/abi.ts";
import type { Step } from "../../src/plan/frame.ts";
import type { CacheShape, Instruction, OpName } from "../../src/plan/plan.ts";

/** What an op works on. Matrices are row by row, without padding. */
export interface Machine {
  readonly step: Step;
  /** Rows of what is written. */
  readonly rows: number;
  readonly dst: Float64Array;
  readonly src: readonly Float64Array[];
  readonly weights: readonly Float64Array[];
  /** Keys and values by layer, group and slot. */
  readonly cache: Map<string, Float64Array>;
  readonly cacheShape: CacheShape | undefined;
  /** Where the cache has a position of a token's sequence. */
  readonly slot: (token: number, place: { group: number; position: number }) => string;
}

type Operation = (machine: Machine, instruction: Instruction) => void;

/** One function per op. */
export const operations: Readonly<Record<OpName, Operation>> = {
  EMBED: embed,
  RMS_NORM: rmsNorm,
  QUANTIZE: ({ dst, src }) => dst.set(src[0]),
  MATMUL: matmul,
  ROPE_TABLE: ropeTable,
  ROPE: rope,
  KV_WRITE: kvWrite,
  ATTENTION: attention,
  SWIGLU: ({ dst, src }) => dst.forEach((_, i) => dst[i] = silu(src[0][i]) * src[1][i]),
  ADD: ({ dst, src }) => dst.forEach((_, i) => dst[i] = src[0][i] + src[1][i]),
  ROWS: rows,
};

function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

function embed({ step, dst, weights }: Machine, { dst: buffer, f }: Instruction): void {
  const { columns } = buffer!;
  for (let t = 0; t < step.tokens.length; t++) {
    for (let i = 0; i < columns; i++) dst[t * columns + i] = weights[0][step.tokens[t] * columns + i] * f[0];
  }
}

function rmsNorm({ dst, src, weights }: Machine, { n, f }: Instruction): void {
  const group = n[0];
  for (let start = 0; start < dst.length; start += group) {
    let squares = 0;
    for (let i = 0; i < group; i++) squares += src[0][start + i] ** 2;
    const scale = 1 / Math.sqrt(squares / group + f[0]);
    for (let i = 0; i < group; i++) dst[start + i] = src[0][start + i] * scale * weights[0][i];
  }
}

function matmul({ rows, dst, src, weights }: Machine, { weights: [matrix] }: Instruction): void {
  const { rows: m, columns: n } = matrix;
  const [w, bias] = weights;
  // Rows of the matrix outside: each is read once.
  for (let i = 0; i < m; i++) {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += src[0][r * n + j] * w[i * n + j];
      // dst is zero where the product is not accumulated.
      dst[r * m + i] += sum + (bias === undefined ? 0 : bias[i]);
    }
  }
}

function ropeTable({ step, dst, weights }: Machine, { dst: buffer, f }: Instruction): void {
  const r = buffer!.columns;
  for (let t = 0; t < step.tokens.length; t++) {
    for (let i = 0; i < r / 2; i++) {
      const angle = step.positions[t] * weights[0][i];
      dst[t * r + 2 * i] = Math.cos(angle) * f[0];
      dst[t * r + 2 * i + 1] = Math.sin(angle) * f[0];
    }
  }
}

function rope({ rows, src }: Machine, { src: [buffer], n: [headColumns, r, pairs] }: Instruction): void {
  const [x, table] = src;
  for (let t = 0; t < rows; t++) {
    for (let head = 0; head < buffer.columns / headColumns; head++) {
      const start = t * buffer.columns + head * headColumns;
      for (let i = 0; i < r / 2; i++) {
        const [a, b] = pairs === RopePairs.NEOX ? [start + i, start + i + r / 2] : [start + 2 * i, start + 2 * i + 1];
        const [cos, sin] = [table[t * r + 2 * i], table[t * r + 2 * i + 1]];
        [x[a], x[b]] = [x[a] * cos - x[b] * sin, x[a] * sin + x[b] * cos];
      }
    }
  }
}

function kvWrite({ step, rows, src, cache, slot }: Machine, { src: [keys, values], n }: Instruction): void {
  const [layer, group] = n;
  for (let t = 0; t < rows; t++) {
    const at = `${layer} ${slot(t, { group, position: step.positions[t] })}`;
    cache.set(`keys ${at}`, src[0].slice(t * keys.columns, (t + 1) * keys.columns));
    cache.set(`values ${at}`, src[1].slice(t * values.columns, (t + 1) * values.columns));
  }
}

function attention(machine: Machine, { n, f, ...instruction }: Instruction): void {
  const { rows, dst, src, weights: given, cache, cacheShape, slot } = machine;
  const [layer, heads, group, weightsGiven] = n;
  const [scale, cap] = f;
  const { heads: keyValueHeads, keyColumns, valueColumns } = cacheShape![group];
  const sinks = weightsGiven & AttentionWeights.SINKS ? given[0] : undefined;
  const slopes = weightsGiven & AttentionWeights.SLOPES ? given[instruction.weights.length - 1] : undefined;
  for (let t = 0; t < rows; t++) {
    const positions = seenPositions(machine, { token: t, group });
    const at = positions.map((position) => `${layer} ${slot(t, { group, position })}`);
    const [keys, values] = ["keys", "values"].map((what) => at.map((place) => cache.get(`${what} ${place}`)!));
    for (let h = 0; h < heads; h++) {
      const g = Math.floor(h / (heads / keyValueHeads));
      const query = src[0].subarray((t * heads + h) * keyColumns, (t * heads + h + 1) * keyColumns);
      const scores = keys.map((key, i) => {
        const score = scale * dot(query, key.subarray(g * keyColumns, (g + 1) * keyColumns));
        const distance = positions[i] - machine.step.positions[t];
        return (cap > 0 ? cap * Math.tanh(score / cap) : score) + (slopes === undefined ? 0 : slopes[h] * distance);
      });
      const max = scores.reduce((a, b) => Math.max(a, b), sinks?.[h] ?? -Infinity);
      const weights = scores.map((score) => Math.exp(score - max));
      const total = weights.reduce((a, b) => a + b, sinks === undefined ? 0 : Math.exp(sinks[h] - max));
      const start = (t * heads + h) * valueColumns;
      for (let i = 0; i < valueColumns; i++) {
        let sum = 0;
        for (let p = 0; p < positions.length; p++) sum += weights[p] * values[p][g * valueColumns + i];
        dst[start + i] = total === 0 ? 0 : sum / total;
      }
    }
  }
}

/** The positions that a token sees, ascending. */
function seenPositions({ step, cacheShape }: Machine, { token, group }: { token: number; group: number }): number[] {
  const { positions, sequences, prefixes, masks } = step;
  const own = positions[token];
  const { window = 0 } = cacheShape![group];
  const prefix = prefixes?.[sequences[token]] ?? 0;
  const end = masks === undefined ? (own < prefix ? prefix : own + 1) : masks.wordsPerToken * 32;
  return Array.from({ length: end }, (_, position) => position).filter((position) => {
    if (window > 0 && position <= own - window) return false;
    if (masks === undefined) return true;
    return (masks.words[token * masks.wordsPerToken + (position >> 5)] >>> (position & 31) & 1) === 1;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function rows({ step, dst, src }: Machine, { dst: buffer }: Instruction): void {
  const { columns } = buffer!;
  for (let r = 0; r < step.outputs.length; r++) {
    const from = step.outputs[r] * columns;
    dst.set(src[0].subarray(from, from + columns), r * columns);
  }
}
