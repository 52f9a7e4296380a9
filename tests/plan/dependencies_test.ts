// Waits and memory of plans, judged by an independent replay (shadow.ts).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildModel } from "../../src/models/mod.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { runWhole } from "../../src/time_slice.ts";
import { tinyLlama } from "../models/tiny_llama.ts";
import { miniModel, readModel } from "../reference/fixtures.ts";
import { randomPlan } from "./random_plan.ts";
import { collide, faultsOf, raceFaults } from "./shadow.ts";

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

/** The plan with other waits: every instruction without one that `noWait` says. */
function withWaits(plan: Plan, noWait: (i: number) => boolean): Plan {
  return { ...plan, instructions: plan.instructions.map((one, i) => ({ ...one, noWait: noWait(i) })) };
}

describe("waits", () => {
  it("keep apart what must not run at the same time, in random plans", () => {
    for (const seed of SEEDS) assert.deepEqual(faultsOf(randomPlan(seed, 60)), [], `seed ${seed}`);
  });

  it("keep apart what must not run at the same time, in models", () => {
    const sizes = { tokensMax: 512, outputsMax: 1, cacheBlocks: 8 };
    const { file } = readModel(miniModel("q4_k_m").url);
    const mixed =
      tinyLlama({ biases: true, typeOf: (name) => /(attn_v|ffn_up).weight/.test(name) ? "Q8_0" : "F32" }).file;
    for (const precision of ["q8", "f32"] as const) {
      assert.deepEqual(faultsOf(buildModel(file, { ...sizes, precision }).plan), []);
      assert.deepEqual(faultsOf(buildModel(mixed, { ...sizes, precision }).plan), []);
    }
  });

  it("are only where somebody depends", () => {
    for (const seed of SEEDS) {
      const plan = randomPlan(seed, 60);
      let start = 0;
      for (let i = 0; i + 1 < plan.instructions.length; i++) {
        if (plan.instructions[i].noWait) continue;
        // The instruction after the wait collides with somebody of the group before it.
        const group = Array.from({ length: i + 1 - start }, (_, k) => start + k);
        assert.ok(group.some((member) => collide(plan, member, i + 1)), `seed ${seed}: #${i} waits for nothing`);
        start = i + 1;
      }
    }
  });

  it("run q, k and v at the same time, and gate and up", () => {
    const { plan } = buildModel(tinyLlama({ layers: 1 }).file, {
      tokensMax: 4,
      outputsMax: 1,
      cacheBlocks: 1,
      precision: "f32",
    });
    const noWait = plan.instructions.filter((one) => one.noWait).map(({ op, label }) => `${op} ${label}`);
    assert.deepEqual(noWait, [
      "EMBED token_embd",
      "MATMUL blk.0.attn_q",
      "MATMUL blk.0.attn_k",
      "ROPE blk.0.attn_q",
      "ROWS outputs.attn",
      "MATMUL blk.0.ffn_gate",
    ]);
  });

  it("are missed by the judge where one is taken away", () => {
    const plan = randomPlan(1, 60);
    const needed = plan.instructions.flatMap((one, i) => one.noWait ? [] : [i]).slice(0, -1);
    for (const taken of needed) {
      const wrong = withWaits(plan, (i) => i === taken || plan.instructions[i].noWait);
      assert.notDeepEqual(raceFaults(wrong), [], `without the wait after #${taken}`);
    }
  });
});

describe("memory of a plan", () => {
  it("is found wrong by the judge when two buffers share it", () => {
    const plan = randomPlan(2, 60);
    const wrong = { ...plan, arena: { ...plan.arena, offsets: plan.arena.offsets.map(() => 0) } };
    assert.notDeepEqual(faultsOf(wrong), []);
  });

  it("keeps kept buffers to the end, and inputs from the start", () => {
    const plan = new PlanBuilder({ tokensMax: 4, outputsMax: 1, contextLength: 8 });
    const columns = 32;
    const late = plan.input({ label: "late", rows: "TOKENS", columns });
    let x = plan.input({ label: "early", rows: "TOKENS", columns });
    const kept = x = plan.add(x, x, { label: "kept" });
    plan.keep(kept);
    for (let i = 0; i < 5; i++) x = plan.add(x, x, { label: `${i}` });
    const w = plan.weight({ label: "w", type: "F32", layout: "TILES", offset: 0, rows: columns, columns });
    plan.matmul(plan.add(x, x, { label: "x" }), w, { label: "last", addTo: late });
    const { arena, buffers } = runWhole(plan.finish());
    const sharing = (buffer: { index: number }) =>
      buffers.filter(({ index }) => index !== buffer.index && arena.offsets[index] === arena.offsets[buffer.index]);
    assert.deepEqual(sharing(late), []);
    assert.deepEqual(sharing(kept), []);
    assert.equal(arena.bytes, 4 * 4 * 128); // late, kept, and two that take turns
  });

  it("does not grow with the number of layers", () => {
    const options = { tokensMax: 64, outputsMax: 64, cacheBlocks: 1, precision: "q8" } as const;
    const few = buildModel(tinyLlama({ layers: 3 }).file, options).plan.arena.bytes;
    assert.equal(buildModel(tinyLlama({ layers: 30 }).file, options).plan.arena.bytes, few);
  });
});
