// The key/value cache against a naive one: an array per sequence, with everything in it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KvCache, type KvGroup } from "../../src/cache/kv_cache.ts";
import type { KvSequence } from "../../src/cache/kv_sequence.ts";
import { ArpeggioError } from "../../src/errors.ts";
import { NONE } from "../../src/native/abi.ts";
import { runWhole } from "../../src/time_slice.ts";
import { contentOf, FakeMemory } from "./fake_memory.ts";
import { ModelTest } from "./model_test_run.ts";

function create(groups: readonly KvGroup[]): { cache: KvCache; memory: FakeMemory } {
  const memory = new FakeMemory(groups);
  return { cache: new KvCache(groups, memory), memory };
}

/** Appends tokens and computes them, in steps of at most 100. */
function append({ memory }: { memory: FakeMemory }, sequence: KvSequence, tokens: readonly number[]): void {
  sequence.tokens.push(tokens);
  while (sequence.length < sequence.tokens.length) {
    const positions = Math.min(sequence.length + 100, sequence.tokens.length);
    assert.ok(sequence.reserve(positions));
    memory.compute(sequence, positions);
    sequence.commit(positions);
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Starts a sequence with these tokens; returns it and how many of them the cache had. */
function start(all: { cache: KvCache; memory: FakeMemory }, tokens: readonly number[]): [KvSequence, number] {
  const sequence = all.cache.createSequence();
  sequence.tokens.push(tokens);
  sequence.attach();
  const cached = sequence.length;
  append(all, sequence, []);
  return [sequence, cached];
}

describe("KvCache", () => {
  it("agrees with a naive cache over 100,000 random operations, in budget, without a leak", () => {
    // Groups as a model has them: all positions; all and a window; two windows and nothing else.
    const shapes: KvGroup[][] = [
      [{ blocks: 24, window: 0 }],
      [{ blocks: 30, window: 0 }, { blocks: 20, window: 100 }],
      [{ blocks: 20, window: 70 }, { blocks: 24, window: 200 }],
    ];
    const counts = shapes.map((groups, i) => {
      const run = new ModelTest(groups, { seed: i + 1 });
      run.run(i === 0 ? 60_000 : 20_000);
      return run.counts;
    });
    for (const count of counts) {
      const names = ["create", "append", "fork", "trim", "shift", "drop", "abort", "saveAndLoad", "detach"];
      assert.deepEqual(names.filter((name) => !(count[name] > 100)), [], JSON.stringify(count));
      // What the test is about happened: prefixes were found, and blocks had to go.
      assert.ok(count["cachedTokens"] > 10_000 && count["evictions"] > 1000, JSON.stringify(count));
    }
  });

  it("finds the longest prefix, to the token, of live sequences and of those that are gone", () => {
    const all = create([{ blocks: 20, window: 0 }]);
    const [a] = start(all, range(0, 200));
    const [, whole] = start(all, [...range(0, 195), 7, 7, 7]);
    assert.equal(whole, 192, "the last block of a live sequence is its own");
    a[Symbol.dispose]();
    assert.equal(start(all, [...range(0, 180), 8, 8, 8])[1], 180);
    assert.equal(start(all, range(0, 300))[1], 200);
    assert.equal(start(all, range(0, 200))[1], 199, "the last token is always computed");
    assert.equal(start(all, range(1, 200))[1], 0);
  });

  it("lets the least recently used go first", () => {
    const all = create([{ blocks: 4, window: 0 }]);
    for (const first of [1000, 2000, 3000, 4000]) start(all, range(first, first + 64))[0][Symbol.dispose]();
    start(all, range(1000, 1065))[0].detach(); // 1000 is used again, 2000 makes room for token 1064.
    const found = [1000, 2000, 3000, 4000].map((first) =>
      all.cache.tree.match(Int32Array.from(range(first, first + 64)))
    );
    assert.deepEqual(found.map(({ path }) => path.length), [1, 0, 1, 1]);
  });

  it("uses a block once for sequences that compute the same at the same time", () => {
    const all = create([{ blocks: 10, window: 0 }]);
    const [a, b] = [all.cache.createSequence(), all.cache.createSequence()];
    a.attach();
    b.attach();
    append(all, a, range(0, 128));
    append(all, b, range(0, 128));
    assert.deepEqual(a.blockTables, b.blockTables);
    assert.equal(all.cache.usage.usedTokens, 128);
  });

  it("copies a block of two forks when one writes to it, and only then", () => {
    const all = create([{ blocks: 10, window: 0 }]);
    const [a] = start(all, range(0, 100));
    const fork = a.fork();
    assert.equal(all.cache.usage.usedTokens, 128);
    append(all, fork, [1, 2, 3]);
    assert.equal(all.cache.usage.usedTokens, 192);
    append(all, a, [4]);
    assert.equal(all.cache.usage.usedTokens, 192, "the last owner writes in place");
    const content = (sequence: KvSequence) => all.memory.contents[0][all.memory.place(sequence, 0, 100)!];
    const before = all.memory.contents[0][all.memory.place(a, 0, 99)!];
    assert.deepEqual([content(fork), content(a)], [contentOf(before, 1), contentOf(before, 4)]);
  });

  it("keeps only the window of layers with one, and still finds prefixes as far as their window is there", () => {
    const all = create([{ blocks: 40, window: 0 }, { blocks: 6, window: 100 }]);
    const [a] = start(all, range(0, 1000));
    assert.equal(a.blockTables[1].filter((block) => block !== NONE).length, 2);
    a[Symbol.dispose]();
    const [b, longer] = start(all, range(0, 1100));
    assert.equal(longer, 1000);
    b[Symbol.dispose]();
    const [, shorter] = start(all, [...range(0, 500), ...range(2000, 2100)]);
    assert.equal(shorter, 0, "positions 400 to 499 of the window are gone");
  });

  it("refuses what does not fit, with numbers, and changes nothing then", () => {
    const { cache } = create([{ blocks: 3, window: 0 }]);
    const [a, b] = [cache.createSequence(), cache.createSequence()];
    assert.ok(a.reserve(100));
    assert.equal(b.reserve(200), false);
    assert.deepEqual(b.blockTables, [[]]);
    assert.throws(() => cache.expectRoomFor(193), (error: Error) => {
      assert.ok(error instanceof ArpeggioError);
      assert.match(error.message, /Expected room for 193 tokens .* has room for 192/);
      return true;
    });
    a[Symbol.dispose]();
    a[Symbol.dispose]();
    assert.throws(() => a.reserve(1), TypeError);
    assert.deepEqual(cache.usage, { usedTokens: 0, cachedTokens: 0, totalTokens: 192 });
  });

  it("keeps the blocks of a disposed sequence until the step that uses them is over", () => {
    const { cache } = create([{ blocks: 3, window: 0 }]);
    const a = cache.createSequence();
    a.reserve(100);
    a.busy = true;
    a[Symbol.dispose]();
    assert.equal(cache.usage.usedTokens, 128);
    a.busy = false;
    assert.equal(cache.usage.usedTokens, 0);
  });

  it("shifts by blocks: the kept ones stay shared, the others are the sequence's own", () => {
    const all = create([{ blocks: 10, window: 0 }]);
    const [a] = start(all, range(0, 300));
    const fork = a.fork();
    runWhole(a.shift({ keep: 1, count: 2 }));
    assert.equal(a.length, 172);
    assert.deepEqual([...a.tokens.view()], [...range(0, 64), ...range(192, 300)]);
    assert.equal(a.blockTables[0][0], fork.blockTables[0][0]);
    assert.notEqual(a.blockTables[0][1], fork.blockTables[0][3]);
    const angle = (sequence: KvSequence, position: number) =>
      all.memory.angles[0][all.memory.place(sequence, 0, position)!];
    assert.deepEqual([0, 63, 64, 171].map((position) => angle(a, position)), [0, 63, 64, 171]);
    assert.equal(angle(fork, 299), 299);
    append(all, a, range(0, 64));
    a[Symbol.dispose]();
    assert.equal(start(all, [...range(0, 64), ...range(192, 300)])[1], 64, "what was shifted is for nobody else");
  });
});
