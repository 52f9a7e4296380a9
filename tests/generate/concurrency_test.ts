// Generations at the same time give what they give alone, on one model and on several.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { GenerateOptions, Model } from "../../mod.ts";
import { needsLibrary } from "../native/require_library.ts";
import { greedy, loadExample, longPrompt, story } from "./example_model.ts";

const prompts: [Parameters<Model["generate"]>[0], GenerateOptions][] = [
  ["Once upon a time", { ...greedy, maxTokens: 40 }],
  [story, { temperature: 1, seed: 5, maxTokens: 60 }],
  [longPrompt, { temperature: 0.8, seed: 7, maxTokens: 16 }],
];

async function generateAll(model: Model, { together }: { together: boolean }): Promise<(readonly number[])[]> {
  const generations = prompts.map(([prompt, options]) => model.generate(prompt, options));
  if (together) return (await Promise.all(generations)).map(({ tokens }) => tokens);
  const all: (readonly number[])[] = [];
  for (const generation of generations) all.push((await generation).tokens);
  return all;
}

describe("Model.generate() several times at once", needsLibrary, () => {
  let model: Model;
  let alone: (readonly number[])[];
  before(async () => {
    model = await loadExample();
    alone = await generateAll(model, { together: false });
  });
  after(() => model.dispose());

  it("gives on one model the tokens each gives alone", async () => {
    assert.ok(alone.every((tokens) => tokens.length > 9), alone.map(({ length }) => length).join());
    assert.deepEqual(await generateAll(model, { together: true }), alone);
  });

  it("gives on several models, of several precisions, the tokens each gives alone", async () => {
    await using other = await loadExample({ threads: 1 });
    await using exact = await loadExample({ precision: "f32" });
    const expected = await generateAll(exact, { together: false });
    const [a, b, c] = await Promise.all([model, other, exact].map((one) => generateAll(one, { together: true })));
    assert.deepEqual([a, b, c], [alone, alone, expected]);
  });

  it("lets generations take turns: none waits for the end of another", async () => {
    const order: string[] = [];
    const read = async (name: string) => {
      for await (const _ of model.generate(story, { ...greedy, maxTokens: 20 })) order.push(name);
    };
    await Promise.all([read("a"), read("b")]);
    const [firstB, lastA] = [order.indexOf("b"), order.lastIndexOf("a")];
    // The second one renders and tokenizes its prompt while the first generates.
    assert.ok(firstB < 10 && lastA > order.length - 10, order.join(""));
  });

  it("gives logits in the middle of a generation", async () => {
    const tokens = [1, 2, 3];
    const expected = await model.logits(tokens);
    const generation = model.generate(story, greedy);
    let count = 0;
    for await (const _ of generation) if (++count % 5 === 0) assert.deepEqual(await model.logits(tokens), expected);
    assert.equal((await generation).text, (await model.generate(story, greedy)).text);
  });

  it("returns all of the cache, however generations end", async () => {
    await using small = await loadExample({ cacheTokens: 512 });
    for (let round = 0; round < 5; round++) {
      const controller = new AbortController();
      const aborted = small.generate(story, { ...greedy, signal: controller.signal });
      await aborted[Symbol.asyncIterator]().next();
      controller.abort("reason");
      assert.equal(await aborted.then(() => "", (reason) => reason), "reason");
      for await (const _ of small.generate(story, greedy)) break;
      await assert.rejects(async () => await small.generate(""));
    }
    // All 512 positions.
    const { usage, stopReason } = await small.generate(longPrompt, { ...greedy, minP: 0, maxTokens: 600 });
    assert.ok(usage.generatedTokens > 0, stopReason);
    assert.equal((await small.logits(Array(512).fill(1))).length, small.info.vocabularySize);
  });
});
