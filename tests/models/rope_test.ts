// Frequencies of rotary embeddings against the formulas of the papers and of the reference implementations, in Math's
// f64.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GgufError } from "../../src/errors.ts";
import { type RopeConfig, ropeFrequencies, type RopeScaling } from "../../src/models/rope.ts";

const plain: RopeScaling = {
  type: "linear",
  factor: 1,
  attentionFactor: 1,
  originalContextLength: 4096,
  extrapolation: 1,
  betaFast: 32,
  betaSlow: 1,
  logMultiplier: 0,
};

function rope(columns: number, base: number, scaling: Partial<RopeScaling> = {}): RopeConfig {
  return { columns, base, scaling: { ...plain, ...scaling } };
}

function expectClose(found: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(found[i] - expected[i]) / expected[i];
    assert.ok(error < 1e-14, `pair ${i}: ${found[i]} instead of ${expected[i]}`);
  }
}

const pairs = (columns: number) => Array.from({ length: columns / 2 }, (_, i) => i);

/**
 * YaRN as in Hugging Face transformers (modeling_rope_utils.py, _compute_yarn_parameters), with its names: a frequency
 * is a mix of inv_freq_interpolation and inv_freq_extrapolation.
 */
function transformersYarn({ columns: dim, base, scaling }: RopeConfig): number[] {
  const { factor, originalContextLength, betaFast, betaSlow } = scaling;
  const correctionDim = (rotations: number) =>
    (dim * Math.log(originalContextLength / (rotations * 2 * Math.PI))) / (2 * Math.log(base));
  const low = Math.max(Math.floor(correctionDim(betaFast)), 0);
  const high = Math.min(Math.ceil(correctionDim(betaSlow)), dim - 1);
  return pairs(dim).map((i) => {
    const extrapolation = 1 / base ** ((2 * i) / dim);
    const interpolation = 1 / (factor * base ** ((2 * i) / dim));
    const ramp = Math.min(1, Math.max(0, (i - low) / (high - low)));
    return interpolation * ramp + extrapolation * (1 - ramp);
  });
}

describe("ropeFrequencies()", () => {
  it("are base^(-2i/r) without scaling", () => {
    for (const [columns, base] of [[64, 10000], [128, 500000], [8, 10000], [80, 1e6]]) {
      const { frequencies, magnitude } = ropeFrequencies(rope(columns, base));
      expectClose(frequencies, pairs(columns).map((i) => base ** ((-2 * i) / columns)));
      assert.equal(frequencies[0], 1);
      assert.equal(magnitude, 1);
    }
  });

  it("are divided by the factor of linear scaling", () => {
    const { frequencies, magnitude } = ropeFrequencies(rope(64, 10000, { factor: 4, attentionFactor: 1.25 }));
    expectClose(frequencies, pairs(64).map((i) => 10000 ** ((-2 * i) / 64) / 4));
    assert.equal(magnitude, 1.25);
  });

  it("are those of Llama 3.1 with its factors", () => {
    // The formula of llama-models (apply_scaling), and the factors that the GGUF converter derives from it.
    const [factor, lowFactor, highFactor, original] = [8, 1, 4, 8192];
    const expected = pairs(128).map((i) => {
      const frequency = 500000 ** ((-2 * i) / 128);
      const wavelength = (2 * Math.PI) / frequency;
      if (wavelength < original / highFactor) return frequency;
      if (wavelength > original / lowFactor) return frequency / factor;
      const smooth = (original / wavelength - lowFactor) / (highFactor - lowFactor);
      return ((1 - smooth) * frequency) / factor + smooth * frequency;
    });
    const factors = expected.map((frequency, i) => 500000 ** ((-2 * i) / 128) / frequency);
    assert.deepEqual([factors[0], factors[63]], [1, 8]);
    expectClose(ropeFrequencies(rope(128, 500000), factors).frequencies, expected);
  });

  it("are mixed as YaRN says", () => {
    const models = [
      rope(128, 1e6, { type: "yarn", factor: 4, originalContextLength: 32768 }), // Qwen2.5 at 128k
      rope(128, 10000, { type: "yarn", factor: 16, originalContextLength: 4096 }), // Yarn-Llama-2 64k
      rope(64, 10000, { type: "yarn", factor: 40, originalContextLength: 4096, betaFast: 16, betaSlow: 2 }),
    ];
    for (const model of models) {
      const { frequencies } = ropeFrequencies(model);
      expectClose(frequencies, transformersYarn(model));
      // The fastest pair keeps its frequency, the slowest is scaled fully.
      assert.equal(frequencies[0], 1);
      const slowest = model.columns / 2 - 1;
      const scaled = model.base ** ((-2 * slowest) / model.columns) / model.scaling.factor;
      expectClose([frequencies[slowest]], [scaled]);
    }
  });

  it("have the magnitude that llama.cpp and transformers give YaRN", () => {
    const yarn = { type: "yarn", factor: 16 } as const;
    const magnitudeOf = (scaling: Partial<RopeScaling>) => ropeFrequencies(rope(64, 10000, scaling)).magnitude;
    const close = (found: number, expected: number) => assert.ok(Math.abs(found - expected) < 1e-15, `${found}`);
    close(magnitudeOf(yarn), 0.1 * Math.log(16) + 1);
    close(magnitudeOf({ ...yarn, attentionFactor: 0.5 }), (0.1 * Math.log(16) + 1) / 2);
    close(magnitudeOf({ ...yarn, logMultiplier: 0.707 }), (0.1 * Math.log(16) + 1) / (0.0707 * Math.log(16) + 1));
    close(magnitudeOf({ ...yarn, factor: 1 }), 1);
    close(magnitudeOf({ ...yarn, extrapolation: 0 }), 1);
  });

  it("are those of linear scaling when YaRN extrapolates nothing", () => {
    const { frequencies } = ropeFrequencies(rope(64, 10000, { type: "yarn", factor: 4, extrapolation: 0 }));
    assert.deepEqual(frequencies, ropeFrequencies(rope(64, 10000, { factor: 4 })).frequencies);
  });

  it("have the same bits in every runtime", () => {
    const { frequencies } = ropeFrequencies(
      rope(128, 500000, { type: "yarn", factor: 8, originalContextLength: 8192 }),
    );
    const words = new Uint32Array(frequencies.buffer);
    // FNV-1a, over words.
    const hash = words.reduce((sum, word) => Math.imul(sum ^ word, 0x01000193) >>> 0, 0x811c9dc5);
    assert.equal(hash, 1259381297);
  });

  it("refuse factors that are no factors", () => {
    for (const factor of [0, -1, NaN, Infinity, 0.5]) {
      assert.throws(() => ropeFrequencies(rope(4, 10000), [factor, 1]), (error) => {
        assert.ok(error instanceof GgufError);
        assert.equal(error.key, "rope_freqs.weight");
        assert.match(error.message, /^Expected frequencies in \(0, 1\] but found .* for pair 0/);
        return true;
      });
    }
  });
});
