/** The kernels that kernels.ts measures: plans of one op, repeated until a call of the library no longer counts. */

import { tensorTypeByName } from "../../src/gguf/tensor_types.ts";
import type { PlanBuilder } from "../../src/plan/builder.ts";
import { type Buffer, type CacheShape, isIntegerType, weightTypes } from "../../src/plan/plan.ts";

/** What is to be measured. */
export interface Kernel {
  readonly name: string;
  /** The weight format; "" for ops without weights. */
  readonly format: string;
  readonly tokens: number;
  /** Positions that come before those of the step. */
  readonly depth: number;
  /** How often the op is in the plan. */
  readonly repeat: number;
  /** The size of the weights, in bytes. */
  readonly weightBytes: number;
  /** What one execution of the plan moves through memory beside weights in tiles, in bytes. */
  readonly bytes: number;
  /** What one execution of the plan computes; a multiplication and an addition are two. */
  readonly operations: number;
  readonly cache: CacheShape | undefined;
  /** Records the ops. */
  readonly record: (plan: PlanBuilder) => void;
}

/** A layer of a model of about a billion parameters. */
const COLUMNS = 2048;
const HEADS = 32;
const HEAD_COLUMNS = COLUMNS / HEADS;
const KEY_VALUE_HEADS = 8;
const TOKENS = 64;
const DEPTH = 1024;

const CACHE: CacheShape = [{
  layers: 1,
  heads: KEY_VALUE_HEADS,
  keyColumns: HEAD_COLUMNS,
  valueColumns: HEAD_COLUMNS,
  keyType: "F16",
  valueType: "F16",
  blocks: Math.ceil((DEPTH + TOKENS) / 64),
}];

/** The matrices of a step with one token: as in a real model much more than caches, or the share of the limit lies. */
const STREAMED_BYTES = 256 * 1024 * 1024;

/** All kernels. */
export function kernelList(): Kernel[] {
  const matmuls = weightTypes.flatMap((format) => [matmul(format, 1), matmul(format, TOKENS)]);
  return [...matmuls, ...attentions(), ...elementwise()];
}

/** x (tokens, n) * W (m, n)^T with activations in the form the weights take by default. */
function matmul(format: (typeof weightTypes)[number], tokens: number): Kernel {
  const { blockValues, blockBytes } = tensorTypeByName(format)!;
  const matrixBytes = (COLUMNS * COLUMNS / blockValues) * blockBytes;
  const repeat = tokens === 1 ? Math.ceil(STREAMED_BYTES / matrixBytes) : 1;
  return {
    name: "matmul",
    format,
    tokens,
    depth: 0,
    repeat,
    weightBytes: repeat * matrixBytes,
    bytes: 0,
    operations: repeat * 2 * COLUMNS * COLUMNS * tokens,
    cache: undefined,
    record(plan) {
      const x = input(plan);
      const src = isIntegerType(format) ? plan.quantize(x, { label: "x" }) : x;
      for (let i = 0; i < repeat; i++) {
        const shape = { layout: "TILES", offset: i * matrixBytes, rows: COLUMNS, columns: COLUMNS } as const;
        const weight = plan.weight({ label: `w${i}`, type: format, ...shape });
        plan.keep(plan.matmul(src, weight, { label: `w${i}` }));
      }
    },
  };
}

function attentions(): Kernel[] {
  return [1, TOKENS].map((tokens) => {
    const repeat = tokens === 1 ? 16 : 1;
    return {
      ...unweighted("attention", tokens),
      format: "F16",
      depth: DEPTH,
      repeat,
      // Keys and values of every position, two bytes each.
      bytes: repeat * (DEPTH + tokens) * KEY_VALUE_HEADS * HEAD_COLUMNS * 2 * 2,
      operations: repeat * 4 * COLUMNS * tokens * (DEPTH + tokens / 2),
      cache: CACHE,
      record(plan) {
        const queries = input(plan);
        const options = { layer: 0, heads: HEADS, scale: 1 / Math.sqrt(HEAD_COLUMNS) };
        for (let i = 0; i < repeat; i++) plan.keep(plan.attention(queries, { label: "attention", ...options }));
      },
    };
  });
}

/** The ops that read and write each value once, with the bytes they read and write per value of the input. */
function elementwise(): Kernel[] {
  return [
    stream("embed Q4_K", { bytes: 144 / 256 + 4, prepare: recordEmbedding, weightBytes: TOKENS * COLUMNS / 256 * 144 }),
    stream("rms_norm", {
      bytes: 8,
      prepare(plan, x) {
        const weight = plan.constant(new Float32Array(COLUMNS).fill(1), { label: "w" });
        return () => plan.rmsNorm(x, weight, { label: "rms_norm", epsilon: 1e-5 });
      },
    }),
    stream("quantize", { bytes: 6, prepare: (plan, x) => () => plan.quantize(x, { label: "quantize" }) }),
    stream("rope_table", { bytes: 4 * HEAD_COLUMNS / COLUMNS, prepare: (plan) => () => ropeTable(plan) }),
    stream("rope", {
      bytes: 8,
      prepare(plan, x) {
        const table = ropeTable(plan);
        return () => plan.rope(x, table, { label: "rope", headColumns: HEAD_COLUMNS, pairs: "INTERLEAVED" });
      },
    }),
    { ...stream("kv_write", { bytes: 2 * 6 / 4, prepare: recordKeys }), cache: CACHE },
    stream("swiglu", { bytes: 12, prepare: (plan, x) => () => plan.swiglu(x, x, { label: "swiglu" }) }),
    stream("add", { bytes: 12, prepare: (plan, x) => () => plan.add(x, x, { label: "add" }) }),
    stream("rows", { bytes: 8, prepare: (plan, x) => () => plan.rows(x, { label: "rows" }) }),
  ];
}

/** A kernel that repeats what `prepare` returns. */
function stream(
  name: string,
  op: { bytes: number; weightBytes?: number; prepare(plan: PlanBuilder, x: Buffer): () => Buffer | undefined },
): Kernel {
  const repeat = 16;
  const { bytes, weightBytes = 0, prepare } = op;
  const [kernel, format = ""] = name.split(" ");
  return {
    ...unweighted(kernel, TOKENS),
    format,
    repeat,
    weightBytes,
    bytes: repeat * bytes * COLUMNS * TOKENS,
    record(plan) {
      const record = prepare(plan, input(plan));
      for (let i = 0; i < repeat; i++) {
        const result = record();
        if (result !== undefined) plan.keep(result);
      }
    },
  };
}

function unweighted(name: string, tokens: number): Omit<Kernel, "bytes" | "repeat" | "record"> {
  return { name, format: "", tokens, depth: 0, weightBytes: 0, operations: 0, cache: undefined };
}

function recordEmbedding(plan: PlanBuilder): () => Buffer {
  const shape = { layout: "ROWS", offset: 0, rows: TOKENS, columns: COLUMNS } as const;
  const weight = plan.weight({ label: "table", type: "Q4_K", ...shape });
  return () => plan.embed(weight, { label: "embed" });
}

function ropeTable(plan: PlanBuilder): Buffer {
  const frequencies = plan.constant(new Float64Array(HEAD_COLUMNS / 2).fill(0.5), { label: "frequencies" });
  return plan.ropeTable(frequencies, { label: "rope_table" });
}

/** Keys and values of a quarter of the columns each, as grouped heads have them. */
function recordKeys(plan: PlanBuilder): () => undefined {
  const keys = plan.input({ label: "keys", columns: KEY_VALUE_HEADS * HEAD_COLUMNS, rows: "TOKENS" });
  return () => void plan.kvWrite(keys, keys, { label: "kv_write", layer: 0 });
}

function input(plan: PlanBuilder): Buffer {
  return plan.input({ label: "x", columns: COLUMNS, rows: "TOKENS" });
}
