// The oracle against exact logits that were computed independently of this project's plans.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { buildModel } from "../../src/models/mod.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { committed, miniModel, readLogits, readModel, sharedModel } from "./fixtures.ts";
import { createInterpreter, interpretPlan, sequenceStep } from "./interpret.ts";

const sizes = { tokensMax: 64, outputsMax: 64, cacheBlocks: 8 };

/** The largest difference, relative to the largest number. */
function relativeError(found: Float64Array, expected: Float64Array): number {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return Number.isNaN(found[0]) ? NaN : difference / largest;
}

const types = readdirSync(new URL("mini-logits/", committed)).sort()
  .flatMap((name) => /^exact-(\w+)\.bin$/.exec(name)?.[1] ?? []);

describe("interpretPlan()", () => {
  for (const type of types) {
    const { url, skip } = miniModel(type);
    it(`computes the exact logits of arpeggio-mini in ${type}`, { skip }, () => {
      const { bytes, file } = readModel(url);
      const { tokens, logits: expected } = readLogits(type, "exact");
      // The oracle does not quantize activations, so that both precisions are the same function.
      const { plan, logits } = buildModel(file, { ...sizes, precision: "q8" });
      const [found] = interpretPlan(plan, bytes, { steps: [sequenceStep(tokens)], buffer: logits });
      const error = relativeError(found, expected);
      assert.ok(error < 1e-12, `relative error ${error}`);
    });
  }

  it("computes the same in chunks, in any cache blocks and beside other sequences", () => {
    const { bytes, file } = readModel(miniModel("q4_k_m").url);
    const { plan, logits } = buildModel(file, { ...sizes, precision: "q8" });
    const tokens = readLogits("q4_k_m", "exact").tokens.slice(0, 9);
    const [whole] = interpretPlan(plan, bytes, { steps: [sequenceStep(tokens)], buffer: logits });
    const chunks = interpretPlan(plan, bytes, {
      buffer: logits,
      steps: [
        sequenceStep(tokens.slice(0, 4), { blocks: [5] }),
        // Two sequences in one step: the rest of the first, and the start of the same again.
        {
          tokens: [...tokens.slice(4), ...tokens.slice(0, 2)],
          positions: [4, 5, 6, 7, 8, 0, 1],
          sequences: [0, 0, 0, 0, 0, 1, 1],
          outputs: [0, 4, 6],
          blockTables: [[[5], [2]]],
        },
      ],
    });
    const row = (values: Float64Array, i: number) => values.slice(i * 1024, (i + 1) * 1024);
    assert.deepEqual(chunks[0], whole.slice(0, 4 * 1024));
    assert.deepEqual(row(chunks[1], 0), row(whole, 4));
    assert.deepEqual(row(chunks[1], 1), row(whole, 8));
    assert.deepEqual(row(chunks[1], 2), row(whole, 1));
  });

  const stories = sharedModel("stories260k-f32.gguf");
  it("tells the story of stories260K", { skip: stories.skip }, () => {
    const { bytes, file } = readModel(stories.url);
    const vocabulary = file.metadata.getStrings("tokenizer.ggml.tokens");
    const { plan, logits } = buildModel(file, { ...sizes, precision: "f32" });
    const text = greedy(plan, { bytes, logits, length: 40 }).map((token) => vocabulary.get(token)).join("");
    const expected = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park.";
    assert.ok(expected.startsWith(text.replaceAll("\u2581", " ").trim().slice(0, 60)), text);
  });
});

/** The likeliest tokens after the first one, token 1. */
function greedy(
  plan: Plan,
  { bytes, logits, length }: { bytes: Uint8Array; logits: number; length: number },
): number[] {
  const interpreter = createInterpreter(plan, bytes);
  const tokens = [1];
  for (let position = 0; position < length; position++) {
    interpreter.run(sequenceStep([tokens[position]], { start: position }));
    const row = interpreter.values(plan.buffers[logits]);
    tokens.push(row.indexOf(row.reduce((a, b) => Math.max(a, b))));
  }
  return tokens.slice(1);
}
