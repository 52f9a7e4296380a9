/** Scores as ranks. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runWhole } from "../../src/time_slice.ts";
import { rankScores } from "../../src/tokenizer/rank_scores.ts";
import { seededRandom } from "../gguf/seeded_random.ts";

function ranks(scores: readonly number[]): number[] {
  return [...runWhole(rankScores(Float32Array.from(scores)))];
}

describe("rankScores", () => {
  it("puts the highest first and equal ones together", () => {
    assert.deepEqual(ranks([]), []);
    assert.deepEqual(ranks([-3, -1, -2, -1, 5]), [4, 1, 3, 1, 0]);
    assert.deepEqual(ranks([0, -0, 0]), [0, 0, 0]);
    assert.deepEqual(ranks([-Infinity, 1, Infinity, -1000]), [3, 1, 0, 2]);
  });

  it("does so for as many as need several pieces to be merged", () => {
    const random = seededRandom(71);
    for (const count of [4095, 4096, 4097, 8192, 20_000]) {
      const scores = Array.from({ length: count }, () => -(random() % 3000));
      const sorted = scores.toSorted((a, b) => b - a);
      const first = new Map<number, number>();
      sorted.forEach((score, place) => first.has(score) || first.set(score, place));
      assert.deepEqual(ranks(scores), scores.map((score) => first.get(score)));
    }
  });
});
