/**
 * The random stream: the generator against a second implementation of its paper, its uniformity, its state.
 */

import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom, resolveSeed } from "../../src/sampling/random.ts";

/** xoshiro128** in BigInt, transcribed from the paper. */
function* reference(state: number[]): Generator<number> {
  const mask = 0xffffffffn;
  const rotl = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
  const s = state.map(BigInt);
  for (;;) {
    yield Number((rotl((s[1] * 5n) & mask, 7n) * 9n) & mask);
    const t = (s[1] << 9n) & mask;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11n);
  }
}

describe("createRandom()", () => {
  it("is xoshiro128**", () => {
    for (const state of [[1, 2, 3, 4], [0xffffffff, 0, 0x80000000, 7]]) {
      const random = createRandom(0);
      random.setState(state);
      const expected = reference(state);
      for (let i = 0; i < 1000; i++) strictEqual(random.nextUint32(), expected.next().value);
    }
    const random = createRandom(0);
    random.setState([1, 2, 3, 4]);
    deepStrictEqual([random.nextUint32(), random.nextUint32(), random.nextUint32()], [11520, 0, 5927040]);
  });

  it("gives the recorded stream for a seed, in every runtime", () => {
    const random = createRandom(42);
    const found = [random.nextUint32(), random.nextUint32(), random.nextUnit(), random.nextUnit()];
    deepStrictEqual(found, EXPECTED);
    notDeepStrictEqual(createRandom(2 ** 32 + 42).getState(), createRandom(42).getState());
  });

  it("is uniform in [0, 1), also over similar seeds", () => {
    for (const next of [createRandom(7).nextUnit, ((seed) => () => createRandom(seed++).nextUnit())(0)]) {
      const bins = new Array(20).fill(0);
      for (let i = 0; i < 20000; i++) {
        const unit = next();
        ok(unit >= 0 && unit < 1);
        bins[Math.floor(unit * 20)]++;
      }
      // Chi-squared with 19 degrees of freedom is below 43.8 with probability 0.999.
      const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
      ok(chiSquared < 43.8, `chi-squared is ${chiSquared}`);
    }
  });

  it("continues from a saved state", () => {
    const random = createRandom(3);
    random.nextUint32();
    const state = random.getState();
    const expected = [random.nextUnit(), random.nextUnit()];
    const other = createRandom(4);
    other.setState(state);
    deepStrictEqual([other.nextUnit(), other.nextUnit()], expected);
  });

  it("refuses states that it cannot have", () => {
    for (const state of [[0, 0, 0, 0], [1, 2, 3], [1, 2, 3, -1], [1, 2, 3, 2 ** 32], [1, 2, 3, 0.5], [1, 2, 3, NaN]]) {
      throws(() => createRandom(1).setState(state), RangeError);
    }
  });
});

describe("resolveSeed()", () => {
  it("keeps a seed, and makes up different ones", () => {
    strictEqual(resolveSeed(0), 0);
    strictEqual(resolveSeed(2 ** 53 - 1), 2 ** 53 - 1);
    const seeds = new Set(Array.from({ length: 8 }, () => resolveSeed(undefined)));
    ok(seeds.size >= 7);
    for (const seed of seeds) ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32);
  });

  it("refuses what is no seed", () => {
    for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      throws(() => resolveSeed(seed), {
        name: "RangeError",
        message: /Expected seed to be an integer in \[0, 2\^53\)/,
      });
    }
  });
});

/** Recorded once. */
const EXPECTED = [4149703753, 4275503460, 0.31145258308453116, 0.24734739826457885];
