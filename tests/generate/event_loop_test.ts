// test: alone
// A 1 ms timer is never late by more than 5 ms of ours while a model loads and generates.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { needsLibrary } from "../native/require_library.ts";
import { runChild } from "../runtime/child.ts";
import { greedy, loadExample, longPrompt, modelUrl, retried, story } from "./example_model.ts";
import { type Lateness, measureLateness } from "./lateness.ts";
import { loadModel } from "../../mod.ts";

/** Runs `work` beside a timer, again when the timer was late: an idle machine has outliers of its own. */
async function expectOnTime(work: () => Promise<unknown>): Promise<void> {
  await retried(8, async () => check(await measureLateness(work)));
}

function check(lateness: Lateness): void {
  assert.ok(lateness.ticks >= 3, `${lateness.ticks} ticks`);
  assert.equal(lateness.late, 0, `${JSON.stringify(lateness)}`);
}

describe("the event loop", needsLibrary, () => {
  it("is seen to be blocked when it is", async () => {
    const { late, worstMs } = await measureLateness(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const end = performance.now() + 40;
      while (performance.now() < end);
    });
    assert.ok(late >= 1 && worstMs > 5, `${worstMs} ms`);
  });

  it("is free while a new process loads a model and answers for the first time", async () => {
    await retried(8, async () => {
      const { stdout, stderr } = await runChild("../generate/first_answer.ts");
      assert.equal(stderr, "");
      const { load, generate } = JSON.parse(stdout) as Record<string, Lateness>;
      check(load);
      check(generate);
    });
  });

  it("is free while a model loads from a file", async () => {
    await expectOnTime(async () => (await loadExample()).dispose());
  });

  it("is free while a model loads from bytes", async () => {
    const bytes = await readFile(modelUrl);
    await expectOnTime(async () => (await loadModel(bytes)).dispose());
  });

  it("is free while a small model generates in this thread", async () => {
    await using model = await loadExample();
    await expectOnTime(async () => await model.generate(story, greedy));
  });

  it("is free while two small models generate at once", async () => {
    await using model = await loadExample();
    await using other = await loadExample();
    await expectOnTime(() =>
      Promise.all([model, model, other].map((one) => one.generate(story, greedy).then(({ text }) => text)))
    );
  });

  it("is free while 16 generations share a cache that is too small, and contexts are shifted and saved", async () => {
    await using model = await loadExample({ cacheTokens: 1024 });
    const prompts = Array.from({ length: 16 }, (_, i) => longPrompt.slice(i * 40, 400 + i * 40));
    const overflow = { contextOverflow: "shift", frequencyPenalty: -1000, maxTokens: 500 } as const;
    await expectOnTime(async () => {
      model.clearCache();
      await Promise.all(
        prompts.map((prompt) => model.generate(prompt, { temperature: 1, maxTokens: 24 }).then(() => {})),
      );
      await model.generate(story, { ...greedy, ...overflow });
      using sequence = model.createSequence();
      await sequence.append(longPrompt);
      using _loaded = await model.loadSequence(await sequence.save());
    });
  });

  it("is free while long prompts are computed in the background", async () => {
    await using model = await loadExample({ precision: "f32" });
    await expectOnTime(async () => await model.generate(longPrompt, { ...greedy, maxTokens: 8 }));
  });
});
