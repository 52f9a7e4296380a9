// What the cache has need not be computed again, and nothing in the result shows where it came from.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type GenerateOptions, loadModel, type Model } from "../../mod.ts";
import { needsLibrary } from "../native/require_library.ts";
import { greedy, longPrompt, modelUrl, story } from "./example_model.ts";
import { windowedModel } from "./windowed_model.ts";

const sampled: GenerateOptions = { temperature: 1, seed: 3, maxTokens: 12 };

/** The tokens and the bits of the logits behind them, without anything in the cache. */
async function uncached(model: Model, prompt: string): Promise<{ tokens: readonly number[]; logits: Float32Array }> {
  model.clearCache();
  const { tokens, usage } = await model.generate(prompt, sampled);
  assert.equal(usage.cachedTokens, 0);
  model.clearCache();
  return { tokens, logits: await model.logits([...model.tokenize(prompt), ...tokens]) };
}

describe("prefix reuse", needsLibrary, () => {
  let model: Model;
  before(async () => {
    model = await loadModel(modelUrl);
  });
  after(() => model.dispose());

  it("takes all tokens but the last from the cache when a prompt is repeated", async () => {
    const first = await model.generate(longPrompt, { ...greedy, maxTokens: 4 });
    const again = await model.generate(longPrompt, { ...greedy, maxTokens: 4 });
    assert.equal(first.usage.cachedTokens, 0);
    assert.equal(again.usage.cachedTokens, again.usage.promptTokens - 1);
    assert.deepEqual(again.tokens, first.tokens);
    assert.ok(again.timings.promptMs < first.timings.promptMs);
  });

  it("goes on with a conversation where it was left", async () => {
    const { text, tokens } = await model.generate(story, greedy);
    const turns = [...story, { role: "assistant", content: text }, { role: "user", content: "What is 2+2?" }] as const;
    const { usage } = await model.generate(turns, greedy);
    const rendered = model.tokenize(model.renderChat(story), { special: true }).length;
    assert.ok(usage.cachedTokens >= rendered + tokens.length - 1, JSON.stringify(usage));
  });

  it("gives the bits of an uncached run, whatever part of the prompt is cached", async () => {
    const text = longPrompt.slice(0, 600);
    const expected = await uncached(model, text);
    let reused = 0;
    for (const characters of [10, 190, 200, 599]) {
      model.clearCache();
      await model.generate(text.slice(0, characters) + " Mia said", { maxTokens: 3 });
      const { tokens, usage } = await model.generate(text, sampled);
      assert.deepEqual(tokens, expected.tokens, `${characters} characters`);
      assert.deepEqual(await model.logits([...model.tokenize(text), ...tokens]), expected.logits);
      reused += usage.cachedTokens;
    }
    assert.ok(reused > 200, `${reused} tokens reused`);
  });

  it("keeps the window of layers that have one, and gives the same bits there", async () => {
    // 5 layers see 100 tokens each, so that the prompt of 400 goes far beyond.
    await using windowed = await loadModel(await windowedModel(100), { tokensMax: 48 });
    assert.ok(windowed.info.cacheBytes < model.info.cacheBytes);
    const text = longPrompt.slice(0, 1200);
    const expected = await uncached(windowed, text);
    await using whole = await loadModel(await windowedModel(100), { tokensMax: 512, threads: 1 });
    assert.deepEqual((await uncached(whole, text)).logits, expected.logits);
    assert.notDeepEqual((await uncached(model, text)).logits, expected.logits);
    let reused = 0;
    for (const characters of [200, 600, 1100, 1199]) {
      windowed.clearCache();
      await windowed.generate(text.slice(0, characters) + " Mia said", { maxTokens: 3 });
      const { tokens, usage } = await windowed.generate(text, sampled);
      assert.deepEqual(tokens, expected.tokens, `${characters} characters`);
      assert.deepEqual(await windowed.logits([...windowed.tokenize(text), ...tokens]), expected.logits);
      reused += usage.cachedTokens;
    }
    assert.ok(reused > 400, `${reused} tokens reused`);
  });

  it("says how full the cache is, and empties it", async () => {
    await using small = await loadModel(modelUrl, { cacheTokens: 640 });
    assert.deepEqual(small.cacheUsage, { usedTokens: 0, cachedTokens: 0, totalTokens: 640 });
    const generation = small.generate(longPrompt, greedy);
    await generation[Symbol.asyncIterator]().next();
    assert.ok(small.cacheUsage.usedTokens >= 400, JSON.stringify(small.cacheUsage));
    await generation[Symbol.asyncDispose]();
    assert.ok(small.cacheUsage.usedTokens === 0 && small.cacheUsage.cachedTokens >= 400);
    small.clearCache();
    assert.deepEqual(small.cacheUsage, { usedTokens: 0, cachedTokens: 0, totalTokens: 640 });
  });
});
