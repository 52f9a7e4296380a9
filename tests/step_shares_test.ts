// How the tokens of a step are shared out.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { shareTokens } from "../src/step_shares.ts";
import { seededRandom } from "./gguf/seeded_random.ts";

describe("shareTokens()", () => {
  it("gives a prompt alone the whole step, and prompts together equal shares", () => {
    assert.deepEqual(shareTokens([2000], 512), [512]);
    assert.deepEqual(shareTokens([30], 512), [30]);
    assert.deepEqual(shareTokens([2000, 2000], 512), [256, 256]);
    assert.deepEqual(shareTokens([2000, 10, 2000], 512), [251, 10, 251]);
    assert.deepEqual(shareTokens([5, 5, 5], 7), [3, 2, 2]);
  });

  it("gives answers their token, and prompts beside them 64", () => {
    assert.deepEqual(shareTokens([1, 2000, 1], 512), [1, 64, 1]);
    assert.deepEqual(shareTokens([1, 2000, 2000], 512), [1, 32, 32]);
    assert.deepEqual(shareTokens([1, 1, 1], 512), [1, 1, 1]);
    assert.deepEqual(shareTokens([1, 2000], 16), [1, 15]);
    assert.deepEqual(shareTokens([2000], 512, { expectsAnswers: true }), [64]);
  });

  it("gives everybody something, nobody too much, and leaves nothing that somebody wants", () => {
    const random = seededRandom(1);
    const below = (limit: number) => Math.floor(random() / 2 ** 32 * limit);
    for (let round = 0; round < 1000; round++) {
      const wanted = Array.from({ length: 1 + below(20) }, () => 2 + below(below(2) === 0 ? 10 : 1000));
      const tokensMax = wanted.length + below(600);
      const shares = shareTokens(wanted, tokensMax);
      assert.ok(shares.every((share, i) => share >= 1 && share <= wanted[i]));
      const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
      assert.equal(sum(shares), Math.min(tokensMax, sum(wanted)));
      // Who gets less than others wants no more, but for what cannot be divided.
      const most = Math.max(...shares);
      assert.ok(shares.every((share, i) => share >= most - 1 || share === wanted[i]));
    }
  });
});
