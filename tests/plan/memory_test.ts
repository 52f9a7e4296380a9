// Properties of the memory planner over seeded random lifetimes.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Lifetime, planMemory } from "../../src/plan/memory.ts";
import { seededRandom } from "../gguf/seeded_random.ts";

function randomLifetimes(seed: number): Lifetime[] {
  const random = seededRandom(seed);
  return Array.from({ length: 1 + (random() % 60) }, () => {
    const first = random() % 40;
    return { bytes: random() % 5000, first, last: first + (random() % (random() % 4 === 0 ? 40 : 4)) };
  });
}

function together(a: Lifetime, b: Lifetime): boolean {
  return a.first <= b.last && b.first <= a.last;
}

const padded = ({ bytes }: Lifetime): number => Math.ceil(bytes / 64) * 64;

/** The most bytes that are alive at once: no arena can be smaller. */
function loadMax(lifetimes: readonly Lifetime[]): number {
  const moments = lifetimes.map(({ first }) => ({ bytes: 0, first, last: first }));
  return moments.reduce((max, moment) => {
    const alive = lifetimes.filter((lifetime) => together(lifetime, moment));
    return Math.max(max, alive.reduce((sum, lifetime) => sum + padded(lifetime), 0));
  }, 0);
}

describe("planMemory()", () => {
  it("never lets two live buffers overlap, aligns all and stays within the arena", () => {
    for (let seed = 0; seed < 200; seed++) {
      const lifetimes = randomLifetimes(seed);
      const { offsets, bytes } = planMemory(lifetimes);
      for (const [i, a] of lifetimes.entries()) {
        assert.equal(offsets[i] % 64, 0);
        assert.ok(offsets[i] >= 0 && offsets[i] + a.bytes <= bytes);
        for (let j = 0; j < i; j++) {
          if (!together(a, lifetimes[j])) continue;
          const apart = offsets[i] + a.bytes <= offsets[j] || offsets[j] + lifetimes[j].bytes <= offsets[i];
          assert.ok(apart, `seed ${seed}: buffers ${j} and ${i} overlap`);
        }
      }
    }
  });

  it("needs little more than what is alive at once", () => {
    let [found, least] = [0, 0];
    for (let seed = 0; seed < 200; seed++) {
      const lifetimes = randomLifetimes(seed);
      found += planMemory(lifetimes).bytes;
      least += loadMax(lifetimes);
    }
    assert.ok(found <= 1.1 * least, `${found} bytes where ${least} are alive at once`);
  });

  it("gives one place to buffers that take turns, and the same places for the same input", () => {
    const turns = [{ bytes: 100, first: 0, last: 1 }, { bytes: 128, first: 2, last: 3 }];
    assert.deepEqual(planMemory(turns), { offsets: [0, 0], bytes: 128 });
    const side = [{ bytes: 100, first: 0, last: 2 }, { bytes: 128, first: 2, last: 3 }];
    assert.deepEqual(planMemory(side), { offsets: [128, 0], bytes: 256 });
    assert.deepEqual(planMemory(randomLifetimes(7)), planMemory(randomLifetimes(7)));
  });

  it("takes an empty list and buffers of no bytes", () => {
    assert.deepEqual(planMemory([]), { offsets: [], bytes: 0 });
    assert.deepEqual(planMemory([{ bytes: 0, first: 0, last: 0 }]), { offsets: [0], bytes: 0 });
  });
});
