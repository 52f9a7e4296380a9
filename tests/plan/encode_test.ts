// The bytes of plans and frames, read back field by field at the offsets of the generated ABI.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as abi from "../../src/native/abi.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import { encodeCacheShape, encodePlan } from "../../src/plan/encode.ts";
import { createFrame, encodeFrame } from "../../src/plan/frame.ts";
import { runWhole } from "../../src/time_slice.ts";

const heads = { layers: 3, heads: 2, keyColumns: 16, valueColumns: 32 };
const cache = [
  { ...heads, keyType: "F16", valueType: "F32", blocks: 7 },
  { ...heads, layers: 4, keyType: "F32", valueType: "F16", blocks: 5, window: 100 },
] as const;

function viewOf(bytes: Uint8Array, record: { size: number }, index = 0): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + index * record.size, record.size);
}

function words(view: DataView, offset: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => view.getUint32(offset + 4 * i, true));
}

describe("encodePlan()", () => {
  const plan = new PlanBuilder({ tokensMax: 8, outputsMax: 4, contextLength: 100, threads: 3, cache });
  const x = plan.input({ label: "x", rows: "TOKENS", columns: 64 });
  const offset = 2 ** 40 + 64;
  const w = plan.weight({ label: "w", type: "Q4_0", layout: "TILES", offset, rows: 96, columns: 64 });
  const bias = plan.constant(new Float32Array(96), { label: "b" });
  const q = plan.quantize(x, { label: "x" });
  const y = plan.matmul(q, w, { label: "y", bias });
  plan.matmul(x, w, { label: "z", addTo: y });
  plan.attention(plan.input({ label: "q", rows: "TOKENS", columns: 64 }), {
    label: "a",
    layer: 2,
    heads: 4,
    scale: 0.5,
  });
  plan.kvWrite(plan.input({ label: "k", rows: "TOKENS", columns: 32 }), x, { label: "kv", layer: 1, group: 1 });
  plan.rows(y, { label: "y" });
  const finished = runWhole(plan.finish());
  const encoded = encodePlan(finished);

  it("writes weights", () => {
    assert.equal(encoded.weightsCount, 2);
    assert.equal(encoded.weights.length, 2 * abi.WeightRecord.size);
    const [first, second] = [0, 1].map((i) => viewOf(encoded.weights, abi.WeightRecord, i));
    const { type, layout, source, rows, columns, reserved } = abi.WeightRecord;
    const numbers = (view: DataView) =>
      [type, layout, source, rows, columns, reserved].map((at) => view.getUint32(at, true));
    assert.equal(first.getBigUint64(abi.WeightRecord.offset, true), BigInt(offset));
    assert.deepEqual(numbers(first), [abi.Type.Q4_0, abi.Layout.TILES, abi.Source.MAP, 96, 64, 0]);
    assert.equal(second.getBigUint64(abi.WeightRecord.offset, true), 0n);
    assert.deepEqual(numbers(second), [abi.Type.F32, abi.Layout.ROWS, abi.Source.CONSTANTS, 1, 96, 0]);
    assert.equal(encoded.constants, finished.constants);
  });

  it("writes buffers", () => {
    assert.equal(encoded.buffers.length, finished.buffers.length * abi.BufferRecord.size);
    for (const [i, buffer] of finished.buffers.entries()) {
      const view = viewOf(encoded.buffers, abi.BufferRecord, i);
      assert.equal(view.getBigUint64(abi.BufferRecord.offset, true), BigInt(finished.arena.offsets[i]));
      assert.equal(view.getUint32(abi.BufferRecord.columns, true), buffer.columns);
      assert.equal(view.getUint16(abi.BufferRecord.type, true), abi.Type[buffer.type]);
      assert.equal(view.getUint16(abi.BufferRecord.rows, true), abi.Rows[buffer.rows]);
    }
  });

  it("writes instructions", () => {
    const { op, flags, dst, src, weight, n, f } = abi.InstrRecord;
    const none = abi.NONE;
    const read = (i: number) => {
      const view = viewOf(encoded.instructions, abi.InstrRecord, i);
      const floats = [0, 4, 8, 12].map((at) => view.getFloat32(f + at, true));
      return {
        op: view.getUint16(op, true),
        flags: view.getUint16(flags, true),
        dst: view.getUint32(dst, true),
        src: words(view, src, 3),
        weight: words(view, weight, 3),
        n: words(view, n, 4),
        f: floats,
      };
    };
    const zero = { n: [0, 0, 0, 0], f: [0, 0, 0, 0], flags: 0, weight: [none, none, none] };
    assert.equal(encoded.instructions.length, 6 * abi.InstrRecord.size);
    const product = { ...zero, op: abi.Op.MATMUL, dst: y.index };
    assert.deepEqual(read(1), { ...product, src: [q.index, none, none], weight: [w.index, bias.index, none] });
    const flagsOfSum = abi.Flag.ACCUMULATE | abi.Flag.NO_WAIT;
    const sum = { ...product, src: [x.index, none, none], weight: [w.index, none, none], flags: flagsOfSum };
    assert.deepEqual(read(2), sum);
    const attention = { ...zero, op: abi.Op.ATTENTION, n: [2, 4, 0, 0], f: [0.5, 0, 0, 0], flags: abi.Flag.NO_WAIT };
    assert.deepEqual(read(3), { ...attention, dst: 4, src: [3, none, none] });
    assert.deepEqual(read(4), { ...zero, op: abi.Op.KV_WRITE, dst: none, src: [5, x.index, none], n: [1, 1, 0, 0] });
  });

  it("writes the shape of the plan and of the cache", () => {
    const shape = viewOf(encoded.shape, abi.PlanShape);
    const { instructions, buffers, tokensMax, outputsMax, contextLength, threads } = abi.PlanShape;
    const numbers = [instructions, buffers, tokensMax, outputsMax, contextLength, threads]
      .map((at) => shape.getUint32(at, true));
    assert.deepEqual(numbers, [6, finished.buffers.length, 8, 4, 100, 3]);
    assert.equal(shape.getFloat64(abi.PlanShape.arenaBytes, true), finished.arena.bytes);
    const bytes = encodeCacheShape(cache);
    const { F16, F32 } = abi.Type;
    assert.deepEqual(words(viewOf(bytes, abi.CacheShape), 0, 9), [3, 2, 16, 32, F16, F32, 7, 64, 0]);
    assert.deepEqual(words(viewOf(bytes, abi.CacheShape, 1), 0, 9), [4, 2, 16, 32, F32, F16, 5, 64, 100]);
  });
});

describe("encodeFrame()", () => {
  const limits = { tokensMax: 4, outputsMax: 2, sequencesMax: 2, tableBlocksMax: 3, groups: 1 };
  const step = {
    tokens: [7, 8, 9],
    positions: [0, 1, 5],
    sequences: [0, 0, 1],
    outputs: [1, 2],
    blockTables: [[[3], [4, 5, 6]]],
  };

  it("writes header, tokens, positions, sequences, outputs and padded block tables", () => {
    const frame = createFrame(limits);
    const count = encodeFrame(frame, step);
    const expected = [3, 2, 2, 3, 0, 0, 7, 8, 9, 0, 1, 5, 0, 0, 1, 1, 2, 3, abi.NONE, abi.NONE, 4, 5, 6];
    assert.deepEqual([...frame.words.subarray(0, count)], expected);
  });

  it("leaves nothing of the step before", () => {
    const frame = createFrame(limits);
    frame.words.fill(99);
    const full = { ...step, blockTables: [[[3, 2, 1], [4, 5, 6]]] };
    encodeFrame(frame, full);
    const count = encodeFrame(frame, { ...step, blockTables: [[[3], [4, 5]]] });
    assert.deepEqual([...frame.words.subarray(count - 4, count)], [3, abi.NONE, 4, 5]);
    const single = { tokens: [1], positions: [2], sequences: [0], outputs: [], blockTables: [[Uint32Array.of(5)]] };
    assert.deepEqual([...frame.words.subarray(0, encodeFrame(frame, single))], [1, 0, 1, 1, 0, 0, 1, 2, 0, 5]);
  });

  it("takes the largest step there is", () => {
    const frame = createFrame(limits);
    const four = [0, 1, 2, 3];
    const largest = {
      ...{ tokens: four, positions: four, sequences: four, outputs: [0, 1], prefixes: [2, 3] },
      blockTables: [[[1, 2, 3], [4]]],
    };
    assert.equal(encodeFrame(frame, largest), frame.words.length);
  });

  it("writes tables group by group, then prefixes and masks", () => {
    const frame = createFrame({ ...limits, groups: 2, maskWordsMax: 2 });
    const masks = { words: Uint32Array.of(1, 2, 3, 4, 5, 6), wordsPerToken: 2 };
    const blockTables = [[[3], [4, 5]], [[abi.NONE, 6], [7]]];
    const count = encodeFrame(frame, { ...step, blockTables, prefixes: [9, 0], masks });
    assert.deepEqual([...frame.words.subarray(0, 6)], [3, 2, 2, 2, 1, 2]);
    const tables = [3, abi.NONE, 4, 5, abi.NONE, 6, 7, abi.NONE];
    assert.deepEqual([...frame.words.subarray(count - 16, count)], [...tables, 9, 0, 1, 2, 3, 4, 5, 6]);
  });

  it("needs no tables without a cache", () => {
    const frame = createFrame({ ...limits, groups: 0 });
    const count = encodeFrame(frame, { ...step, blockTables: [] });
    assert.deepEqual([...frame.words.subarray(0, count)], [3, 2, 2, 0, 0, 0, 7, 8, 9, 0, 1, 5, 0, 0, 1, 1, 2]);
  });

  it("refuses steps beyond its limits", () => {
    const refused = (parts: Partial<typeof step>, message: RegExp) =>
      assert.throws(() => encodeFrame(createFrame(limits), { ...step, ...parts }), { name: "RangeError", message });
    refused({ tokens: [] }, /^Expected at least one token but found none$/);
    refused({ tokens: [1, 2, 3, 4, 5] }, /^Expected at most 4 tokens but found 5$/);
    refused({ positions: [0, 1] }, /^Expected positions of 3 tokens but found 2$/);
    refused({ sequences: [0, 0, 0, 0] }, /^Expected sequences of 3 tokens but found 4$/);
    refused({ outputs: [0, 1, 2] }, /^Expected at most 2 outputs but found 3$/);
    refused({ blockTables: [[[1], [2], [3]]] }, /^Expected at most 2 sequences but found 3$/);
    refused({ blockTables: [] }, /^Expected block tables of 1 groups but found 0$/);
    refused({ blockTables: [[[1, 2, 3, 4]]] }, /^Expected at most 3 blocks in a table but found 4$/);
    assert.throws(() => createFrame({ ...limits, sequencesMax: 0 }), /Expected sequencesMax/);
  });
});
