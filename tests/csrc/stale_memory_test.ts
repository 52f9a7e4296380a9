// Sizes that are no whole vectors, in every op: the results are those of the oracle, and what memory held before a step
// (in the padding of rows, in places that were used for something else) changes nothing.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Status } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import { encodeCacheShape, encodePlan } from "../../src/plan/encode.ts";
import type { CacheShape, Plan } from "../../src/plan/plan.ts";
import { runWhole } from "../../src/time_slice.ts";
import { createInterpreter, sequenceStep } from "../reference/interpret.ts";
import { withWindow } from "./products.ts";
import { outcomeOf } from "./raw_plan.ts";

const TOKENS = 4;
const cache: CacheShape = [
  { layers: 1, heads: 1, keyColumns: 10, valueColumns: 6, keyType: "F16", valueType: "F16", blocks: 1 },
];

/** A plan of sizes that no vector has, in every op.. */
function oddPlan(): { plan: Plan; results: string[] } {
  const plan = new PlanBuilder({ tokensMax: TOKENS, outputsMax: TOKENS, contextLength: 64, threads: 2, cache });
  // The oracle knows a tensor by its offset.
  let offset = 0;
  const matrix = (type: "F32" | "F16" | "BF16" | "Q8_0", rows: number, columns: number) =>
    plan.weight({ label: type, type, layout: "TILES", offset: offset += 64, rows, columns });
  const ones = (length: number) => plan.constant(new Float32Array(length).fill(1), { label: "ones" });
  const table = plan.weight({ label: "table", type: "F32", layout: "ROWS", offset: 4096, rows: 9, columns: 30 });
  const x = plan.embed(table, { label: "x", scale: 3 }); // (tokens, 30)
  const normed = plan.rmsNorm(x, ones(30), { label: "whole rows", epsilon: 1e-6 });
  const grouped = plan.rmsNorm(x, ones(5), { label: "groups of 5", epsilon: 1e-6 });
  const q = plan.matmul(normed, matrix("F32", 30, 30), { label: "q" }); // (tokens, 3 * 10)
  const k = plan.matmul(grouped, matrix("F16", 10, 30), { label: "k" }); // (tokens, 10)
  const v = plan.matmul(normed, matrix("BF16", 6, 30), { label: "v", bias: ones(6) }); // (tokens, 6)
  const frequencies = plan.constant(Float64Array.of(1, 0.5, 0.25), { label: "frequencies" });
  plan.rope(q, plan.ropeTable(frequencies, { label: "angles" }), { label: "q", headColumns: 10, pairs: "NEOX" });
  plan.kvWrite(k, v, { label: "kv", layer: 0 });
  const attended = plan.attention(q, { label: "attended", layer: 0, heads: 3, scale: 0.3 }); // (tokens, 18)
  const sum = plan.add(attended, plan.swiglu(attended, attended, { label: "gated" }), { label: "sum" });
  const wide = plan.matmul(sum, matrix("F16", 96, 18), { label: "wide" }); // (tokens, 96)
  const [eight, sixteen] = (["Q8", "Q16"] as const).map((type) => plan.quantize(wide, { label: type, type }));
  const short = plan.matmul(eight, matrix("Q8_0", 7, 96), { label: "short" }); // (tokens, 7)
  plan.matmul(sixteen, matrix("Q8_0", 7, 96), { label: "short", addTo: short });
  const rows = plan.rows(short, { label: "rows" }); // (outputs, 7)
  for (const buffer of [normed, grouped, q, attended, sum, wide, short, rows]) plan.keep(buffer);
  return {
    plan: runWhole(plan.finish()),
    results: [normed, grouped, q, attended, sum, wide, short, rows].map((b) => b.label),
  };
}

describe("a step of odd sizes", () => {
  const { functions } = openLibrary();
  const { plan, results } = oddPlan();
  const { weights: records, weightsCount, constants, shape, instructions, buffers } = encodePlan(plan);
  const bytes = Uint8Array.from({ length: 8192 }, (_, i) => 0x38 + i * 7 % 5); // halves about 0.5 to 2, f32 about 1e-4
  const map = functions.arp_map_memory(bytes.length, null);
  functions.arp_map_write(map, 0, bytes, bytes.length);
  const weights = functions.arp_weights_create(map, records, weightsCount, constants, constants.length, 1, null);
  functions.arp_wait(weights, 10000, null);
  const cacheHandle = functions.arp_cache_create(encodeCacheShape(cache), 1, null);
  new DataView(shape.buffer).setUint32(4, plan.buffers.length + 1, true);
  const { result: native, text } = outcomeOf((error) =>
    functions.arp_plan_create(weights, cacheHandle, shape, instructions, withWindow(plan, buffers, TOKENS), error)
  );

  /** The results of a step of `tokens` tokens in memory that was full of a number. */
  function run(tokens: number, before: number): Float32Array[] {
    const window = new Float32Array(plan.arena.bytes / 4).fill(before);
    const index = plan.buffers.length;
    assert.equal(functions.arp_write(native, index, 0, TOKENS, window, window.byteLength), Status.OK);
    const each = Array.from({ length: tokens }, (_, i) => i);
    const frame = Uint32Array.of(...[tokens, tokens, 1, 1, 0, 0], ...each, ...each, ...each.map(() => 0), ...each, 0);
    const status = functions.arp_run(native, frame, frame.length, 2 ** 31, null);
    assert.equal(status === Status.PENDING ? functions.arp_wait(native, 10000, null) : status, Status.OK);
    return results.map((label) => {
      const { index, columns } = plan.buffers.find((buffer) => buffer.label === label)!;
      const values = new Float32Array(tokens * columns);
      assert.equal(functions.arp_read(native, index, 0, tokens, values, values.byteLength), Status.OK);
      return values;
    });
  }

  it("computes what the oracle computes", () => {
    assert.ok(native > 0, text);
    const oracle = createInterpreter(plan, bytes);
    oracle.run(sequenceStep([0, 1, 2, 3]));
    for (const [i, found] of run(4, 0).entries()) {
      const exact = oracle.values(plan.buffers.find((buffer) => buffer.label === results[i])!);
      const largest = exact.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      const worst = found.reduce((max, value, j) => Math.max(max, Math.abs(value - exact[j])), 0);
      // The cache is F16, and what comes of it is made int8 at the end.
      const bound = ["attended:attention", "sum:add", "wide:matmul"].includes(results[i]) ? 2e-3 : 1e-5;
      assert.equal(found.length, exact.length);
      assert.ok(
        worst < (/short|rows/.test(results[i]) ? 5e-3 : bound) * largest,
        `${results[i]}: ${worst} of ${largest}`,
      );
    }
  });

  it("gives the same in memory full of anything", () => {
    for (const tokens of [4, 1, 3]) {
      const expected = run(tokens, 0);
      assert.ok(expected.every((values) => values.every((value) => Number.isFinite(value) && value !== 0)));
      for (const before of [NaN, Infinity, -3e38]) {
        for (const [i, values] of run(tokens, before).entries()) {
          assert.deepEqual(values, expected[i], `${results[i]} of ${tokens} tokens after ${before}`);
        }
      }
    }
  });
});
