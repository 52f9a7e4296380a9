// The roofline: costs counted from a plan that is written down here, and the longer of two times for each step.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { roofline, type StepCosts, stepCosts } from "../../src/cli/roofline.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import { runWhole } from "../../src/time_slice.ts";

const COSTS: StepCosts = {
  weightsBytes: 1000,
  tokenOperations: 400,
  outputOperations: 100,
  isInteger: true,
};
const CACHES = [{ positionBytes: 10, window: 0 }, { positionBytes: 1, window: 5 }];
const LIMITS = { threads: 1, readBytesPerSecond: 1000, int8OperationsPerSecond: 1000 };

function secondsOf(test: { prompt?: number; generated?: number; depth?: number }, stepTokens = 512) {
  return roofline(COSTS, {
    test: { prompt: 0, generated: 0, depth: 0, ...test },
    stepTokens,
    caches: CACHES,
    limits: LIMITS,
  });
}

describe("roofline()", () => {
  test("a single token reads the weights, the positions and the window", () => {
    assert.deepEqual(secondsOf({ generated: 1 }), { seconds: (1000 + 10 + 1) / 1000, limit: "read" });
    assert.deepEqual(secondsOf({ generated: 1, depth: 99 }), { seconds: (1000 + 1000 + 5) / 1000, limit: "read" });
    const [first, second] = [1000 + 10 * 9 + 5, 1000 + 10 * 10 + 5];
    assert.deepEqual(secondsOf({ generated: 2, depth: 8 }), { seconds: first / 1000 + second / 1000, limit: "read" });
  });

  test("a prompt computes, with one row of logits in its last step", () => {
    assert.deepEqual(secondsOf({ prompt: 10 }), { seconds: (10 * 400 + 100) / 1000, limit: "int8" });
    // 4, 4 and 2 tokens; the last step is shorter than reading: 1000 + 10 * 10 + (5 + 1) bytes.
    const steps = [1600 / 1000, 1600 / 1000, 1106 / 1000];
    assert.deepEqual(secondsOf({ prompt: 10 }, 4), { seconds: steps[2] + (steps[0] + steps[1]), limit: "int8" });
  });

  test("steps of several tokens in f32 have no limit that is measured", () => {
    const options = { stepTokens: 512, caches: [], limits: LIMITS };
    const floats = { ...COSTS, isInteger: false };
    assert.equal(roofline(floats, { ...options, test: { prompt: 2, generated: 0, depth: 0 } }), undefined);
    assert.equal(roofline(floats, { ...options, test: { prompt: 0, generated: 1, depth: 0 } })?.limit, "read");
  });
});

test("stepCosts() counts products and passes", () => {
  const builder = new PlanBuilder({ tokensMax: 4, outputsMax: 4, contextLength: 64, threads: 1 });
  const weight = (type: "Q4_0" | "IQ2_S", rows: number) =>
    builder.weight({ label: type, type, layout: "TILES", offset: 0, rows, columns: 256 });
  const x = builder.input({ label: "x", columns: 256, rows: "TOKENS" });
  builder.keep(builder.matmul(builder.quantize(x, { label: "x" }), weight("Q4_0", 32), { label: "y" }));
  builder.keep(builder.matmul(builder.rows(x, { label: "x" }), weight("IQ2_S", 16), { label: "z" }));
  const costs = stepCosts(runWhole(builder.finish()), 5000);
  assert.deepEqual(costs, {
    weightsBytes: 5000,
    tokenOperations: 2 * 32 * 256,
    outputOperations: 2 * 16 * 256,
    isInteger: false,
  });
});
