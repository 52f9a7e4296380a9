/**
 * Each sampler that narrows down the candidates, by itself: against hand-computed cases and against the plainest
 * implementation of its definition.
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { Candidates } from "../../src/sampling/candidates.ts";
import { draw } from "../../src/sampling/draw.ts";
import { argmax } from "../../src/sampling/greedy.ts";
import { keepMinP } from "../../src/sampling/min_p.ts";
import { createRandom } from "../../src/sampling/random.ts";
import { applyTemperature } from "../../src/sampling/temperature.ts";
import { selectTopK } from "../../src/sampling/top_k.ts";
import { keepTopP } from "../../src/sampling/top_p.ts";

/** The ids that are left, in their sequence. */
function idsOf({ ids, count }: Candidates): number[] {
  return [...ids.subarray(0, count)];
}

function ascending(ids: number[]): number[] {
  return ids.toSorted((a, b) => a - b);
}

/** Candidates from logits: in order (all of them chosen by top-k), or as they come. */
function candidatesOf(logits: Float32Array, { sorted }: { sorted: boolean }): Candidates {
  const candidates = new Candidates();
  selectTopK(candidates, { logits, k: 0 });
  if (sorted) candidates.sort();
  return candidates;
}

/** Logits with the given probabilities. */
function logitsOf(...probabilities: number[]): Float32Array {
  return Float32Array.from(probabilities, Math.log);
}

/** Random logits. With few levels there are many ties. */
function randomLogits(seed: number, { count, levels }: { count: number; levels: number }): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => Math.floor(random.nextUnit() * levels) / levels * 20 - 10);
}

/** All ids, highest logit first, equal ones by id: the definition of the order. */
function inOrder(logits: Float32Array): number[] {
  return [...logits.keys()].filter((id) => logits[id] !== -Infinity).toSorted((a, b) => logits[b] - logits[a] || a - b);
}

describe("argmax()", () => {
  it("is the highest logit, of equal ones the lowest id", () => {
    strictEqual(argmax(Float32Array.of(1, 3, 2)), 1);
    strictEqual(argmax(Float32Array.of(1, 3, 3, 3)), 1);
    strictEqual(argmax(Float32Array.of(-Infinity, -5, -Infinity)), 1);
    strictEqual(argmax(Float32Array.of(-0, 0)), 0);
  });

  it("refuses what cannot be compared", () => {
    throws(() => argmax(Float32Array.of(1, NaN, 2)), { name: "RangeError", message: /NaN for token 1/ });
    throws(() => argmax(Float32Array.of(1, Infinity)), { name: "RangeError", message: /Infinity for token 1/ });
    throws(() => argmax(Float32Array.of(-Infinity)), { name: "RangeError", message: /none among 1/ });
    throws(() => argmax(new Float32Array(0)), { name: "RangeError", message: /none among 0/ });
  });
});

describe("Candidates.sort()", () => {
  it("orders by logit, then by id, whatever the sequence", () => {
    for (let seed = 0; seed < 20; seed++) {
      const logits = randomLogits(seed, { count: seed, levels: 3 });
      const random = createRandom(seed);
      const candidates = new Candidates();
      candidates.reset(seed);
      for (const id of [...logits.keys()].toSorted(() => random.nextUnit() - 0.5)) candidates.push(id, logits[id]);
      candidates.sort();
      deepStrictEqual(idsOf(candidates), inOrder(logits));
    }
    const candidates = new Candidates();
    candidates.reset(2);
    candidates.push(1, 5);
    candidates.push(0, 5);
    candidates.sort();
    deepStrictEqual(idsOf(candidates), [0, 1]);
  });
});

describe("selectTopK()", () => {
  it("keeps the k highest logits in order", () => {
    const candidates = new Candidates();
    selectTopK(candidates, { logits: Float32Array.of(1, 5, 3, 4, 2), k: 3 });
    deepStrictEqual(idsOf(candidates), [1, 3, 2]);
    deepStrictEqual([...candidates.logits.subarray(0, 3)], [5, 4, 3]);
    ok(candidates.sorted);
  });

  it("keeps the lowest ids of equal logits at the edge", () => {
    const candidates = new Candidates();
    selectTopK(candidates, { logits: Float32Array.of(7, 7, 9, 7, 7, 9), k: 4 });
    deepStrictEqual(idsOf(candidates), [2, 5, 0, 1]);
  });

  it("keeps all tokens for k = 0 or a large k, but not those without a probability", () => {
    const candidates = new Candidates();
    for (const k of [0, 3, 4]) {
      selectTopK(candidates, { logits: Float32Array.of(1, -Infinity, 2), k });
      deepStrictEqual(idsOf(candidates), [0, 2]);
    }
    selectTopK(candidates, { logits: Float32Array.of(-Infinity, -Infinity, 2, 1, 0), k: 4 });
    deepStrictEqual(idsOf(candidates), [2, 3, 4]);
  });

  it("agrees with sorting everything", () => {
    const candidates = new Candidates();
    for (let seed = 0; seed < 60; seed++) {
      const logits = randomLogits(seed, { count: 500 + seed, levels: seed % 2 === 0 ? 1e6 : 40 });
      if (seed % 3 === 0) logits.fill(-Infinity, 100, 200);
      const k = 1 + (seed * 7) % 300;
      selectTopK(candidates, { logits, k });
      deepStrictEqual(idsOf(candidates), inOrder(logits).slice(0, k), `seed ${seed}`);
    }
  });

  it("refuses NaN and Infinity wherever they are", () => {
    for (const k of [0, 2]) {
      for (let at = 0; at < 9; at++) {
        for (const bad of [NaN, Infinity]) {
          const logits = Float32Array.of(1, 9, 2, 8, 3, 7, 4, 6, 5);
          logits[at] = bad;
          throws(() => selectTopK(new Candidates(), { logits, k }), {
            name: "RangeError",
            message: `Expected logits to be finite or -Infinity but found ${bad} for token ${at}`,
          });
        }
      }
    }
    throws(() => selectTopK(new Candidates(), { logits: new Float32Array(5).fill(-Infinity), k: 2 }), RangeError);
  });
});

describe("keepTopP()", () => {
  it("keeps the fewest tokens that reach p together, the one that reaches it included", () => {
    for (const sorted of [true, false]) {
      for (
        const [p, expected] of [[0.3, [3]], [0.5, [1, 3]], [0.7, [1, 3]], [0.75, [1, 2, 3]], [1, [0, 1, 2, 3]]] as const
      ) {
        const candidates = candidatesOf(logitsOf(0.1, 0.31, 0.19, 0.4), { sorted });
        keepTopP(candidates, p);
        deepStrictEqual(ascending(idsOf(candidates)), expected, `p = ${p}, ${sorted ? "" : "not "}sorted`);
      }
    }
  });

  it("keeps the lowest ids of equal logits at the edge", () => {
    for (const sorted of [true, false]) {
      const candidates = candidatesOf(new Float32Array(8), { sorted });
      keepTopP(candidates, 0.5);
      deepStrictEqual(idsOf(candidates), [0, 1, 2, 3]);
    }
  });

  it("always keeps one", () => {
    for (const sorted of [true, false]) {
      const candidates = candidatesOf(logitsOf(0.2, 0.7, 0.1), { sorted });
      keepTopP(candidates, Number.MIN_VALUE);
      deepStrictEqual(idsOf(candidates), [1]);
    }
  });

  it("agrees with sorting everything, whether the candidates are sorted or not", () => {
    for (let seed = 0; seed < 60; seed++) {
      const logits = randomLogits(seed, { count: 700 + seed, levels: seed % 2 === 0 ? 1e6 : 40 });
      const p = [0.01, 0.5, 0.9, 0.95, 0.999][seed % 5];
      const order = inOrder(logits);
      const weights = order.map((id) => Math.exp(logits[id] - logits[order[0]]));
      const total = weights.reduce((a, b) => a + b);
      let count = 0;
      for (let sum = 0; sum < p * total; count++) sum += weights[count];
      for (const sorted of [true, false]) {
        const candidates = candidatesOf(logits, { sorted });
        keepTopP(candidates, p);
        deepStrictEqual(ascending(idsOf(candidates)), ascending(order.slice(0, count)), `seed ${seed}, p = ${p}`);
      }
    }
  });

  it("copes with logits that are very far apart", () => {
    const candidates = candidatesOf(Float32Array.of(-3e38, 3e38, 0, 3e38), { sorted: false });
    keepTopP(candidates, 0.95);
    deepStrictEqual(idsOf(candidates), [1, 3]);
  });
});

describe("keepMinP()", () => {
  it("keeps what has at least p times the highest probability", () => {
    for (const sorted of [true, false]) {
      for (const [p, expected] of [[0, [0, 1, 2, 3]], [0.2, [0, 1, 3]], [0.5, [1, 3]], [0.9, [3]], [1, [3]]] as const) {
        const candidates = candidatesOf(logitsOf(0.13, 0.27, 0.05, 0.5), { sorted });
        keepMinP(candidates, p);
        deepStrictEqual(ascending(idsOf(candidates)), expected, `p = ${p}, ${sorted ? "" : "not "}sorted`);
      }
    }
  });

  it("keeps all of the most probable tokens at p = 1", () => {
    const candidates = candidatesOf(Float32Array.of(2, 1, 2), { sorted: false });
    keepMinP(candidates, 1);
    deepStrictEqual(idsOf(candidates), [0, 2]);
  });
});

describe("applyTemperature()", () => {
  it("divides logits, relative to the highest", () => {
    const candidates = candidatesOf(Float32Array.of(1, 3, 2), { sorted: false });
    applyTemperature(candidates, 0.5);
    deepStrictEqual([...candidates.logits.subarray(0, 3)], [-4, 0, -2]);
  });

  it("does not overflow", () => {
    const candidates = candidatesOf(Float32Array.of(3e38, 3e38, -3e38), { sorted: true });
    applyTemperature(candidates, Number.MIN_VALUE);
    deepStrictEqual([...candidates.logits.subarray(0, 3)], [0, 0, -Infinity]);
    strictEqual(draw(candidates, 0.75), 1);
  });
});

describe("draw()", () => {
  it("maps [0, 1) to the candidates in proportion", () => {
    const candidates = candidatesOf(logitsOf(0.5, 0.25, 0.25), { sorted: true });
    applyTemperature(candidates, 1);
    for (const [unit, id] of [[0, 0], [0.499, 0], [0.501, 1], [0.749, 1], [0.751, 2], [1 - 2 ** -53, 2]]) {
      strictEqual(draw(candidates, unit), id, `${unit}`);
    }
  });

  it("takes the next candidate at the border of two", () => {
    const candidates = candidatesOf(new Float32Array(4), { sorted: true });
    deepStrictEqual([0, 0.25, 0.5, 0.75].map((unit) => draw(candidates, unit)), [0, 1, 2, 3]);
  });

  it("draws as often as the probabilities say", () => {
    const random = createRandom(11);
    const probabilities = [0.4, 0.3, 0.15, 0.1, 0.05];
    const counts = [0, 0, 0, 0, 0];
    const candidates = candidatesOf(logitsOf(...probabilities), { sorted: false });
    applyTemperature(candidates, 1);
    for (let i = 0; i < 20000; i++) counts[draw(candidates, random.nextUnit())]++;
    // Chi-squared with 4 degrees of freedom is below 18.5 with probability 0.999.
    const chiSquared = counts.reduce(
      (sum, n, i) => sum + (n - 20000 * probabilities[i]) ** 2 / (20000 * probabilities[i]),
      0,
    );
    ok(chiSquared < 18.5, `chi-squared is ${chiSquared}`);
  });
});
