// Memory of the cache is what was asked for, or refused with numbers.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadModel } from "../mod.ts";
import { cacheBlocks } from "../src/cache_size.ts";
import { modelUrl } from "./generate/example_model.ts";
import { needsLibrary } from "./native/require_library.ts";

describe("cacheBlocks()", () => {
  const options = {
    cacheTokens: 1000,
    cacheBytes: undefined,
    contextLength: 500,
    tokensMax: 128,
    blockBytes: [100, 7],
  };

  it("has a block per 64 tokens, and for windows what all contexts need twice", () => {
    assert.deepEqual(cacheBlocks({ ...options, windows: [0, 64] }), [16, 13]);
    assert.deepEqual(cacheBlocks({ ...options, windows: [0, 400] }), [16, 16]);
  });

  it("has as many as fit into the bytes, and not one more", () => {
    for (const cacheBytes of [107, 500, 12_345, 10_000_000]) {
      const [all, window] = cacheBlocks({ ...options, windows: [0, 64], cacheBytes });
      const bytes = all * 100 + window * 7;
      assert.ok(bytes <= cacheBytes && bytes + 107 > cacheBytes, `${all} and ${window} blocks for ${cacheBytes} bytes`);
    }
    assert.throws(() => cacheBlocks({ ...options, windows: [0, 64], cacheBytes: 106 }), {
      name: "RangeError",
      message: /Expected cacheBytes of at least 107 \(64 tokens\) but found 106/,
    });
  });
});

describe("loadModel() with cacheBytes", needsLibrary, () => {
  it("takes no more, and says how many tokens that are", async () => {
    const cacheBytes = 3_000_000;
    await using model = await loadModel(modelUrl, { cacheBytes });
    // 5 layers of 2 heads with keys and values of 64 f16: 2560 bytes a token.
    assert.equal(model.info.cacheTokens, Math.floor(cacheBytes / (64 * 2560)) * 64);
    assert.equal(model.info.cacheBytes, model.info.cacheTokens * 2560);
    await assert.rejects(loadModel(modelUrl, { cacheBytes: 1000 }), /cacheBytes of at least 163840 .* but found 1000/);
    await assert.rejects(loadModel(modelUrl, { cacheBytes, cacheTokens: 64 }), TypeError);
  });

  it("says what could not be had", async () => {
    await assert.rejects(loadModel(modelUrl, { cacheBytes: 2 ** 50 }), {
      name: "NativeError",
      message: /Cannot allocate \d+ bytes for a cache of \d+ blocks .*: load the model with smaller cacheBytes/,
    });
  });
});
