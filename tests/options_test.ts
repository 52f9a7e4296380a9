// Checks of options: which error, and that it says what was expected and what was found.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveGenerateOptions } from "../src/generate_options.ts";
import { checkLoadOptions, type LoadModelOptions, resolveSizes } from "../src/load_options.ts";
import { expectInteger, expectKnownOptions, expectOneOf } from "../src/options.ts";

describe("expectKnownOptions()", () => {
  it("throws on an unknown name and suggests a similar one", () => {
    assert.throws(() => expectKnownOptions({ maxToken: 1 }, ["maxTokens", "stop"]), {
      name: "TypeError",
      message: 'Expected a known option but found "maxToken": did you mean "maxTokens"?',
    });
    assert.throws(() => expectKnownOptions({ zzz: 1 }, ["maxTokens", "stop"]), /known are maxTokens, stop/);
  });
});

describe("expectInteger()", () => {
  it("throws a RangeError on numbers and a TypeError on everything else", () => {
    expectInteger("n", undefined, { min: 1, max: 3 });
    expectInteger("n", 3, { min: 1, max: 3 });
    for (const bad of [0, 4, 1.5, NaN]) {
      assert.throws(() => expectInteger("n", bad, { min: 1, max: 3 }), {
        name: "RangeError",
        message: `Expected n to be an integer in [1, 3] but found ${bad}`,
      });
    }
    assert.throws(() => expectInteger("n", "2", { min: 1, max: 3 }), { name: "TypeError", message: /found "2"/ });
  });
});

describe("expectOneOf()", () => {
  it("names what is allowed", () => {
    assert.throws(() => expectOneOf("kvType", "f8", ["f16", "f32"]), {
      name: "RangeError",
      message: 'Expected kvType to be "f16" or "f32" but found "f8"',
    });
    assert.throws(() => expectOneOf("kvType", 16, ["f16", "f32"]), TypeError);
  });
});

describe("checkLoadOptions()", () => {
  it("accepts every option, and undefined for each", () => {
    const { signal } = new AbortController();
    checkLoadOptions({ threads: 2, contextLength: 64, precision: "f32", kvType: "f16", cacheTokens: 64, tokensMax: 7 });
    checkLoadOptions({ chatTemplate: "chatml", onProgress() {}, signal });
    checkLoadOptions({ threads: undefined, signal: undefined });
  });

  it("throws on each option that is wrong", () => {
    const wrong = [
      { threads: 0 },
      { threads: 65 },
      { contextLength: -1 },
      { precision: "q4" },
      { kvType: "q8" },
      { cacheTokens: 0 },
      { tokensMax: 5000 },
      { chatTemplate: 1 },
      { onProgress: "yes" },
      { signal: {} },
      { thread: 1 },
    ];
    for (const options of wrong) {
      assert.throws(
        () => checkLoadOptions(options as LoadModelOptions),
        /^(Type|Range)Error: Expected/,
        `${JSON.stringify(options)}`,
      );
    }
  });
});

describe("resolveSizes()", () => {
  it("takes the trained context up to 4096, and four contexts up to 16384 for the cache", () => {
    const defaults = { tokensMax: 512, sequencesMax: 16, queueMax: 256 };
    assert.deepEqual(resolveSizes({}, 512), { contextLength: 512, cacheTokens: 2048, ...defaults });
    assert.deepEqual(resolveSizes({}, 131072), { contextLength: 4096, cacheTokens: 16384, ...defaults });
    assert.deepEqual(resolveSizes({ contextLength: 32768 }, 131072).cacheTokens, 32768);
    assert.deepEqual(resolveSizes({ contextLength: 100 }, 512).cacheTokens, 400);
  });

  it("has no more tokens in a step than its sequences, and no more sequences than tokens", () => {
    const { tokensMax } = resolveSizes({ sequencesMax: 2 }, 64);
    assert.equal(tokensMax, 128);
    assert.equal(resolveSizes({ tokensMax: 3 }, 64).sequencesMax, 3);
  });
});

describe("resolveGenerateOptions()", () => {
  const raw = { isChat: false };

  it("separates the options of sampling and of the template, and fixes the seed", () => {
    const { sampling, render, ...rest } = resolveGenerateOptions(
      { temperature: 0.5, allowControlTokens: true, maxTokens: 3, stop: "x" },
      raw,
    );
    assert.equal(sampling.temperature, 0.5);
    assert.ok(Number.isInteger(sampling.seed));
    assert.deepEqual(render, { allowControlTokens: true });
    assert.deepEqual(rest, {
      ...{ maxTokens: 3, stop: ["x"], signal: undefined },
      overflow: { contextOverflow: undefined, keepFirst: undefined },
    });
  });

  it("throws on wrong options", () => {
    assert.throws(() => resolveGenerateOptions({ topk: 1 } as object, raw), /did you mean "topK"/);
    assert.throws(() => resolveGenerateOptions({ topP: 1.5 }, raw), /Expected topP to be in .* but found 1.5/);
    assert.throws(() => resolveGenerateOptions({ maxTokens: -1 }, raw), RangeError);
    assert.throws(() => resolveGenerateOptions({ stop: [1] } as object, raw), TypeError);
    assert.throws(() => resolveGenerateOptions({ signal: {} } as object, raw), TypeError);
  });

  it("throws on options for messages when the prompt is a string", () => {
    assert.throws(() => resolveGenerateOptions({ tools: [] }, raw), /Expected messages for the option tools/);
    assert.deepEqual(resolveGenerateOptions({ tools: [] }, { isChat: true }).render, { tools: [] });
  });
});
