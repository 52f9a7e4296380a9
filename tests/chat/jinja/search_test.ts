/**
 * Searching strings: both ways of it against the engine's own search.
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { Budget, limitsFor } from "../../../src/chat/jinja/budget.ts";
import { firstIndex, lastIndex, occurrences } from "../../../src/chat/jinja/search.ts";

const budget = new Budget(limitsFor({ messages: 1000, characters: 1e6 }));

/** A word of two letters only, so that parts of it repeat. */
function word(length: number, seed: number): string {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 30 === 0 ? "b" : "a";
  }).join("");
}

describe("occurrences()", () => {
  it("finds patterns of every length where the engine does", () => {
    for (let seed = 1; seed < 40; seed++) {
      for (const length of [1, 3, 63, 64, 65, 66, 100, 200]) {
        const sub = word(length, seed);
        // Pieces of the pattern, the pattern, and the pattern overlapping itself.
        const value = sub.slice(0, -1) + sub + word(50, seed + 1) + sub + sub.slice(length >> 1) + sub.slice(1) +
          sub.slice(0, 9);
        const expected: number[] = [];
        for (let at = value.indexOf(sub); at !== -1; at = value.indexOf(sub, at + length)) expected.push(at);
        deepStrictEqual([...occurrences(value, { sub, budget })], expected, `${length} ${seed}`);
        strictEqual(firstIndex(value, { sub, budget }), value.indexOf(sub));
        strictEqual(lastIndex(value, { sub, budget }), value.lastIndexOf(sub));
      }
    }
  });

  it("finds periodic patterns", () => {
    const sub = "ab".repeat(40) + "a";
    strictEqual(firstIndex("ab".repeat(39) + "b" + sub, { sub, budget }), 79);
    deepStrictEqual([...occurrences("ab".repeat(100), { sub, budget })], [0, 82]);
  });

  it("finds nothing where there is nothing", () => {
    for (const length of [1, 100]) {
      strictEqual(firstIndex("", { sub: "x".repeat(length), budget }), -1);
      strictEqual(lastIndex("y".repeat(500), { sub: "x".repeat(length), budget }), -1);
    }
    strictEqual(firstIndex("abc", { sub: "", budget }), 0);
    strictEqual(lastIndex("abc", { sub: "", budget }), 3);
  });

  it("goes from the end through surrogates without taking them apart", () => {
    const sub = "😀".repeat(40);
    strictEqual(lastIndex(`${sub}x${sub}y`, { sub, budget }), 81);
  });
});
