// Sequences: tokens that stay between generations, forks, trimming, shifting, and what may be done when.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ContextOverflowError, loadModel, type Model } from "../mod.ts";
import { modelUrl } from "./generate/example_model.ts";
import { windowedModel } from "./generate/windowed_model.ts";
import { needsLibrary } from "./native/require_library.ts";

const text = "Once upon a time, there was a brave fox named Mia.";
const sampling = { temperature: 1, seed: 11, repetitionPenalty: 1.1 };

describe("Sequence", needsLibrary, () => {
  let model: Model;
  before(async () => {
    model = await loadModel(modelUrl);
  });
  after(() => model.dispose());

  it("generates what Model.generate does, in as many parts as one likes", async () => {
    const whole = await model.generate(text, { ...sampling, maxTokens: 24 });
    using sequence = model.createSequence(sampling);
    await sequence.append(text.slice(0, 17));
    await sequence.append(model.tokenize(text).slice(sequence.length));
    const first = await sequence.generate({ maxTokens: 10 });
    assert.equal(sequence.length, model.tokenize(text).length + 10);
    const second = await sequence.generate({ maxTokens: 14 });
    assert.deepEqual([...first.tokens, ...second.tokens], whole.tokens);
    assert.equal(sequence.text, text + whole.text);
    assert.equal(second.usage.cachedTokens, second.usage.promptTokens - 1);
    assert.deepEqual(sequence.tokens, Int32Array.from([...model.tokenize(text), ...whole.tokens]));
  });

  it("forks: each goes its own way, or the same with the same seed", async () => {
    using one = model.createSequence(sampling);
    await one.append(text);
    await one.generate({ maxTokens: 3 });
    using same = one.fork();
    using other = one.fork({ seed: 12 });
    const [a, b, c] = await Promise.all([one, same, other].map((each) => each.generate({ maxTokens: 12 })));
    assert.deepEqual(a.tokens, b.tokens);
    assert.notDeepEqual(a.tokens, c.tokens);
    assert.equal(other.seed, 12);
  });

  it("trims: what was generated is generated again", async () => {
    using sequence = model.createSequence({ temperature: 0 });
    await sequence.append(text);
    const { length } = sequence;
    const { tokens } = await sequence.generate({ maxTokens: 12 });
    for (const kept of [length + 5, length]) {
      sequence.trim(kept);
      assert.equal(sequence.length, kept);
      const again = await sequence.generate({ maxTokens: 12 - (kept - length) });
      assert.deepEqual(again.tokens, tokens.slice(kept - length));
    }
    sequence.trim(0);
    assert.equal(sequence.length, 0);
    await assert.rejects(async () => await sequence.generate(), /at least one token/);
    assert.throws(() => sequence.trim(1), RangeError);
  });

  it("shifts by multiples of 64, and goes on the same way every time", async () => {
    const run = async (one: Model) => {
      using sequence = one.createSequence({ temperature: 0 });
      await sequence.append(text.repeat(20));
      const before = sequence.tokens;
      await sequence.shift({ keepFirst: 4, count: 100 });
      assert.deepEqual([...sequence.tokens], [...before.slice(0, 64), ...before.slice(64 + 128)]);
      const { tokens, usage } = await sequence.generate({ maxTokens: 16 });
      assert.equal(usage.cachedTokens, sequence.length - 16 - 1);
      return tokens;
    };
    const first = await run(model);
    await using other = await loadModel(modelUrl, { threads: 1, tokensMax: 40 });
    assert.deepEqual(await run(other), first);
    // What a shift leaves is not for others.
    assert.deepEqual(await run(model), first);
    using short = model.createSequence();
    await short.append(text);
    await assert.rejects(short.shift({ keepFirst: 0, count: 1 }), RangeError);
  });

  it("keeps its tokens while others need its memory", async () => {
    await using small = await loadModel(modelUrl, { cacheTokens: 192 });
    using sequence = small.createSequence({ temperature: 0 });
    await sequence.append(text);
    const { tokens } = await sequence.generate({ maxTokens: 10 });
    using other = small.createSequence();
    await other.append(Array(190).fill(100));
    assert.equal(sequence.cachedLength, 0);
    sequence.trim(sequence.length - 10);
    assert.deepEqual((await sequence.generate({ maxTokens: 10 })).tokens, tokens);
  });

  it("allows one thing at a time, none after it is disposed, and gives all memory back", async () => {
    model.clearCache();
    const sequence = model.createSequence({ temperature: 0 });
    await sequence.append(text);
    const generation = sequence.generate();
    await generation[Symbol.asyncIterator]().next();
    assert.throws(() => sequence.generate(), /its generate\(\) goes on/);
    await assert.rejects(sequence.append("x"), TypeError);
    await assert.rejects(sequence.save(), TypeError);
    assert.throws(() => sequence.fork(), TypeError);
    sequence[Symbol.dispose]();
    assert.equal((await generation).stopReason, "cancelled");
    assert.throws(() => sequence.generate(), /has been disposed/);
    await assert.rejects(sequence.append("x"), /has been disposed/);
    assert.equal(model.cacheUsage.usedTokens, 0);
  });

  it("checks what it is given", async () => {
    using sequence = model.createSequence();
    assert.throws(() => model.createSequence({ temperatur: 1 } as object), /did you mean "temperature"/);
    assert.throws(() => sequence.generate({ temperature: 1 } as object), TypeError);
    await assert.rejects(sequence.append([5000]), RangeError);
    await assert.rejects(sequence.append(Array(513).fill(1)), /at most 512 tokens .* but found 513/);
    assert.equal(sequence.length, 0);
  });
});

describe("contextOverflow", needsLibrary, () => {
  const likesItself = { temperature: 0, frequencyPenalty: -1000 };
  let model: Model;
  before(async () => {
    model = await loadModel(modelUrl, { contextLength: 200 });
  });
  after(() => model.dispose());

  it("stops by default, and says so", async () => {
    const { stopReason, usage } = await model.generate(text, likesItself);
    assert.equal(stopReason, "contextFull");
    // The last token needs no place: nothing comes after it.
    assert.equal(usage.promptTokens + usage.generatedTokens, 201);
  });

  it("fails with error", async () => {
    const generation = model.generate(text, { ...likesItself, contextOverflow: "error" });
    await assert.rejects(async () => await generation, (error: Error) => {
      assert.ok(error instanceof ContextOverflowError);
      assert.equal(error.contextLength, 200);
      return /context of 200 tokens/.test(error.message);
    });
  });

  it("goes on with shift, as often as it takes, with the same tokens every time", async () => {
    const unending = { ...likesItself, maxTokens: 400, contextOverflow: "shift" } as const;
    const first = await model.generate(text, unending);
    assert.equal(first.usage.generatedTokens, 400);
    // 3 blocks of 64 fit into 200, one is kept: each shift forgets one.
    assert.equal(first.usage.forgottenTokens! % 64, 0);
    assert.ok(first.usage.forgottenTokens! >= 192, JSON.stringify(first.usage));
    await using other = await loadModel(modelUrl, { contextLength: 200, tokensMax: 30, threads: 1 });
    assert.deepEqual((await other.generate(text, unending)).tokens, first.tokens);
    const { usage } = await model.generate(text.repeat(30), { ...unending, maxTokens: 3 });
    assert.ok(usage.forgottenTokens! >= usage.promptTokens - 200, JSON.stringify(usage));
  });

  it("refuses to shift where there is nothing to forget", () => {
    const options = { contextOverflow: "shift", keepFirst: 150 } as const;
    assert.throws(() => model.generate(text, options), /contextLength of at least 256 .* with 192 tokens kept/);
    assert.throws(() => model.generate(text, { contextOverflow: "forget" as "shift" }), RangeError);
  });
});

describe("Sequence of a model with a window", needsLibrary, () => {
  it("is trimmed, shifted, saved and forked as others are", async () => {
    await using model = await loadModel(await windowedModel(100), { tokensMax: 64 });
    const whole = [...model.tokenize(text.repeat(20))];
    const expected = async (tokens: readonly number[]) => {
      model.clearCache();
      using sequence = model.createSequence({ temperature: 0 });
      await sequence.append(tokens);
      return (await sequence.generate({ maxTokens: 8 })).tokens;
    };
    const [all, short] = [await expected(whole), await expected(whole.slice(0, 90))];
    model.clearCache();
    using sequence = model.createSequence({ temperature: 0 });
    await sequence.append(whole);
    using fork = sequence.fork();
    using loaded = await model.loadSequence(await sequence.save());
    // Far behind the window: computed again.
    sequence.trim(90);
    assert.deepEqual((await sequence.generate({ maxTokens: 8 })).tokens, short);
    for (const one of [fork, loaded]) {
      assert.deepEqual((await one.generate({ maxTokens: 8 })).tokens, all);
      one.trim(whole.length - 1);
      await one.append(whole.slice(-1));
      assert.deepEqual((await one.generate({ maxTokens: 8 })).tokens, all);
    }
    const lengths = [fork, loaded].map(({ length }) => length);
    for (const one of [fork, loaded]) await one.shift({ keepFirst: 64, count: 64 });
    assert.deepEqual([fork.length, loaded.length], lengths.map((length) => length - 64));
    const [a, b] = [await fork.generate({ maxTokens: 8 }), await loaded.generate({ maxTokens: 8 })];
    assert.deepEqual(a.tokens, b.tokens);
  });
});
