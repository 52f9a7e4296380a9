// Native objects with a plan of one instruction: use, misuse, and that nothing is usable after it has been disposed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NativeError } from "../../src/errors.ts";
import { NativeCache, NativeMap, NativeWeights } from "../../src/native/objects.ts";
import { NativePlan } from "../../src/native/plan.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import { encodeCacheShape, encodePlan } from "../../src/plan/encode.ts";
import { createFrame, encodeFrame } from "../../src/plan/frame.ts";
import { runWhole } from "../../src/time_slice.ts";
import { needsLibrary } from "./require_library.ts";

const ROWS = 4;
const COLUMNS = 32;

/** A table of (4, 32) numbers: row * 100 + column. */
const table = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.floor(i / COLUMNS) * 100 + i % COLUMNS);

/** The plan that looks tokens up in the table. */
async function embedPlan(): Promise<{ plan: NativePlan; weights: NativeWeights; buffer: number }> {
  const builder = new PlanBuilder({ tokensMax: 3, outputsMax: 1, contextLength: 64, threads: 1 });
  const place = { layout: "ROWS", type: "F32", offset: 0, rows: ROWS, columns: COLUMNS } as const;
  const x = builder.embed(builder.weight({ label: "table", ...place }), { label: "token_embd" });
  builder.keep(x);
  const encoded = encodePlan(runWhole(builder.finish()));
  using map = await NativeMap.ofBytes(new Uint8Array(table.buffer));
  const weights = NativeWeights.create(map, { ...encoded, threads: 1 });
  await weights.ready();
  const plan = NativePlan.create({ ...encoded, weights, cache: undefined, names: ["embed at #0 token_embd"] });
  return { plan, weights, buffer: x.index };
}

const frame = createFrame({ tokensMax: 3, outputsMax: 1, sequencesMax: 1, tableBlocksMax: 1, groups: 0 });

function encode(tokens: number[]): number {
  const positions = tokens.map((_, i) => i);
  return encodeFrame(frame, { tokens, positions, sequences: tokens.map(() => 0), outputs: [], blockTables: [] });
}

function stale(error: Error): boolean {
  assert.ok(error instanceof NativeError);
  assert.equal(error.status, "STALE");
  return /Expected .* in use but it has been disposed/.test(error.message);
}

describe("NativePlan", needsLibrary, () => {
  it("executes a step and gives the rows of a buffer", async () => {
    const { plan, weights, buffer } = await embedPlan();
    await plan.step(frame.words, { words: encode([2, 0, 3]) });
    const rows = new Float32Array(2 * COLUMNS);
    plan.readRows({ buffer, row: 1, rows: 2 }, rows);
    assert.deepEqual([...rows], [...table.subarray(0, COLUMNS), ...table.subarray(3 * COLUMNS)]);
    plan[Symbol.dispose]();
    weights[Symbol.dispose]();
  });

  it("lives on when the weights it uses are disposed", async () => {
    const { plan, weights, buffer } = await embedPlan();
    weights[Symbol.dispose]();
    await plan.step(frame.words, { words: encode([1]) });
    const row = new Float32Array(COLUMNS);
    plan.readRows({ buffer, row: 0, rows: 1 }, row);
    assert.equal(row[5], 105);
    plan[Symbol.dispose]();
  });

  it("throws on a malformed step, and goes on", async () => {
    const { plan, buffer } = await embedPlan();
    assert.throws(() => plan.step(frame.words, { words: encode([ROWS]) }), { status: "INVALID", message: /Token 0/ });
    assert.throws(() => plan.step(frame.words, { words: 3 }), { name: "NativeError", status: "INVALID" });
    await plan.step(frame.words, { words: encode([1]) });
    assert.throws(() => plan.readRows({ buffer, row: 0, rows: 4 }, new Float32Array(4 * COLUMNS)), {
      status: "INVALID",
      message: /^Cannot read 4 rows from 0 on of buffer 0 into 128 values: INVALID$/,
    });
    assert.throws(() => plan.readRows({ buffer, row: 0, rows: 1 }, new Float32Array(7)), NativeError);
    plan[Symbol.dispose]();
  });

  it("names the instruction that a plan is refused for", async () => {
    const builder = new PlanBuilder({ tokensMax: 3, outputsMax: 1, contextLength: 64 });
    const place = { layout: "ROWS", type: "F32", offset: 0, rows: ROWS, columns: COLUMNS } as const;
    builder.embed(builder.weight({ label: "table", ...place }), { label: "token_embd" });
    const encoded = encodePlan(runWhole(builder.finish()));
    using map = await NativeMap.ofBytes(new Uint8Array(table.buffer));
    using weights = NativeWeights.create(map, { ...encoded, threads: 1 });
    await weights.ready();
    const instructions = encoded.instructions.slice();
    instructions[0] = 200; // The op.
    const options = { ...encoded, instructions, weights, cache: undefined, names: ["embed at #0 token_embd"] };
    assert.throws(() => NativePlan.create(options), { name: "NativeError", message: /^embed at #0 token_embd: / });
  });

  it("gives a time per instruction from the second call on", async () => {
    const { plan } = await embedPlan();
    assert.deepEqual(plan.profile(), [{ instruction: "embed at #0 token_embd", nanoseconds: 0 }]);
    await plan.step(frame.words, { words: encode([1, 2, 3]) });
    const [{ nanoseconds }] = plan.profile();
    assert.ok(nanoseconds > 0 && nanoseconds < 1e9, `${nanoseconds} ns`);
    plan[Symbol.dispose]();
  });

  it("throws the signal's reason before it starts", async () => {
    const { plan } = await embedPlan();
    const signal = AbortSignal.abort("reason");
    assert.throws(() => plan.step(frame.words, { words: encode([1]), signal }), (reason) => reason === "reason");
    plan[Symbol.dispose]();
  });

  it("cannot be used after it has been disposed, in any way", async () => {
    const { plan, buffer } = await embedPlan();
    assert.equal(plan.disposed, false);
    plan[Symbol.dispose]();
    plan[Symbol.dispose]();
    assert.equal(plan.disposed, true);
    assert.throws(() => plan.step(frame.words, { words: encode([1]) }), stale);
    assert.throws(() => plan.readRows({ buffer, row: 0, rows: 1 }, new Float32Array(COLUMNS)), stale);
    assert.throws(() => plan.writeRows(new Float32Array(COLUMNS), { buffer, row: 0, rows: 1 }), stale);
    assert.throws(() => plan.cancel(), stale);
    assert.throws(() => plan.profile(), stale);
    assert.throws(() => plan.memoryBytes, stale);
  });
});

describe("NativeMap", needsLibrary, () => {
  it("has the bytes of a file, and of memory", async () => {
    const path = new URL("../../models/arpeggio-mini-q4_k_m.gguf", import.meta.url);
    using file = NativeMap.ofFile(decodeURIComponent(path.pathname));
    assert.equal(file.bytes, 2588224);
    using memory = await NativeMap.ofBytes(new Uint8Array(3_000_001));
    assert.equal(memory.bytes, 3_000_001);
    assert.equal(memory.memoryBytes, 3_000_001);
  });

  it("throws on a missing file, naming it", () => {
    assert.throws(() => NativeMap.ofFile("no such file"), {
      name: "NativeError",
      status: "IO",
      message: /no such file/,
    });
  });

  it("stops copying when the signal says so", async () => {
    const controller = new AbortController();
    const copying = NativeMap.ofBytes(new Uint8Array(64 * 1024 * 1024), { signal: controller.signal });
    controller.abort("reason");
    assert.equal(await copying.catch((reason) => reason), "reason");
  });
});

describe("NativeWeights", needsLibrary, () => {
  it("throws on a tensor beyond the file", async () => {
    const builder = new PlanBuilder({ tokensMax: 1, outputsMax: 1, contextLength: 64 });
    const place = { layout: "ROWS", type: "F32", offset: 4, rows: ROWS, columns: COLUMNS } as const;
    builder.embed(builder.weight({ label: "table", ...place }), { label: "token_embd" });
    const encoded = encodePlan(runWhole(builder.finish()));
    using map = await NativeMap.ofBytes(new Uint8Array(table.buffer));
    assert.throws(() => NativeWeights.create(map, { ...encoded, threads: 1 }), {
      status: "INVALID",
      message: /beyond/,
    });
  });
});

describe("NativeCache", needsLibrary, () => {
  const shape = { layers: 2, heads: 2, keyColumns: 32, valueColumns: 32, keyType: "F16", valueType: "F16" } as const;

  it("holds what its shape says", () => {
    using cache = NativeCache.create(encodeCacheShape([{ ...shape, blocks: 3 }]));
    assert.equal(cache.memoryBytes, 2 * 2 * (32 + 32) * 2 * 3 * 64);
    assert.equal(cache.blockBytes(0), cache.memoryBytes / 3);
  });

  it("copies blocks within a group, out and in, and leaves others alone", () => {
    const groups = [{ ...shape, blocks: 3 }, { ...shape, heads: 1, layers: 3, blocks: 2 }];
    using cache = NativeCache.create(encodeCacheShape(groups));
    for (const group of [0, 1]) {
      const size = cache.blockBytes(group);
      assert.equal(size, [2 * 2, 3 * 1][group] * (32 + 32) * 2 * 64);
      const written = Uint8Array.from({ length: size }, (_, i) => i * 7 + i / 300 + group);
      const read = (block: number) => {
        const bytes = new Uint8Array(size);
        cache.readBlock(group, block, bytes);
        return bytes;
      };
      cache.writeBlock(group, 1, written);
      assert.ok(read(0).every((byte) => byte === 0));
      assert.deepEqual(read(1), written);
      cache.copyBlock(group, { from: 1, to: 0 });
      assert.deepEqual(read(0), written);
      assert.deepEqual(read(1), written);
    }
  });

  it("clears the positions of a block from one on, in every type", () => {
    for (const type of ["F16", "F32", "BF16", "Q8_0", "Q4_0"] as const) {
      using cache = NativeCache.create(encodeCacheShape([{ ...shape, keyType: type, valueType: type, blocks: 2 }]));
      const size = cache.blockBytes(0);
      const read = (block: number) => {
        const bytes = new Uint8Array(size);
        cache.readBlock(0, block, bytes);
        return bytes;
      };
      const nonzero = (bytes: Uint8Array) => bytes.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
      const written = new Uint8Array(size).fill(7);
      cache.writeBlock(0, 1, written);
      cache.clearBlock(0, 1, 64);
      assert.deepEqual(read(1), written);
      // Every position takes as many bytes as any other.
      for (const position of [63, 40, 16, 1]) {
        cache.clearBlock(0, 1, position);
        // A code of 4 bits that stands for 0 is 8: those of the cleared positions are no zero bytes.
        if (type !== "Q4_0") assert.equal(nonzero(read(1)), size * position / 64, `${type} from ${position}`);
        const once = read(1);
        cache.clearBlock(0, 1, position);
        assert.deepEqual(read(1), once);
      }
      cache.clearBlock(0, 1, 0);
      const cleared = read(1);
      cache.writeBlock(0, 1, written.fill(200));
      cache.clearBlock(0, 1, 0);
      assert.deepEqual(read(1), cleared, `${type}: nothing of what was there`);
      assert.ok(read(0).every((byte) => byte === 0));
      assert.throws(() => cache.clearBlock(0, 2, 0), { status: "INVALID" });
    }
  });

  it("throws on blocks and groups it does not have, and on other sizes", () => {
    using cache = NativeCache.create(encodeCacheShape([{ ...shape, blocks: 3 }]));
    const bytes = new Uint8Array(cache.blockBytes(0));
    const invalid = { name: "NativeError", status: "INVALID" };
    assert.throws(() => cache.blockBytes(1), invalid);
    assert.throws(() => cache.readBlock(0, 3, bytes), invalid);
    assert.throws(() => cache.readBlock(0, 0, bytes.subarray(1)), invalid);
    assert.throws(() => cache.writeBlock(1, 0, bytes), invalid);
    assert.throws(() => cache.copyBlock(0, { from: 0, to: 3 }), invalid);
    const turn = { frequencies: Float64Array.of(1, 0.5), pairs: "NEOX", delta: -64 } as const;
    assert.throws(() => cache.rotateBlocks(0, Uint32Array.of(0, 3), turn), invalid);
    assert.throws(
      () => cache.rotateBlocks(0, Uint32Array.of(0), { ...turn, frequencies: new Float64Array(17) }),
      invalid,
    );
    assert.throws(
      () => cache.rotateBlocks(0, Uint32Array.of(0), { ...turn, frequencies: Float64Array.of(NaN) }),
      invalid,
    );
  });

  it("throws on memory that cannot be had, with the size", () => {
    const huge = encodeCacheShape([{ ...shape, layers: 4096, blocks: 2 ** 24 }]);
    assert.throws(() => NativeCache.create(huge), { status: "OUT_OF_MEMORY", message: /\d{13,} bytes/ });
  });
});
