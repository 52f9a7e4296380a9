// The module in several workers at the same time: each loads a model of its own and generates beside the others, and
// any of them may be ended in the middle of a step.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { needsLibrary } from "../native/require_library.ts";
import { greedy, loadExample, story } from "./example_model.ts";

const WORKERS = 4;

/** A worker that answers with the tokens of the story, again and again. */
function startWorker(): Worker {
  return new Worker(new URL("worker_story.ts", import.meta.url));
}

/** Its next answer. */
function nextTokens(worker: Worker): Promise<number[]> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

describe("the module in several workers", needsLibrary, () => {
  it("generates in all of them what it generates here", async () => {
    await using model = await loadExample();
    const workers = Array.from({ length: WORKERS }, startWorker);
    try {
      const answers = workers.map(nextTokens);
      const { tokens } = await model.generate(story, { ...greedy, maxTokens: 30 });
      for (const answer of await Promise.all(answers)) assert.deepEqual(answer, tokens);
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });

  it("goes on when some of them are ended in the middle of a step", async () => {
    await using model = await loadExample();
    const { tokens } = await model.generate(story, { ...greedy, maxTokens: 30 });
    const stays = startWorker();
    for (let round = 0; round < 3; round++) {
      const goes = startWorker();
      await nextTokens(goes);
      // It has begun the next story.
      await goes.terminate();
      assert.deepEqual(await nextTokens(stays), tokens);
      assert.deepEqual((await model.generate(story, { ...greedy, maxTokens: 30 })).tokens, tokens);
    }
    await stays.terminate();
  });
});
