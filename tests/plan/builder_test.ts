// What the builder records for each op, and what it refuses.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Limit, RopePairs } from "../../src/native/abi.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import { type Buffer, bufferRowBytes, type Plan, type Weight } from "../../src/plan/plan.ts";
import { runWhole } from "../../src/time_slice.ts";

const heads = { heads: 2, keyColumns: 16, valueColumns: 32, keyType: "F16", valueType: "F16" } as const;
const cache = [{ ...heads, layers: 2, blocks: 4 }, { ...heads, layers: 1, blocks: 2, window: 64 }];
const sizes = { tokensMax: 8, outputsMax: 4, contextLength: 100 };

/** A builder with tensors of every kind to try ops on. */
function workbench() {
  const plan = new PlanBuilder({ ...sizes, cache });
  const matrix = (parts: Partial<Weight> = {}) =>
    plan.weight({ label: "w", type: "F32", layout: "TILES", offset: 0, rows: 96, columns: 64, ...parts });
  const vector = (columns: number) => matrix({ label: "v", layout: "ROWS", rows: 1, columns });
  const x = plan.input({ label: "x", rows: "TOKENS", columns: 64 }); // (tokens, 64)
  const narrow = plan.input({ label: "narrow", rows: "TOKENS", columns: 32 }); // (tokens, 32)
  const q8 = plan.quantize(x, { label: "x" }); // (tokens, 64)
  const outputs = plan.rows(x, { label: "x" }); // (outputs, 64)
  const angles = plan.ropeTable(plan.constant(new Float64Array(8), { label: "f" }), { label: "rope" }); // (tokens, 16)
  return { plan, matrix, vector, x, narrow, q8, outputs, angles };
}

type Workbench = ReturnType<typeof workbench>;

/** The last instruction of what a function records, as plain numbers. */
function lastInstruction(record: (bench: Workbench) => unknown) {
  const bench = workbench();
  record(bench);
  const { instructions }: Plan = runWhole(bench.plan.finish());
  const { op, dst, src, weights, n, f, accumulate } = instructions[instructions.length - 1];
  const shape = (one: Buffer | undefined) => one && [one.type, one.rows, one.columns];
  return { op, dst: shape(dst), src: src.map(shape), weights: weights.map(({ label }) => label), n, f, accumulate };
}

const empty = { weights: [], n: [], f: [], accumulate: false };
const [tokens64, outputs64] = [["F32", "TOKENS", 64], ["F32", "OUTPUTS", 64]];

describe("bufferRowBytes()", () => {
  it("pads F32 to cache lines, and Q8 and Q16 to pairs of blocks", () => {
    const bytes = (type: Buffer["type"], columns: number) => bufferRowBytes({ type, columns });
    assert.deepEqual([1, 16, 17, 172].map((columns) => bytes("F32", columns)), [64, 64, 128, 704]);
    assert.deepEqual([1, 32, 33, 64, 65, 172].map((columns) => bytes("Q8", columns)), [128, 128, 128, 128, 256, 384]);
    assert.deepEqual([32, 64, 96].map((columns) => bytes("Q16", columns)), [256, 256, 512]);
  });
});

describe("PlanBuilder records", () => {
  it("embed", () => {
    const found = lastInstruction(({ plan, matrix }) =>
      plan.embed(matrix({ layout: "ROWS", type: "Q8_0" }), { label: "e", scale: 2 })
    );
    assert.deepEqual(found, { ...empty, op: "EMBED", dst: tokens64, src: [], weights: ["w"], f: [2] });
  });

  it("rmsNorm, of rows and of heads, in F32 and Q8", () => {
    const whole = lastInstruction(({ plan, x, vector }) => plan.rmsNorm(x, vector(64), { label: "n", epsilon: 1e-5 }));
    const expected = { ...empty, op: "RMS_NORM", src: [tokens64], weights: ["v"], f: [1e-5] };
    assert.deepEqual(whole, { ...expected, dst: tokens64, n: [64] });
    const heads = lastInstruction(({ plan, x, vector }) =>
      plan.rmsNorm(x, vector(16), { label: "n", epsilon: 1e-5, type: "Q8" })
    );
    assert.deepEqual(heads, { ...expected, dst: ["Q8", "TOKENS", 64], n: [16] });
  });

  it("quantize", () => {
    const found = lastInstruction(({ plan, outputs }) => plan.quantize(outputs, { label: "q" }));
    assert.deepEqual(found, { ...empty, op: "QUANTIZE", dst: ["Q8", "OUTPUTS", 64], src: [outputs64] });
    const twice = lastInstruction(({ plan, x }) => plan.quantize(x, { label: "q", type: "Q16" }));
    assert.deepEqual(twice, { ...empty, op: "QUANTIZE", dst: ["Q16", "TOKENS", 64], src: [tokens64] });
  });

  it("matmul, with a bias, and added to a buffer", () => {
    const expected = { ...empty, op: "MATMUL", src: [tokens64] };
    const plain = lastInstruction(({ plan, x, matrix, vector }) =>
      plan.matmul(x, matrix({ type: "Q8_0" }), { label: "m", bias: vector(96) })
    );
    assert.deepEqual(plain, { ...expected, dst: ["F32", "TOKENS", 96], weights: ["w", "v"] });
    const added = lastInstruction(({ plan, q8, narrow, matrix }) =>
      plan.matmul(q8, matrix({ type: "Q4_0", rows: 32 }), { label: "m", addTo: narrow })
    );
    const parts = { dst: ["F32", "TOKENS", 32], src: [["Q8", "TOKENS", 64]], weights: ["w"], accumulate: true };
    assert.deepEqual(added, { ...expected, ...parts });
  });

  it("ropeTable and rope, in place", () => {
    const table = lastInstruction(({ plan }) =>
      plan.ropeTable(plan.constant(new Float64Array(4), { label: "f" }), { label: "r", magnitude: 1.5 })
    );
    assert.deepEqual(table, {
      ...empty,
      op: "ROPE_TABLE",
      dst: ["F32", "TOKENS", 8],
      src: [],
      weights: ["f"],
      f: [1.5],
    });
    const rope = lastInstruction(({ plan, x, angles }) =>
      assert.equal(plan.rope(x, angles, { label: "r", headColumns: 32, pairs: "NEOX" }), x)
    );
    const src = [tokens64, ["F32", "TOKENS", 16]];
    assert.deepEqual(rope, { ...empty, op: "ROPE", dst: tokens64, src, n: [32, 16, RopePairs.NEOX] });
  });

  it("kvWrite and attention", () => {
    const write = lastInstruction(({ plan, narrow, x }) => plan.kvWrite(narrow, x, { label: "kv", layer: 1 }));
    const written = { dst: undefined, src: [["F32", "TOKENS", 32], tokens64], n: [1, 0] };
    assert.deepEqual(write, { ...empty, op: "KV_WRITE", ...written });
    const options = { label: "a", layer: 0, heads: 4, scale: 0.25 };
    const attention = lastInstruction(({ plan, x }) => plan.attention(x, options));
    const parts = { dst: ["F32", "TOKENS", 128], src: [tokens64], n: [0, 4, 0], f: [0.25] };
    assert.deepEqual(attention, { ...empty, op: "ATTENTION", ...parts });
    const more = (sinks: Weight) => ({ ...options, group: 1, softCap: 30, sinks, slopes: sinks });
    const { weights, n, f } = lastInstruction(({ plan, x, vector }) => plan.attention(x, more(vector(4))));
    assert.deepEqual([weights, n, f], [["v", "v"], [0, 4, 1, 3], [0.25, 30]]);
  });

  it("swiglu, add and rows", () => {
    const swiglu = lastInstruction(({ plan, x }) => plan.swiglu(x, x, { label: "s", type: "Q8" }));
    assert.deepEqual(swiglu, { ...empty, op: "SWIGLU", dst: ["Q8", "TOKENS", 64], src: [tokens64, tokens64] });
    const add = lastInstruction(({ plan, outputs }) => plan.add(outputs, outputs, { label: "a" }));
    assert.deepEqual(add, { ...empty, op: "ADD", dst: outputs64, src: [outputs64, outputs64] });
    const rows = lastInstruction(({ plan, x }) => plan.rows(x, { label: "r" }));
    assert.deepEqual(rows, { ...empty, op: "ROWS", dst: outputs64, src: [tokens64] });
  });

  it("constants at multiples of 64 bytes", () => {
    const { plan } = workbench();
    const values = Float32Array.of(1, 2, 3);
    const constant = plan.constant(values.subarray(1), { label: "c" });
    values[1] = 9;
    const { constants } = runWhole(plan.finish());
    assert.deepEqual([constant.offset, constant.type, constant.rows, constant.columns], [64, "F32", 1, 2]);
    assert.deepEqual([...new Float32Array(constants.buffer, 64, 2)], [2, 3]);
    assert.equal(constants.length, 128);
  });
});

/** What is refused, and how the error begins. */
const refusals: Record<string, readonly [(bench: Workbench) => unknown, RegExp]> = {
  "an embedding table in tiles": [
    ({ plan, matrix }) => plan.embed(matrix(), { label: "token_embd" }),
    /^embed token_embd: Expected a weight in the layout ROWS but found F32 tiles \(96, 64\) \(w\)$/,
  ],
  "an embedding table of F64": [
    ({ plan }) => plan.embed(plan.constant(new Float64Array(4), { label: "c" }), { label: "e" }),
    /^embed e: Expected a type that tensors of a file have but found F64 rows \(1, 4\) \(c\)$/,
  ],
  "a norm of Q8": [
    ({ plan, q8, vector }) => plan.rmsNorm(q8, vector(64), { label: "n", epsilon: 0 }),
    /^rms_norm n: Expected x:quantize to be f32 but found q8 \(tokens, 64\)$/,
  ],
  "a norm with a weight that does not divide": [
    ({ plan, x, vector }) => plan.rmsNorm(x, vector(48), { label: "n", epsilon: 0 }),
    /^rms_norm n: Expected to divide the columns of src in groups of the weight's evenly but found 64 \/ 48$/,
  ],
  "a norm with a matrix": [
    ({ plan, x, matrix }) => plan.rmsNorm(x, matrix(), { label: "n", epsilon: 0 }),
    /^rms_norm n: Expected one row of F32 in the layout ROWS but found F32 tiles \(96, 64\) \(w\)$/,
  ],
  "quantizing twice": [
    ({ plan, q8 }) => plan.quantize(q8, { label: "q" }),
    /^quantize q: Expected x:quantize to be f32/,
  ],
  "a product with another width": [
    ({ plan, narrow, matrix }) => plan.matmul(narrow, matrix(), { label: "blk.2.ffn_up" }),
    /^matmul blk\.2\.ffn_up: Expected src to have 64 columns but found f32 \(tokens, 32\) \(narrow\)$/,
  ],
  "a product of Q8 with floats": [
    ({ plan, q8, matrix }) => plan.matmul(q8, matrix({ type: "BF16" }), { label: "m" }),
    /^matmul m: Expected x:quantize to be f32 but found q8 \(tokens, 64\)$/,
  ],
  "a product with a matrix in rows": [
    ({ plan, x, matrix }) => plan.matmul(x, matrix({ layout: "ROWS" }), { label: "m" }),
    /^matmul m: Expected a weight in the layout TILES/,
  ],
  "a bias of another length": [
    ({ plan, x, matrix, vector }) => plan.matmul(x, matrix(), { label: "m", bias: vector(64) }),
    /^matmul m: Expected the bias to have 96 columns but found F32 rows \(1, 64\) \(v\)$/,
  ],
  "adding to a buffer of another width": [
    ({ plan, x, matrix, narrow }) => plan.matmul(x, matrix(), { label: "m", addTo: narrow }),
    /^matmul m: Expected the buffer to add to to have 96 columns/,
  ],
  "adding to a buffer with other rows": [
    ({ plan, x, matrix, outputs }) => plan.matmul(x, matrix({ rows: 64 }), { label: "m", addTo: outputs }),
    /^matmul m: Expected x:rows to have rows of the tokens but found f32 \(outputs, 64\)$/,
  ],
  "adding to src": [
    ({ plan, x, matrix }) => plan.matmul(x, matrix({ rows: 64 }), { label: "m", addTo: x }),
    /^matmul m: Expected to add to another buffer than src$/,
  ],
  "frequencies in F32": [
    ({ plan, vector }) => plan.ropeTable(vector(8), { label: "r" }),
    /^rope_table r: Expected one row of F64/,
  ],
  "heads that do not divide": [
    ({ plan, x, angles }) => plan.rope(x, angles, { label: "r", headColumns: 48, pairs: "NEOX" }),
    /^rope r: Expected to divide the columns of src in heads evenly but found 64 \/ 48$/,
  ],
  "heads smaller than the table": [
    ({ plan, x, angles }) => plan.rope(x, angles, { label: "r", headColumns: 8, pairs: "NEOX" }),
    /^rope r: Expected the columns of the table to be an integer in \[1, 8\] but found 16$/,
  ],
  "rotating outputs": [
    ({ plan, outputs, angles }) => plan.rope(outputs, angles, { label: "r", headColumns: 32, pairs: "NEOX" }),
    /^rope r: Expected x:rows to have rows of the tokens/,
  ],
  "keys of another width than the cache's": [
    ({ plan, x }) => plan.kvWrite(x, x, { label: "kv", layer: 0 }),
    /^kv_write kv: Expected the keys to have 32 columns but found f32 \(tokens, 64\) \(x\)$/,
  ],
  "values of another width than the cache's": [
    ({ plan, narrow }) => plan.kvWrite(narrow, narrow, { label: "kv", layer: 0 }),
    /^kv_write kv: Expected the values to have 64 columns/,
  ],
  "a layer the cache has not": [
    ({ plan, x }) => plan.attention(x, { label: "a", layer: 2, heads: 4, scale: 1 }),
    /^attention a: Expected a layer below 2 but found 2$/,
  ],
  "a layer the cache has in another group": [
    ({ plan, x }) => plan.attention(x, { label: "a", layer: 1, group: 1, heads: 4, scale: 1 }),
    /^attention a: Expected a layer below 1 but found 1$/,
  ],
  "a soft cap below 0": [
    ({ plan, x }) => plan.attention(x, { label: "a", layer: 0, heads: 4, scale: 1, softCap: -1 }),
    /^attention a: Expected softCap to be a number above 0, or 0 for none, but found -1$/,
  ],
  "sinks for other heads": [
    ({ plan, x, vector }) => plan.attention(x, { label: "a", layer: 0, heads: 4, scale: 1, sinks: vector(3) }),
    /^attention a: Expected a weight of heads to have 4 columns but found F32 rows \(1, 3\) \(v\)$/,
  ],
  "a group the cache has not": [
    ({ plan, narrow, x }) => plan.kvWrite(narrow, x, { label: "kv", layer: 0, group: 2 }),
    /^kv_write kv: Expected a cache group below 2 but found 2$/,
  ],
  "heads that do not share key heads evenly": [
    ({ plan, x }) => plan.attention(x, { label: "a", layer: 0, heads: 3, scale: 1 }),
    /^attention a: Expected to divide the heads over key\/value heads evenly but found 3 \/ 2$/,
  ],
  "queries of another width": [
    ({ plan, narrow }) => plan.attention(narrow, { label: "a", layer: 0, heads: 4, scale: 1 }),
    /^attention a: Expected the queries to have 64 columns/,
  ],
  "attention without a cache": [
    ({ x }) => new PlanBuilder(sizes).attention(x, { label: "a", layer: 0, heads: 4, scale: 1 }),
    /^attention a: Expected a plan with a key\/value cache but found none$/,
  ],
  "operands of different width": [
    ({ plan, x, narrow }) => plan.swiglu(x, narrow, { label: "s" }),
    /^swiglu s: Expected the second operand to have 64 columns but found f32 \(tokens, 32\) \(narrow\)$/,
  ],
  "operands of different rows": [
    ({ plan, x, outputs }) => plan.add(x, outputs, { label: "a" }),
    /^add a: Expected x:rows to have rows of the tokens/,
  ],
  "selecting rows twice": [
    ({ plan, outputs }) => plan.rows(outputs, { label: "r" }),
    /^rows r: Expected x:rows to have rows of the tokens/,
  ],
  "rows that are not whole blocks": [
    ({ matrix }) => matrix({ type: "Q4_K", columns: 64 }),
    /^Expected w to have whole blocks of Q4_K in a row but found 64 columns$/,
  ],
  "a weight without rows": [
    ({ matrix }) => matrix({ rows: 0 }),
    /^Expected the rows of weight w to be an integer in \[1, 2147483647\] but found 0$/,
  ],
  "more tokens than a step may have": [
    () => new PlanBuilder({ ...sizes, tokensMax: Limit.TOKENS + 1 }),
    /^Expected tokensMax to be an integer in \[1, 4096\] but found 4097$/,
  ],
  "more outputs than tokens": [
    () => new PlanBuilder({ ...sizes, outputsMax: 9 }),
    /^Expected outputsMax to be an integer in \[1, 8\] but found 9$/,
  ],
  "a context beyond what angles allow": [
    () => new PlanBuilder({ ...sizes, contextLength: 2 ** 20 + 1 }),
    /^Expected contextLength to be an integer in \[1, 1048576\] but found 1048577$/,
  ],
  "half a thread": [
    () => new PlanBuilder({ ...sizes, threads: 0.5 }),
    /^Expected threads to be an integer in \[1, 64\] but found 0\.5$/,
  ],
  "more buffers than C takes": [
    ({ plan, x }) => {
      for (let i = 0; i <= Limit.BUFFERS; i++) plan.add(x, x, { label: "a" });
    },
    /^Expected the number of buffers to be an integer in \[1, 4096\] but found 4097$/,
  ],
};

describe("PlanBuilder refuses", () => {
  for (const [what, [record, message]] of Object.entries(refusals)) {
    it(what, () => assert.throws(() => record(workbench()), { name: "RangeError", message }));
  }
});
