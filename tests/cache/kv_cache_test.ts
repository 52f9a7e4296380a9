// Blocks of the key/value cache: given out, given back, never to two sequences.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KvCache } from "../../src/cache/kv_cache.ts";
import { ArpeggioError } from "../../src/errors.ts";

describe("KvCache", () => {
  it("gives a block for every 64 positions begun, and no block to two sequences", () => {
    const cache = new KvCache(5);
    const [a, b] = [cache.createSequence(), cache.createSequence()];
    a.reserve(1);
    b.reserve(65);
    a.reserve(64);
    assert.equal(a.blocks.length, 1);
    a.reserve(129);
    assert.equal(a.blocks.length, 3);
    assert.deepEqual([...a.blocks, ...b.blocks].sort(), [0, 1, 2, 3, 4]);
    assert.equal(cache.freeBlocks, 0);
  });

  it("says with numbers that there are not enough blocks, and takes none then", () => {
    const cache = new KvCache(3);
    const [a, b] = [cache.createSequence(), cache.createSequence()];
    a.reserve(100);
    assert.throws(() => b.reserve(200), (error: Error) => {
      assert.ok(error instanceof ArpeggioError);
      assert.match(error.message, /Expected 4 free blocks \(256 tokens\).* but 1 of 3 \(64 of 192 tokens\)/);
      return true;
    });
    assert.equal(b.blocks.length, 0);
    b.reserve(64);
    assert.equal(cache.freeBlocks, 0);
  });

  it("gets blocks back once, when a sequence is disposed", () => {
    const cache = new KvCache(4);
    const a = cache.createSequence();
    a.reserve(256);
    const blocks = [...a.blocks];
    a[Symbol.dispose]();
    a[Symbol.dispose]();
    assert.equal(cache.freeBlocks, 4);
    const b = cache.createSequence();
    b.reserve(256);
    assert.deepEqual(b.blocks, blocks);
    assert.throws(() => a.reserve(1), TypeError);
  });
});
