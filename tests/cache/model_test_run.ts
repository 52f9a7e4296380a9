// Random operations on a cache and on a naive one, which must stay equal. What is counted is up to the test.
import assert from "node:assert/strict";
import { KvCache, type KvGroup } from "../../src/cache/kv_cache.ts";
import type { KvSequence } from "../../src/cache/kv_sequence.ts";
import { NONE } from "../../src/native/abi.ts";
import { runWhole } from "../../src/time_slice.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { contentOf, FakeMemory } from "./fake_memory.ts";

const SIZE = 64;
/** Sequences of at most this many tokens: more than a few fill the cache of a test. */
const TOKENS_MAX = 600;
const SEQUENCES_MAX = 8;

/** A sequence, and beside it everything that it should have. */
interface Pair {
  readonly sequence: KvSequence;
  tokens: number[];
  /** What stands for keys and values of all positions that have been computed. */
  contents: number[];
}

/** A run. */
export class ModelTest {
  readonly counts: Record<string, number> = { cachedTokens: 0, evictions: 0 };
  readonly #cache: KvCache;
  readonly #memory: FakeMemory;
  readonly #groups: readonly KvGroup[];
  readonly #random: () => number;
  #pairs: Pair[] = [];

  constructor(groups: readonly KvGroup[], { seed }: { seed: number }) {
    this.#groups = groups;
    this.#memory = new FakeMemory(groups);
    this.#cache = new KvCache(groups, this.#memory);
    this.#random = seededRandom(seed);
  }

  /** Runs operations, then drops everything: nothing may be left. */
  run(operations: number): void {
    const names = ["create", "append", "append", "append", "abort", "fork", "trim", "shift", "drop", "detach"] as const;
    for (let i = 0; i < operations; i++) {
      const name = this.#below(40) === 0 ? "saveAndLoad" : names[this.#below(names.length)];
      const idle = this.#cache.pools.reduce((sum, { idleBlocks }) => sum + idleBlocks, 0);
      this.#do(name);
      const left = this.#cache.pools.reduce((sum, { idleBlocks }) => sum + idleBlocks, 0);
      this.counts["evictions"] += Math.max(0, idle - left);
      if (i % 50 === 0) this.#checkCounts();
      if (i % 50 === 0) { for (const pair of this.#pairs) this.#check(pair); }
    }
    while (this.#pairs.length > 0) this.#do("drop");
    this.#checkCounts();
    this.#cache.clear();
    assert.deepEqual(this.#cache.pools.map(({ freeBlocks }) => freeBlocks), this.#groups.map(({ blocks }) => blocks));
    assert.deepEqual([...this.#cache.tree.nodes()], []);
    assert.equal(this.#cache.attached.size, 0);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() / 2 ** 32 * limit);
  }

  #do(name: "create" | "append" | "abort" | "fork" | "trim" | "shift" | "drop" | "detach" | "saveAndLoad"): void {
    const pair = this.#pairs[this.#below(this.#pairs.length)];
    if (pair === undefined && name !== "create" && name !== "drop") return this.#do("create");
    if (this.#pairs.length >= SEQUENCES_MAX && ["create", "fork", "saveAndLoad"].includes(name)) {
      return this.#do("drop");
    }
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    if (name === "create") this.#create();
    else if (name === "append") this.#append(pair, 1 + this.#below(this.#below(4) === 0 ? 250 : 20));
    else if (name === "abort") this.#abort(pair);
    else if (name === "fork") this.#add({ ...pair, sequence: pair.sequence.fork() });
    else if (name === "trim") this.#trim(pair);
    else if (name === "shift") this.#shift(pair);
    else if (name === "drop") this.#drop(pair);
    else if (name === "detach") this.#detach(pair);
    else this.#saveAndLoad(pair);
    if (pair !== undefined && this.#pairs.includes(pair)) this.#check(pair);
  }

  #add({ sequence, tokens, contents }: Pair): void {
    this.#pairs.push({ sequence, tokens: [...tokens], contents: [...contents] });
  }

  /** Begins as another one does, more often than not. */
  #create(): void {
    const other = this.#pairs[this.#below(this.#pairs.length)]?.tokens ?? [];
    const tokens = other.slice(0, this.#below(other.length + 1));
    for (let i = this.#below(100); i >= 0; i--) tokens.push(this.#below(3));
    const sequence = this.#cache.createSequence();
    sequence.tokens.push(tokens);
    const pair: Pair = { sequence, tokens, contents: [] };
    this.#pairs.push(pair);
    this.#compute(pair);
  }

  #append(pair: Pair, count: number): void {
    const added = Array.from({ length: count }, () => this.#below(3));
    if (pair.tokens.length + count > TOKENS_MAX) return;
    pair.sequence.tokens.push(added);
    pair.tokens.push(...added);
    this.#compute(pair);
  }

  /** What the scheduler does, in steps of at most 128 tokens. When others have all of the cache, they lose it. */
  #compute(pair: Pair): void {
    const { sequence, tokens } = pair;
    if (sequence.length === tokens.length) sequence.rewind(tokens.length - 1);
    if (sequence.length === 0 || this.#below(4) === 0) sequence.attach();
    this.counts["cachedTokens"] += sequence.length;
    this.#refresh(pair);
    while (sequence.length < tokens.length) {
      const positions = Math.min(sequence.length + 128, tokens.length);
      if (!sequence.reserve(positions)) {
        if (this.#free(pair)) continue;
        assert.ok(!sequence.repeatable || this.#pairs.some((other) => !other.sequence.repeatable), "no room for one");
        return this.#drop(pair);
      }
      this.#memory.compute(sequence, positions);
      sequence.commit(positions);
      this.#refresh(pair);
    }
  }

  #free(pair: Pair): boolean {
    const victim = [...this.#cache.attached].find((one) => one !== pair.sequence && one.repeatable && one.length > 0);
    if (victim === undefined) return false;
    victim.detach();
    this.#refresh(this.#pairs.find(({ sequence }) => sequence === victim)!);
    return true;
  }

  /** A step that was cancelled: it may have written anything where nothing was, and nobody may see it. */
  #abort({ sequence, tokens }: Pair): void {
    if (!sequence.reserve(sequence.length + 70)) return;
    for (const group of this.#groups.keys()) {
      for (let position = sequence.length; position < sequence.length + 70; position++) {
        this.#memory.contents[group][this.#memory.place(sequence, group, position)!] = -tokens.length;
      }
    }
  }

  #trim(pair: Pair): void {
    const length = this.#below(pair.tokens.length + 1);
    try {
      pair.sequence.trim(length);
    } catch (error) {
      assert.ok(!pair.sequence.repeatable && this.#groups.some(({ window }) => window > 0), String(error));
      return;
    }
    pair.tokens.length = length;
    this.#refresh(pair);
  }

  #shift(pair: Pair): void {
    const { sequence, tokens } = pair;
    const blocks = Math.floor(sequence.length / SIZE);
    if (blocks < 2 || sequence.length < tokens.length) return;
    const keep = this.#below(blocks - 1);
    const count = 1 + this.#below(blocks - keep - 1);
    try {
      runWhole(sequence.shift({ keep, count }));
    } catch (error) {
      assert.match(String(error), /free blocks of the key\/value cache|cannot be computed again/);
      assert.equal(sequence.tokens.length, tokens.length);
      return this.#refresh(pair);
    }
    tokens.splice(keep * SIZE, count * SIZE);
    if (!sequence.repeatable) pair.contents.splice(keep * SIZE, count * SIZE);
    this.#refresh(pair);
  }

  #detach(pair: Pair): void {
    if (!pair.sequence.repeatable) return;
    pair.sequence.detach();
    this.#refresh(pair);
  }

  #drop(pair: Pair | undefined): void {
    if (pair === undefined) return;
    pair.sequence[Symbol.dispose]();
    this.#pairs = this.#pairs.filter((other) => other !== pair);
  }

  /** The contents of the blocks of one sequence, written to those of a new one. */
  #saveAndLoad({ sequence, tokens, contents }: Pair): void {
    const loaded = this.#cache.createSequence();
    loaded.tokens.push(tokens);
    if (!loaded.restore(sequence.length, sequence)) return loaded[Symbol.dispose]();
    for (const [group, table] of loaded.blockTables.entries()) {
      for (const [i, to] of table.entries()) {
        if (to !== NONE) this.#memory.copyBlock(group, sequence.blockTables[group][i], to);
      }
    }
    this.#add({ sequence: loaded, tokens, contents });
  }

  /** The naive cache: what has been computed before is as it was, the rest follows from the tokens. */
  #refresh({ sequence, tokens, contents }: Pair): void {
    if (sequence.repeatable) contents.length = 0;
    contents.length = Math.min(contents.length, sequence.length);
    while (contents.length < sequence.length) {
      contents.push(contentOf(contents.at(-1) ?? 0, tokens[contents.length]));
    }
  }

  /** Every position that a window reaches has what it should have. */
  #check({ sequence, tokens, contents }: Pair): void {
    assert.deepEqual([...sequence.tokens.view()], tokens);
    assert.equal(sequence.length, contents.length);
    for (const [group, { window }] of this.#groups.entries()) {
      for (let position = window === 0 ? 0 : Math.max(0, contents.length - window + 1); position < contents.length;) {
        const place = this.#memory.place(sequence, group, position);
        assert.ok(place !== undefined, `group ${group} has lost position ${position} of ${contents.length}`);
        assert.equal(this.#memory.contents[group][place], contents[position], `position ${position}`);
        assert.equal(this.#memory.angles[group][place], position);
        position++;
      }
    }
  }

  /** Blocks are counted as often as they are held, and none is in two places. */
  #checkCounts(): void {
    for (const [group, pool] of this.#cache.pools.entries()) {
      const held = new Int32Array(pool.blocks);
      for (const { sequence } of this.#pairs) {
        for (const block of sequence.blockTables[group]) if (block !== NONE) held[block]++;
      }
      const used = held.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
      for (const node of this.#cache.tree.nodes()) if (node.blocks[group] !== NONE) held[node.blocks[group]]++;
      held.forEach((count, block) => assert.equal(pool.references(block), count, `block ${block} of group ${group}`));
      assert.equal(pool.freeBlocks + pool.idleBlocks + used, pool.blocks);
    }
  }
}
