// Saved sequences go on as if nothing had happened, and damaged ones are refused.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadModel, type Model, SequenceStateError } from "../mod.ts";
import { checksum } from "../src/checksum.ts";
import { modelUrl } from "./generate/example_model.ts";
import { seededRandom } from "./gguf/seeded_random.ts";
import { needsLibrary } from "./native/require_library.ts";

const text = "Once upon a time, there was a brave fox named Mia. ".repeat(6);
const sampling = { temperature: 1, seed: 21, repetitionPenalty: 1.2 };

/** Puts the right checksum behind bytes that somebody has changed. */
async function sealed(bytes: Uint8Array): Promise<Uint8Array> {
  const copy = bytes.slice();
  copy.set(await checksum(copy.subarray(0, -32)), copy.length - 32);
  return copy;
}

describe("Sequence.save()", needsLibrary, () => {
  let model: Model;
  let saved: Uint8Array;
  let expected: readonly number[];
  before(async () => {
    model = await loadModel(modelUrl);
    using sequence = model.createSequence(sampling);
    await sequence.append(text);
    await sequence.generate({ maxTokens: 5 });
    saved = await sequence.save();
    expected = (await sequence.generate({ maxTokens: 16 })).tokens;
  });
  after(() => model.dispose());

  it("is continued with the same tokens, by the same model and another one of the file", async () => {
    await using other = await loadModel(modelUrl, { threads: 1, contextLength: 400, tokensMax: 33 });
    for (const one of [model, other]) {
      using sequence = await one.loadSequence(saved);
      assert.ok(sequence.cachedLength > 0 && sequence.cachedLength >= sequence.length - 1);
      const { tokens, usage } = await sequence.generate({ maxTokens: 16 });
      assert.deepEqual(tokens, expected);
      assert.ok(usage.cachedTokens >= usage.promptTokens - 1);
    }
  });

  it("does not give what came from outside to others", async () => {
    model.clearCache();
    using sequence = await model.loadSequence(saved);
    const { usage } = await model.generate(text, { maxTokens: 1 });
    assert.equal(usage.cachedTokens, 0);
    assert.ok(sequence.cachedLength > 0);
  });

  it("holds a shifted sequence too, whose keys cannot be computed again", async () => {
    using sequence = model.createSequence(sampling);
    await sequence.append(text.repeat(3));
    await sequence.shift({ keepFirst: 4, count: 64 });
    const bytes = await sequence.save();
    using loaded = await model.loadSequence(bytes);
    const [a, b] = [await sequence.generate({ maxTokens: 12 }), await loaded.generate({ maxTokens: 12 })];
    assert.deepEqual(a.tokens, b.tokens);
    await using small = await loadModel(modelUrl, { cacheTokens: 64 });
    await assert.rejects(small.loadSequence(bytes), /room for \d+ tokens in the key\/value cache/);
  });

  it("has no trace of what the memory held before", async () => {
    await using small = await loadModel(modelUrl, { cacheTokens: 128 });
    const save = async (before: string) => {
      small.clearCache();
      await small.generate(before, { maxTokens: 1 });
      small.clearCache();
      using sequence = small.createSequence(sampling);
      await sequence.append("The cat sat.");
      using _fork = sequence.fork();
      const bytes = await sequence.save();
      _fork[Symbol.dispose]();
      assert.deepEqual(await sequence.save(), bytes);
      return bytes;
    };
    assert.deepEqual(
      await save("a b c d e f g h i j k l m n o p q r s t u v w x y z"),
      await save("Once. ".repeat(20)),
    );
  });

  it("is refused by another model, computation, context or vocabulary", async () => {
    const refuses = (one: Model, pattern: RegExp) =>
      assert.rejects(one.loadSequence(saved), (error: Error) => {
        assert.ok(error instanceof SequenceStateError, String(error));
        return pattern.test(error.message);
      });
    await using exact = await loadModel(modelUrl, { precision: "f32" });
    await refuses(exact, /computed with abi \d+, f32, .* but found ".*q8/);
    await using wide = await loadModel(modelUrl, { kvType: "f32" });
    await refuses(wide, /F32/);
    await using short = await loadModel(modelUrl, { contextLength: 50 });
    await refuses(short, /at most 51 tokens but found/);
    await assert.rejects(model.loadSequence("text" as unknown as Uint8Array), TypeError);
  });

  it("is refused when it is cut off or changed anywhere, whatever the checksum says", async () => {
    const refused = async (bytes: Uint8Array, what: string) => {
      await assert.rejects(model.loadSequence(bytes), SequenceStateError, what);
    };
    for (const length of [0, 7, 8, 20, 24, 100, 1000, saved.length - 32, saved.length - 1]) {
      await refused(saved.subarray(0, length), `${length} bytes`);
      if (length >= 32) await refused(await sealed(saved.subarray(0, length)), `${length} bytes, sealed`);
    }
    const random = seededRandom(1);
    const below = (limit: number) => Math.floor(random() / 2 ** 32 * limit);
    for (let round = 0; round < 100; round++) {
      const bytes = saved.slice();
      const at = below(round < 50 ? 600 : bytes.length);
      bytes[at] ^= 1 << below(8);
      await refused(bytes, `byte ${at}`);
      // Somebody who knows the format: an error, or a sequence that can be used.
      try {
        using sequence = await model.loadSequence(await sealed(bytes));
        await sequence.generate({ maxTokens: 1 });
      } catch (error) {
        assert.ok(error instanceof SequenceStateError || error instanceof RangeError, `byte ${at}: ${error}`);
      }
    }
    assert.equal(model.cacheUsage.usedTokens, 0);
  });
});
