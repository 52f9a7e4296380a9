/**
 * The meaning of every op of csrc/abi.h, as the shortest loop that computes it.
 */

import { RopePairs } from "../../src/native/abi.ts";
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
  /** Keys and values by layer and slot. */
  readonly cache: Map<string, Float64Array>;
  readonly cacheShape: CacheShape | undefined;
  /** Where the cache has a position of a token's sequence. */
  readonly slot: (token: number, position: number) => number;
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

function kvWrite({ step, rows, src, cache, slot }: Machine, { src: [keys, values], n: [layer] }: Instruction): void {
  for (let t = 0; t < rows; t++) {
    const at = `${layer} ${slot(t, step.positions[t])}`;
    cache.set(`keys ${at}`, src[0].slice(t * keys.columns, (t + 1) * keys.columns));
    cache.set(`values ${at}`, src[1].slice(t * values.columns, (t + 1) * values.columns));
  }
}

function attention(
  { step, rows, dst, src, cache, cacheShape, slot }: Machine,
  { n: [layer, heads], f }: Instruction,
): void {
  const { heads: keyValueHeads, keyColumns, valueColumns } = cacheShape!;
  for (let t = 0; t < rows; t++) {
    const positions = Array.from({ length: step.positions[t] + 1 }, (_, position) => `${layer} ${slot(t, position)}`);
    const keys = positions.map((at) => cache.get(`keys ${at}`)!);
    const values = positions.map((at) => cache.get(`values ${at}`)!);
    for (let h = 0; h < heads; h++) {
      const g = Math.floor(h / (heads / keyValueHeads));
      const query = src[0].subarray((t * heads + h) * keyColumns, (t * heads + h + 1) * keyColumns);
      const scores = keys.map((key) => f[0] * dot(query, key.subarray(g * keyColumns, (g + 1) * keyColumns)));
      const max = scores.reduce((a, b) => Math.max(a, b), -Infinity);
      const weights = scores.map((score) => Math.exp(score - max));
      const total = weights.reduce((a, b) => a + b, 0);
      const start = (t * heads + h) * valueColumns;
      for (let i = 0; i < valueColumns; i++) {
        let sum = 0;
        for (let p = 0; p < positions.length; p++) sum += weights[p] * values[p][g * valueColumns + i];
        dst[start + i] = sum / total;
      }
    }
  }
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
