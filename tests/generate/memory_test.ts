// test: alone
// Memory comes back: loading, generating, aborting and failing again and again does not let the process grow.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { describe, it } from "node:test";
import { loadModel } from "../../mod.ts";
import { needsLibrary } from "../native/require_library.ts";
import { greedy, loadExample, modelUrl, story } from "./example_model.ts";

const ROUNDS = 50;

/** What a loaded model takes, tables of the tokenizer included, is some 15 MB: 50 forgotten ones would be 750. */
const GROWTH_BYTES_MAX = 100e6;

/** How much the resident memory grows over many rounds, after some that fill caches and heaps. */
async function growth(round: (i: number) => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 10; i++) await round(i);
  const before = process.memoryUsage().rss;
  for (let i = 0; i < ROUNDS; i++) await round(i);
  return process.memoryUsage().rss - before;
}

async function expectBounded(round: (i: number) => Promise<unknown>): Promise<void> {
  const bytes = await growth(round);
  assert.ok(bytes < GROWTH_BYTES_MAX, `${ROUNDS} rounds took ${(bytes / 1e6).toFixed(0)} MB`);
}

describe("memory", needsLibrary, () => {
  it("does not grow with models that are loaded, used and disposed", async () => {
    const bytes = await readFile(modelUrl);
    await expectBounded(async (i) => {
      await using model = await loadModel(i % 2 === 0 ? modelUrl : bytes);
      await model.generate(story, { ...greedy, maxTokens: 4 });
    });
  });

  it("does not grow with loads that are aborted or fail", async () => {
    const bytes = (await readFile(modelUrl)).subarray(0, 2_000_000);
    await expectBounded(async (i) => {
      const controller = new AbortController();
      const phase = i % 2 === 0 ? "tokenizer" : "weights";
      const onProgress = (progress: { phase: string }) => progress.phase === phase && controller.abort("reason");
      await loadExample({ signal: controller.signal, onProgress }).then((model) => model.dispose(), () => {});
      await assert.rejects(loadModel(bytes));
    });
  });

  it("does not grow with generations that are forgotten in the middle", async () => {
    await using model = await loadExample({ cacheTokens: 65536 });
    await expectBounded(async () => {
      await model.generate(story, greedy)[Symbol.asyncIterator]().next();
    });
  });
});
