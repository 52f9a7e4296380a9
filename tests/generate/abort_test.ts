// test: alone
// How soon generations and loading stop.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Model } from "../../mod.ts";
import { needsLibrary } from "../native/require_library.ts";
import { greedy, loadExample, longPrompt, retried, story } from "./example_model.ts";

/** One instruction takes 1 ms at most for 480 tokens; the hop to this thread and the timer need the rest. */
const LATENCY_MS = 15;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

describe("AbortSignal of Model.generate()", needsLibrary, () => {
  let model: Model;
  before(async () => {
    model = await loadExample({ precision: "f32", threads: 1 });
    await model.generate(longPrompt, { ...greedy, maxTokens: 1 });
  });
  after(() => model.dispose());

  /** The time from the abort to the rejection. */
  async function latency(prompt: typeof story | string, afterMs: number): Promise<number> {
    const controller = new AbortController();
    const rejection = model.generate(prompt, { temperature: 1, seed: 1, signal: controller.signal }).then(
      () => "no reason",
      (reason) => reason,
    );
    await pause(afterMs);
    const begin = performance.now();
    controller.abort("reason");
    assert.equal(await rejection, "reason");
    return performance.now() - begin;
  }

  it("stops a prompt in the middle of its step", async () => {
    const { timings } = await model.generate(longPrompt, { ...greedy, maxTokens: 1 });
    await retried(3, async () => {
      const ms = await latency(longPrompt, timings.promptMs / 3);
      assert.ok(ms < LATENCY_MS, `stopped after ${ms} ms; the whole step takes ${timings.promptMs} ms`);
    });
  });

  it("stops between tokens", async () => {
    await retried(3, async () => {
      const ms = await latency(story, 5);
      assert.ok(ms < LATENCY_MS, `stopped after ${ms} ms`);
    });
  });

  it("stops while another generation has its turn", async () => {
    const other = model.generate(longPrompt, { ...greedy, maxTokens: 4 });
    const done = other.then(({ tokens }) => tokens.length);
    await retried(3, async () => {
      const ms = await latency(longPrompt, 2);
      assert.ok(ms < LATENCY_MS, `stopped after ${ms} ms`);
    });
    assert.equal(await done, 4);
  });

  it("has no effect before the start nor after the end", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const finished = await model.generate(story, { ...greedy, maxTokens: 2, signal });
    const unused = model.generate(story, { signal });
    controller.abort("reason");
    assert.equal(finished.tokens.length, 2);
    assert.equal(await unused.then(() => "no reason", (reason) => reason), "reason");
  });

  it("leaves no listeners on a signal that lives long", async () => {
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const count = (name: "addEventListener" | "removeEventListener", change: number) => {
      const original = signal[name].bind(signal) as (...args: unknown[]) => void;
      Object.defineProperty(signal, name, {
        value: (...args: unknown[]) => {
          listeners += change;
          original(...args);
        },
      });
    };
    count("addEventListener", 1);
    count("removeEventListener", -1);
    for (let i = 0; i < 3; i++) await model.generate(longPrompt, { ...greedy, maxTokens: 3, signal });
    assert.equal(listeners, 0);
  });
});

describe("leaving the loop over a generation", needsLibrary, () => {
  it("stops it and gives the model to the next", async () => {
    await using model = await loadExample();
    for (let i = 0; i < 20; i++) {
      for await (const _ of model.generate(story, greedy)) break;
    }
    await retried(3, async () => {
      const begin = performance.now();
      for await (const _ of model.generate(longPrompt, greedy)) break;
      const { timings } = await model.generate(story, { ...greedy, maxTokens: 1 });
      assert.ok(timings.firstTokenMs < 100 && performance.now() - begin < 1000);
    });
  });
});
