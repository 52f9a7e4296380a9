// Generations at the same time share steps: whoever comes joins, whoever is done or aborted leaves, nobody waits long.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type GenerateOptions, loadModel, type Model, QueueFullError } from "../mod.ts";
import { KvCache } from "../src/cache/kv_cache.ts";
import type { ForwardPass, StepPart } from "../src/forward.ts";
import { Scheduler } from "../src/scheduler.ts";
import { greedy, modelUrl, story } from "./generate/example_model.ts";
import { needsLibrary } from "./native/require_library.ts";

const words = ["fox", "bear", "girl", "boy", "tree", "boat", "star", "frog", "cat", "dog", "hen", "owl", "cow", "pig"];
const prompts = [...words, "moon", "king"].map((word) => `Once upon a time, there was a ${word}`);
const options = (i: number): GenerateOptions => ({ temperature: 1, seed: i, maxTokens: 4 + i });

describe("Scheduler", needsLibrary, () => {
  let model: Model;
  let alone: (readonly number[])[];
  before(async () => {
    model = await loadModel(modelUrl, { cacheTokens: 4096 });
    alone = [];
    for (const [i, prompt] of prompts.entries()) alone.push((await model.generate(prompt, options(i))).tokens);
  });
  after(() => model.dispose());

  const all = async (one: Model) =>
    (await Promise.all(prompts.map((prompt, i) => one.generate(prompt, options(i))))).map(({ tokens }) => tokens);

  it("gives 16 generations in shared steps the tokens each gives alone, however many a step takes", async () => {
    model.clearCache();
    assert.deepEqual(await all(model), alone);
    for (const limits of [{ sequencesMax: 3, threads: 1 }, { tokensMax: 5 }, { threads: 8 }]) {
      await using other = await loadModel(modelUrl, limits);
      assert.deepEqual(await all(other), alone, JSON.stringify(limits));
    }
  });

  it("gives the same tokens when the cache has room for a few only, and others have to be computed again", async () => {
    for (const cacheTokens of [128, 320]) {
      await using small = await loadModel(modelUrl, { cacheTokens });
      assert.deepEqual(await all(small), alone);
      assert.equal(small.cacheUsage.usedTokens, 0);
    }
  });

  it("lets answers go on while a long prompt is computed, and a short prompt overtake it", async () => {
    await using one = await loadModel(modelUrl, { tokensMax: 512 });
    const events: string[] = [];
    const others: Promise<unknown>[] = [];
    for await (const _ of one.generate(story, { ...greedy, maxTokens: 20 })) {
      events.push("answer");
      if (events.length !== 3) continue;
      // Tokens, so that both are there at once.
      others.push(one.logits(Array.from({ length: 400 }, (_, i) => i)).then(() => events.push("long")));
      others.push(one.logits([1, 2, 3]).then(() => events.push("short")));
    }
    await Promise.all(others);
    // 400 tokens in steps of 64.
    const between = events.slice(3, events.indexOf("long")).filter((event) => event === "answer").length;
    assert.ok(between >= 4, events.join());
    assert.ok(events.indexOf("short") < events.indexOf("long"), events.join());
  });

  it("frees what an aborted generation has, at once, and the others do not notice", async () => {
    const controllers = prompts.map(() => new AbortController());
    const results = prompts.map((prompt, i) =>
      model.generate(prompt, { ...options(i), signal: controllers[i].signal }).then(({ tokens }) => tokens, String)
    );
    for (let i = 0; i < 16; i += 2) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      controllers[i].abort(`reason ${i}`);
    }
    const found = await Promise.all(results);
    for (const [i, tokens] of found.entries()) {
      const ended = typeof tokens === "string" ? `reason ${i}` : alone[i];
      assert.deepEqual(tokens, ended);
      assert.ok(i % 2 === 0 || typeof tokens !== "string");
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(model.cacheUsage.usedTokens, 0);
  });

  it("refuses one more than may wait, and takes others again when the queue is shorter", async () => {
    await using busy = await loadModel(modelUrl, { sequencesMax: 1, queueMax: 2 });
    const run = () => busy.generate("The cat", { maxTokens: 10, ...greedy }).then(() => "done", (error) => error);
    const outcomes = await Promise.all([run(), run(), run(), run(), run()]);
    assert.equal(outcomes.filter((outcome) => outcome === "done").length, 3);
    const refused = outcomes.find((outcome) => outcome !== "done");
    assert.ok(refused instanceof QueueFullError);
    assert.match(refused.message, /at most 2 generations to wait/);
    assert.equal(refused.queueMax, 2);
    assert.equal(await run(), "done");
  });
});

/** A forward pass whose steps last until `end` is called, when `inBackground`; else they are over at once. */
class FakeForward {
  vocabularySize = 4;
  tokensMax = 8;
  outputsMax = 2;
  sequencesMax = 2;
  turn: Promise<void> | undefined;
  inBackground = false;
  steps: number[][] = [];
  end: () => void = () => {};

  step(parts: readonly StepPart[], signal: AbortSignal): Promise<void> | undefined {
    this.steps.push(parts.map(({ count }) => count));
    if (!this.inBackground) return undefined;
    return new Promise((resolve, reject) => {
      this.end = resolve;
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }

  execute = this.step;
  turnBefore = () => this.turn;
  readLogits(_row: number, into: Float32Array): void {
    into.fill(1);
  }
}

describe("Scheduler, for the next token of the only generation", () => {
  function example() {
    const forward = new FakeForward();
    const nothing = () => {};
    const memory = { blockBytes: () => 1, readBlock: nothing, writeBlock: nothing, clearBlock: nothing };
    const cache = new KvCache([{ blocks: 8, window: 0 }], { ...memory, copyBlock: nothing, rotateBlocks: nothing });
    const scheduler = new Scheduler({ forward: forward as unknown as ForwardPass, cache, queueMax: 4 });
    const taken: number[] = [];
    const start = async (signal?: AbortSignal) => {
      const sequence = cache.createSequence(Int32Array.of(1, 2, 3));
      const lane = scheduler.arrive();
      const next = { sequence, lane, take: (logits: Float32Array) => taken.push(logits[0]), signal };
      await scheduler.compute({ ...next, begins: true });
      sequence.tokens.push([1]);
      return next;
    };
    return { forward, scheduler, cache, taken, start };
  }

  it("computes it before it returns", async () => {
    const { forward, scheduler, taken, start } = example();
    const next = await start();
    assert.equal(scheduler.compute(next), undefined);
    assert.deepEqual([taken.length, next.sequence.length], [2, 4]);
    assert.deepEqual(forward.steps, [[3], [1]]);
  });

  it("returns a promise when the step goes on in the background; others then join the step behind it", async () => {
    const { forward, scheduler, taken, start } = example();
    const next = await start();
    forward.inBackground = true;
    const computing = scheduler.compute(next);
    assert.ok(computing instanceof Promise);
    const other = start();
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual([forward.steps, next.sequence.busy, next.lane.isWaiting], [[[3], [1]], true, true]);
    forward.inBackground = false;
    forward.end();
    await Promise.all([computing, other]);
    assert.deepEqual(forward.steps, [[3], [1], [3]]);
    assert.deepEqual([taken.length, next.sequence.length, next.sequence.busy], [3, 4, false]);
  });

  it("stops a step in the background when it is aborted, and gives the memory back", async () => {
    const { forward, scheduler, cache, taken, start } = example();
    const controller = new AbortController();
    const next = await start(controller.signal);
    forward.inBackground = true;
    const computing = scheduler.compute(next);
    controller.abort("reason");
    assert.equal(await computing?.catch((reason) => reason), "reason");
    next.sequence[Symbol.dispose]();
    await scheduler.idle();
    assert.deepEqual([taken.length, next.sequence.busy, cache.usage.usedTokens], [1, false, 0]);
    forward.inBackground = false;
    await start();
    assert.equal(taken.length, 2);
  });

  it("waits for the event loop when that is due, and is one of several when somebody has come meanwhile", async () => {
    const { forward, scheduler, start } = example();
    const next = await start();
    forward.turn = new Promise((resolve) => setTimeout(resolve, 1));
    await scheduler.compute(next);
    next.sequence.tokens.push([2]);
    forward.execute = () => assert.fail("not alone");
    forward.turn = new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([scheduler.compute(next), start()]);
    assert.deepEqual(forward.steps.slice(0, 2), [[3], [1]]);
    assert.deepEqual(forward.steps.slice(2).flat().sort(), [1, 3]);
  });

  it("rejects with the signal's reason when it is aborted before the event loop had its turn", async () => {
    const { forward, scheduler, start } = example();
    const controller = new AbortController();
    const next = await start(controller.signal);
    forward.turn = Promise.resolve();
    const computing = scheduler.compute(next);
    controller.abort("reason");
    assert.equal(await computing?.catch((reason) => reason), "reason");
    assert.deepEqual(forward.steps, [[3]]);
  });
});
