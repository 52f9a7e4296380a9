/**
 * The chain of samplers: its order, its options, its state, and the tokens it gives for a seed.
 */

import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { createSampler, SAMPLING_OPTION_NAMES } from "../../src/sampling/mod.ts";
import type { Sampler, SamplingOptions } from "../../src/sampling/mod.ts";
import { createRandom } from "../../src/sampling/random.ts";

/** The tokens that are drawn in many draws, ascending. */
function drawn(options: SamplingOptions, logits: Float32Array): number[] {
  const sampler = createSampler({ seed: 1, ...options });
  const tokens = new Set<number>();
  for (let i = 0; i < 3000; i++) tokens.add(sampler.sample(logits));
  return [...tokens].toSorted((a, b) => a - b);
}

function logitsOf(...probabilities: number[]): Float32Array {
  return Float32Array.from(probabilities, Math.log);
}

/** Tokens from a toy model whose logits depend on the last token. */
function sequence(sampler: Sampler, { vocabulary, length }: { vocabulary: number; length: number }): number[] {
  const tokens: number[] = [];
  let last = 0;
  for (let i = 0; i < length; i++) {
    const random = createRandom(last * 1000 + i % 3);
    const logits = Float32Array.from({ length: vocabulary }, () => {
      const sum = random.nextUnit() + random.nextUnit() + random.nextUnit() + random.nextUnit();
      return (sum - 2) * 8;
    });
    last = sampler.sample(logits);
    sampler.accept(last);
    tokens.push(last);
  }
  return tokens;
}

describe("createSampler()", () => {
  it("has llama.cpp's defaults", () => {
    const { seed, ...options } = createSampler().options;
    deepStrictEqual(options, {
      repetitionPenalty: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
      penaltyLastTokens: 64,
      topK: 40,
      topP: 0.95,
      minP: 0.05,
      temperature: 0.8,
    });
    ok(Number.isInteger(seed));
    deepStrictEqual(Object.keys(createSampler().options).toSorted(), [...SAMPLING_OPTION_NAMES].toSorted());
  });

  it("reports the seed, which repeats the sequence", () => {
    const first = createSampler();
    const again = createSampler({ seed: first.seed });
    const shape = { vocabulary: 50, length: 20 };
    deepStrictEqual(sequence(first, shape), sequence(again, shape));
    notDeepStrictEqual(
      sequence(createSampler({ seed: 1 }), shape),
      sequence(createSampler({ seed: 2 }), shape),
    );
  });

  it("applies topK before topP", () => {
    // After top-2, token 0 has 0.4 / 0.7 = 0.57 and is enough for 0.55; of all tokens it has 0.4 and is not.
    const logits = logitsOf(0.4, 0.3, 0.2, 0.1);
    deepStrictEqual(drawn({ topK: 2, topP: 0.55, minP: 0 }, logits), [0]);
    deepStrictEqual(drawn({ topK: 0, topP: 0.55, minP: 0 }, logits), [0, 1]);
  });

  it("applies topP before minP", () => {
    // After minP, token 0 has 0.5 / 0.8 = 0.625 and is enough for 0.6.
    deepStrictEqual(drawn({ topP: 0.6, minP: 0.3 }, logitsOf(0.5, 0.3, 0.1, 0.1)), [0, 1]);
  });

  it("applies topP before temperature", () => {
    // At temperature 4 the first two tokens have less than 0.9, at 1 they have it.
    const logits = logitsOf(0.7, 0.21, 0.05, 0.04);
    deepStrictEqual(drawn({ topP: 0.9, minP: 0, temperature: 4 }, logits), [0, 1]);
  });

  it("applies minP before temperature", () => {
    deepStrictEqual(drawn({ topP: 1, minP: 0.2, temperature: 100 }, logitsOf(0.7, 0.2, 0.06, 0.04)), [0, 1]);
  });

  it("applies penalties before topK", () => {
    const sampler = createSampler({ topK: 1, presencePenalty: 5 });
    const logits = Float32Array.of(3, 2, 1);
    strictEqual(sampler.sample(logits), 0);
    sampler.accept(0);
    strictEqual(sampler.sample(logits), 1);
    deepStrictEqual([...logits], [3, 2, 1]);
  });

  it("is greedy at temperature 0, after penalties and whatever else is set", () => {
    const logits = Float32Array.of(1, 4, 4, 2);
    for (const options of [{}, { topK: 1 }, { topP: 0.1 }, { minP: 1 }, { topK: 0, topP: 1, minP: 0 }]) {
      strictEqual(createSampler({ temperature: 0, ...options }).sample(logits), 1);
    }
    const sampler = createSampler({ temperature: 0, repetitionPenalty: 4 });
    sampler.accept(1);
    sampler.accept(2);
    strictEqual(sampler.sample(logits), 3);
  });

  it("restores the logits when it throws", () => {
    const sampler = createSampler({ presencePenalty: 1 });
    sampler.accept(0);
    const logits = Float32Array.of(1, NaN);
    throws(() => sampler.sample(logits), RangeError);
    strictEqual(logits[0], 1);
  });

  it("works for a vocabulary of one, and for sizes that change", () => {
    const sampler = createSampler({ seed: 1 });
    strictEqual(sampler.sample(Float32Array.of(-3)), 0);
    ok(sampler.sample(new Float32Array(1000)) < 1000);
    strictEqual(sampler.sample(Float32Array.of(-Infinity, 2)), 1);
  });

  it("draws as often as the probabilities say, through the whole chain", () => {
    const sampler = createSampler({ seed: 3, topK: 3, topP: 1, minP: 0, temperature: 0.5 });
    const counts = [0, 0, 0, 0];
    const logits = logitsOf(0.4, 0.3, 0.2, 0.1);
    for (let i = 0; i < 10000; i++) counts[sampler.sample(logits)]++;
    // At temperature 0.5 probabilities are squared: 16 : 9 : 4.
    const expected = [16, 9, 4].map((weight) => 10000 * weight / 29);
    const chiSquared = expected.reduce((sum, mean, i) => sum + (counts[i] - mean) ** 2 / mean, 0);
    // Chi-squared with 2 degrees of freedom is below 13.8 with probability 0.999.
    ok(chiSquared < 13.8, `chi-squared is ${chiSquared}`);
    strictEqual(counts[3], 0);
  });

  it("gives the recorded tokens for a seed, in every runtime", () => {
    const small = { vocabulary: 300, length: 24 };
    deepStrictEqual(sequence(createSampler({ seed: 42 }), small), EXPECTED.defaults);
    const penalties = { repetitionPenalty: 1.3, frequencyPenalty: 0.2, presencePenalty: 0.1, penaltyLastTokens: 8 };
    deepStrictEqual(sequence(createSampler({ seed: 42, ...penalties, temperature: 1.5 }), small), EXPECTED.penalties);
    const open = { topK: 0, topP: 0.9, minP: 0.001, temperature: 1.2 };
    deepStrictEqual(sequence(createSampler({ seed: 7, ...open }), small), EXPECTED.open);
    const all = { topK: 0, topP: 1, minP: 0, temperature: 1 };
    deepStrictEqual(sequence(createSampler({ seed: 2 ** 40, ...all }), { vocabulary: 5000, length: 8 }), EXPECTED.all);
  });
});

describe("Sampler.getState()", () => {
  it("continues the sequence in another sampler", () => {
    const options = { seed: 9, repetitionPenalty: 1.2, penaltyLastTokens: 5 };
    const sampler = createSampler(options);
    for (let token = 0; token < 9; token++) sampler.accept(token);
    const shape = { vocabulary: 60, length: 15 };
    sequence(sampler, shape);
    const state = JSON.parse(JSON.stringify(sampler.getState()));
    strictEqual(state.history.length, 5);
    const expected = sequence(sampler, shape);
    const other = createSampler({ ...options, seed: 1 });
    other.accept(3);
    other.setState(state);
    deepStrictEqual(sequence(other, shape), expected);
  });

  it("refuses what no sampler returned, and stays as it was", () => {
    const sampler = createSampler({ seed: 1, presencePenalty: 1 });
    sampler.accept(2);
    const before = sampler.getState();
    throws(() => sampler.setState({ random: [0, 0, 0, 0], history: [] }), RangeError);
    throws(() => sampler.setState({ random: [1, 2, 3, 4], history: [-1] }), RangeError);
    deepStrictEqual(sampler.getState(), before);
  });
});

describe("sampling options", () => {
  it("out of range are named with what was expected and what was found", () => {
    const cases: [SamplingOptions, string][] = [
      [{ topP: 1.5 }, "Expected topP to be in (0, 1] but found 1.5"],
      [{ topP: 0 }, "Expected topP to be in (0, 1] but found 0"],
      [{ minP: -0.1 }, "Expected minP to be in [0, 1] but found -0.1"],
      [{ topK: 1.5 }, "Expected topK to be an integer from 0 on but found 1.5"],
      [{ topK: -1 }, "Expected topK to be an integer from 0 on but found -1"],
      [{ temperature: -1 }, "Expected temperature to be a finite number from 0 on but found -1"],
      [{ temperature: NaN }, "Expected temperature to be a finite number from 0 on but found NaN"],
      [{ repetitionPenalty: 0 }, "Expected repetitionPenalty to be a finite number above 0 but found 0"],
      [{ frequencyPenalty: Infinity }, "Expected frequencyPenalty to be a finite number but found Infinity"],
      [{ presencePenalty: NaN }, "Expected presencePenalty to be a finite number but found NaN"],
      [
        { penaltyLastTokens: -2 },
        "Expected penaltyLastTokens to be an integer from 0 on, or -1 for all tokens but found -2",
      ],
      [{ seed: -1 }, "Expected seed to be an integer in [0, 2^53) but found -1"],
    ];
    for (const [options, message] of cases) throws(() => createSampler(options), { name: "RangeError", message });
  });

  it("of another type are a TypeError", () => {
    throws(() => createSampler({ topP: "0.9" } as unknown as SamplingOptions), {
      name: "TypeError",
      message: 'Expected topP to be in (0, 1] but found "0.9"',
    });
    throws(() => createSampler({ temperature: null } as unknown as SamplingOptions), {
      name: "TypeError",
      message: "Expected temperature to be a finite number from 0 on but found null",
    });
  });

  it("that do not exist are refused, with the name that was probably meant", () => {
    const cases = {
      topk: "topK",
      top_p: "topP",
      min_p: "minP",
      temp: "temperature",
      temprature: "temperature",
      repeatPenalty: "repetitionPenalty",
      repetition_penalty: "repetitionPenalty",
      presence_penalty: "presencePenalty",
      sed: "seed",
    };
    for (const [name, meant] of Object.entries(cases)) {
      throws(() => createSampler({ [name]: 1 }), {
        name: "TypeError",
        message: `Unknown sampling option "${name}", did you mean "${meant}"?`,
      });
    }
    throws(() => createSampler({ mirostat: 1 } as SamplingOptions), {
      name: "TypeError",
      message: /^Unknown sampling option "mirostat", known are repetitionPenalty, .*, seed$/,
    });
  });

  it("that are undefined have their defaults", () => {
    strictEqual(createSampler({ topK: undefined }).options.topK, 40);
  });

  it("and tokens are checked", () => {
    for (const token of [-1, 0.5, NaN, 2 ** 31]) {
      throws(() => createSampler().accept(token), { name: "RangeError", message: /Expected a token id/ });
    }
  });
});

/** Recorded once. */
// deno-fmt-ignore
const EXPECTED = {
  defaults: [
    73, 87, 85, 279, 98, 242, 25, 176, 45, 152, 288, 15, 259, 228, 227, 162, 62, 148, 32, 251, 175,
    145, 66, 71,
  ],
  penalties: [
    278, 76, 166, 108, 200, 184, 109, 146, 212, 142, 68, 113, 264, 175, 170, 225, 288, 15, 280, 200,
    184, 67, 175, 119,
  ],
  open: [
    246, 77, 65, 181, 62, 91, 160, 156, 103, 211, 75, 73, 203, 204, 121, 62, 280, 270, 261, 260, 56,
    295, 66, 71,
  ],
  all: [
    2367, 2694, 3014, 2093, 3591, 3168, 2908, 2963,
  ],
};
