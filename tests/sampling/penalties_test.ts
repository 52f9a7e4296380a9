/**
 * Penalties: hand-computed cases, and the window of tokens against plain counting.
 */

import { deepStrictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { Penalties, resolvePenalties } from "../../src/sampling/penalties.ts";
import { createRandom } from "../../src/sampling/random.ts";

describe("Penalties", () => {
  /** The logits under penalties, after the tokens. They must be restored afterwards. */
  function penalized(
    options: Parameters<typeof resolvePenalties>[0],
    { tokens, logits }: { tokens: number[]; logits: number[] },
  ) {
    const penalties = new Penalties(resolvePenalties(options));
    for (const token of tokens) penalties.accept(token);
    const buffer = Float32Array.from(logits);
    penalties.apply(buffer);
    const result = [...buffer];
    penalties.restore(buffer);
    deepStrictEqual([...buffer], [...Float32Array.from(logits)]);
    return result;
  }

  it("divide positive logits and multiply negative ones by the repetition penalty", () => {
    const result = penalized({ repetitionPenalty: 2 }, { tokens: [0, 1, 1, 2], logits: [3, -0.5, 0, 5] });
    deepStrictEqual(result, [1.5, -1, 0, 5]);
  });

  it("subtract the frequency penalty for each occurrence, the presence penalty once", () => {
    deepStrictEqual(penalized({ frequencyPenalty: 0.5 }, { tokens: [0, 1, 1], logits: [3, 3, 3] }), [2.5, 2, 3]);
    deepStrictEqual(penalized({ presencePenalty: 0.5 }, { tokens: [0, 1, 1], logits: [3, 3, 3] }), [2.5, 2.5, 3]);
    deepStrictEqual(penalized({ presencePenalty: -1 }, { tokens: [0], logits: [3, 3] }), [4, 3]);
  });

  it("apply the repetition penalty first", () => {
    const options = { repetitionPenalty: 2, frequencyPenalty: 0.25, presencePenalty: 1 };
    deepStrictEqual(penalized(options, { tokens: [1, 1, 1], logits: [4, 4] }), [4, 4 / 2 - 3 * 0.25 - 1]);
  });

  it("look at the last tokens only", () => {
    const logits = [8, 8, 8];
    const options = { frequencyPenalty: 1 };
    deepStrictEqual(penalized({ ...options, penaltyLastTokens: 2 }, { tokens: [0, 0, 1, 2], logits }), [8, 7, 7]);
    deepStrictEqual(penalized({ ...options, penaltyLastTokens: 0 }, { tokens: [0, 0, 1, 2], logits }), logits);
    const many = Array.from({ length: 65 }, (_, i) => i === 0 ? 0 : 1);
    deepStrictEqual(penalized(options, { tokens: many, logits: [8, 100, 8] }), [8, 36, 8]);
    deepStrictEqual(penalized({ ...options, penaltyLastTokens: -1 }, { tokens: many, logits: [8, 100, 8] }), [
      7,
      36,
      8,
    ]);
  });

  it("agree with counting, whatever the window", () => {
    const random = createRandom(5);
    const tokens = Array.from({ length: 700 }, () => Math.floor(random.nextUnit() ** 2 * 300));
    for (const last of [1, 3, 64, 200, -1]) {
      const penalties = new Penalties(resolvePenalties({ frequencyPenalty: 1, penaltyLastTokens: last }));
      tokens.forEach((token, i) => {
        penalties.accept(token);
        if (i % 50 !== 49) return;
        const window = tokens.slice(last === -1 ? 0 : Math.max(0, i + 1 - last), i + 1);
        deepStrictEqual(penalties.history(), window);
        const logits = new Float32Array(300);
        penalties.apply(logits);
        const expected = new Float32Array(300);
        for (const token of window) expected[token]--;
        deepStrictEqual(logits, expected);
      });
    }
  });

  it("ignore tokens beyond the vocabulary", () => {
    deepStrictEqual(penalized({ presencePenalty: 1 }, { tokens: [5, 1], logits: [3, 3] }), [3, 2]);
  });
});
