// Files whose metadata or tensors make no model: each is a GgufError that names the key or tensor and, if it is there,
// the byte.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GgufError } from "../../src/errors.ts";
import type { MetadataValue } from "../../src/gguf/write.ts";
import { buildModel } from "../../src/models/mod.ts";
import { miniModel, readModel } from "../reference/fixtures.ts";
import { tensorDataOf, tinyLlama, type TinyOptions, type TinyTensor } from "./tiny_llama.ts";

const sizes = { tokensMax: 16, outputsMax: 1, cacheBlocks: 2, precision: "q8" } as const;
const uint32 = (value: number): MetadataValue => ({ type: "uint32", value });
const float32 = (value: number): MetadataValue => ({ type: "float32", value });
const string = (value: string): MetadataValue => ({ type: "string", value });

/** Building the model fails with this message, about this key or tensor. */
function refused(options: TinyOptions, expected: { key: string; message: RegExp; missing?: boolean }): void {
  const model = tinyLlama(options);
  const { file } = model;
  const { key, message, missing = false } = expected;
  assert.throws(() => buildModel(file, { ...sizes, tensorData: tensorDataOf(model) }), (error) => {
    assert.ok(error instanceof GgufError, `${error}`);
    assert.equal(error.key, key);
    assert.match(error.message, message);
    const offset = file.metadata.offsetOf(key) ?? file.tensors.get(key)?.infoOffset;
    assert.equal(error.offsetBytes, offset);
    assert.equal(offset === undefined, missing, "the byte is named");
    return true;
  });
}

type Row = readonly [key: string, value: MetadataValue | undefined, message: RegExp];

/** Metadata with one wrong value each: the model is 32 wide with 4 heads over 2, 2 layers and 48 tokens. */
const wrongValues: readonly Row[] = [
  ["general.architecture", undefined, /needed for the kind of model/],
  ["general.architecture", uint32(1), /^Expected a string but found the type uint32/],
  ["general.architecture", string("qwen9"), /^Expected one of the architectures llama \(.*mod\.ts\) but found "qwen9"/],
  ["llama.block_count", undefined, /needed for the number of layers/],
  ["llama.block_count", uint32(0), /^Expected an integer in \[1, 256\] but found 0/],
  ["llama.block_count", uint32(1), /^Expected layers below 1 but found the tensor "blk\.1\.attn_norm\.weight"/],
  ["llama.block_count", uint32(2 ** 32 - 1), /^Expected an integer in \[1, 256\] but found 4294967295/],
  ["llama.block_count", { type: "int32", value: -1 }, /but found -1/],
  ["llama.block_count", { type: "uint64", value: 2n ** 63n }, /but found 9223372036854775808/],
  ["llama.block_count", float32(2), /^Expected an integer but found the type float32/],
  ["llama.context_length", undefined, /needed for the length of the context/],
  ["llama.context_length", uint32(0), /but found 0/],
  ["llama.embedding_length", undefined, /needed for the width of the model/],
  ["llama.embedding_length", uint32(0), /but found 0/],
  ["llama.embedding_length", uint32(64), /^Expected the 32 columns of token_embd\.weight but found 64/],
  ["llama.feed_forward_length", undefined, /does not have it/],
  ["llama.feed_forward_length", uint32(0), /but found 0/],
  ["llama.attention.head_count", undefined, /needed for the number of heads/],
  ["llama.attention.head_count", uint32(0), /^Expected an integer in \[1, 1024\] but found 0/],
  ["llama.attention.head_count", uint32(1025), /but found 1025/],
  [
    "llama.attention.head_count",
    { type: "array", elementType: "uint32", value: [4, 4] },
    /^Expected an integer but found the type array<uint32>/,
  ],
  ["llama.attention.head_count_kv", uint32(0), /^Expected an integer in \[1, 4\] but found 0/],
  ["llama.attention.head_count_kv", uint32(3), /^Expected a divisor of the 4 heads but found 3/],
  ["llama.attention.head_count_kv", uint32(8), /^Expected an integer in \[1, 4\] but found 8/],
  ["llama.attention.key_length", uint32(0), /but found 0/],
  ["llama.attention.key_length", uint32(257), /^Expected heads of whole columns, at most 256, but found 257/],
  ["llama.attention.value_length", uint32(512), /^Expected heads of whole columns, at most 256, but found 512/],
  ["llama.attention.layer_norm_rms_epsilon", undefined, /does not have it/],
  ["llama.attention.layer_norm_rms_epsilon", float32(-1e-5), /^Expected a number in \[0, 1\]/],
  ["llama.attention.layer_norm_rms_epsilon", float32(NaN), /but found NaN/],
  ["llama.rope.dimension_count", uint32(0), /but found 0/],
  ["llama.rope.dimension_count", uint32(5), /^Expected an even number of columns to rotate but found 5/],
  ["llama.rope.dimension_count", uint32(10), /^Expected an integer in \[2, 8\] but found 10/],
  ["llama.rope.freq_base", float32(1), /^Expected a base above 1 but found 1/],
  ["llama.rope.freq_base", float32(-10000), /but found -10000/],
  ["llama.rope.freq_base", float32(Infinity), /but found Infinity/],
  ["llama.rope.scaling.type", string("longrope"), /^Expected one of none, linear, yarn \(.*\) but found "longrope"/],
  ["llama.rope.scaling.factor", float32(0.5), /^Expected a factor of at least 1, or 0 for none, but found 0\.5/],
  ["llama.rope.scaling.factor", float32(-2), /but found -2/],
  ["llama.rope.scale_linear", float32(0.25), /^Expected a factor of at least 1, or 0 for none, but found 0\.25/],
  ["llama.rope.scaling.attn_factor", float32(0), /but found 0/],
  ["llama.rope.scaling.original_context_length", uint32(0), /but found 0/],
  ["llama.rope.scaling.yarn_ext_factor", float32(2), /^Expected a number in \[0, 1\] but found 2/],
  ["llama.rope.scaling.yarn_beta_fast", float32(0), /but found 0/],
  ["llama.rope.scaling.yarn_beta_slow", float32(-1), /but found -1/],
  ["llama.rope.scaling.yarn_log_multiplier", float32(NaN), /but found NaN/],
  ["llama.expert_count", uint32(8), /^Expected a model without experts .* but found 8/],
  ["llama.expert_count", uint32(2 ** 32 - 1), /but found 4294967295/],
  ["llama.vocab_size", uint32(47), /^Expected the 48 rows of token_embd\.weight but found 47/],
  [
    "tokenizer.ggml.tokens",
    { type: "array", elementType: "string", value: ["a", "b"] },
    /^Expected a token per row of token_embd\.weight, 48, but found 2/,
  ],
];

describe("configure() refuses", () => {
  for (const [key, value, message] of wrongValues) {
    const found = value === undefined
      ? "missing"
      : JSON.stringify(value, (_, one) => typeof one === "bigint" ? `${one}` : one);
    it(`${key} ${found}`, () =>
      refused({ metadata: { [key]: value } }, { key, message, missing: value === undefined }));
  }

  it("heads that do not divide the width", () => {
    const metadata = { "llama.attention.key_length": undefined, "llama.attention.head_count": uint32(6) };
    const message = /^Expected a divisor of the width 32 but found 6/;
    refused({ metadata }, { key: "llama.attention.head_count", message });
  });

  it("heads whose default size is too large", () => {
    const metadata = { "llama.attention.key_length": undefined, "llama.attention.value_length": undefined };
    const message = /^Expected heads of whole columns, at most 256, but found 512/;
    refused({ columns: 512, hidden: 32, heads: 1, keyValueHeads: 1, metadata }, {
      key: "llama.attention.head_count",
      message,
    });
  });
});

/** Replaces or, with `undefined`, removes a tensor. */
function edited(name: string, parts: Partial<TinyTensor> | undefined): TinyOptions {
  return {
    edit: (tensors) =>
      tensors.flatMap((tensor) => {
        if (tensor.name !== name) return [tensor];
        return parts === undefined ? [] : [{ ...tensor, ...parts }];
      }),
  };
}

describe("ModelTensors refuses", () => {
  const name = "blk.1.ffn_up.weight"; // (64, 32)

  it("a tensor that is missing, with the shape it should have", () => {
    const message = /^Expected a tensor of shape \[32, 64\] but the file does not have it/;
    refused(edited(name, undefined), { key: name, message, missing: true });
  });

  it("every tensor of the wrong shape", () => {
    for (const { name: wrong, shape, data } of tinyTensorsOf({ biases: true, ropeFactors: [1, 1, 1, 1] })) {
      if (wrong === "token_embd.weight") continue; // its rows are the vocabulary, its columns are compared with a key
      const [first, ...rest] = shape;
      const longer = { shape: [first + 1, ...rest], data: new Uint8Array((data.length / first) * (first + 1)) };
      const message = new RegExp(
        `^Expected the shape \\[${shape.join(", ")}\\] but found \\[${longer.shape.join(", ")}\\]`,
      );
      refused({ biases: true, ropeFactors: [1, 1, 1, 1], ...edited(wrong, longer) }, { key: wrong, message });
    }
  });

  it("a matrix that is turned, or has another dimension", () => {
    refused(edited(name, { shape: [64, 32] }), {
      key: name,
      message: /^Expected the shape \[32, 64\] but found \[64, 32\]/,
    });
    refused(edited(name, { shape: [32, 32, 2] }), { key: name, message: /but found \[32, 32, 2\]/ });
    refused(edited(name, { shape: [32], data: new Uint8Array(128) }), { key: name, message: /but found \[32\]/ });
    refused(edited(name, { shape: [2048] }), { key: name, message: /but found \[2048\]/ });
  });

  it("a type nobody can compute with, saying which there are", () => {
    const message = /^Expected one of the weight types F32, F16, .*BF16.* \(csrc\/quants\/list\.h\) but found I32/;
    refused(edited(name, { type: "I32" }), { key: name, message });
    const q8 = { type: "Q8_1", data: new Uint8Array(64 * 36) };
    refused(edited(name, q8), { key: name, message: /but found Q8_1/ });
  });

  it("norms and biases that are no floats", () => {
    const norm = { type: "Q8_0", data: new Uint8Array(34) };
    refused(edited("output_norm.weight", norm), { key: "output_norm.weight", message: /^Expected F32 or F16 or BF16/ });
  });

  it("a file without the embedding table", () => {
    refused(edited("token_embd.weight", undefined), {
      key: "token_embd.weight",
      message: /^Expected the embedding table but the file does not have it/,
      missing: true,
    });
  });
});

/** The tensors of a tiny model. */
function tinyTensorsOf(options: TinyOptions): TinyTensor[] {
  const collected: TinyTensor[] = [];
  tinyLlama({ ...options, edit: (tensors) => (collected.push(...tensors), tensors) });
  return collected;
}

describe("configure() reads", () => {
  it("arpeggio-mini", () => {
    const { config } = buildModel(readModel(miniModel("q4_k_m").url).file, sizes);
    const { rope, normEpsilon, ...counts } = config;
    assert.deepEqual(counts, {
      architecture: "llama",
      layers: 5,
      slidingWindow: 0,
      contextLengthTrained: 512,
      vocabularySize: 1024,
      columns: 256,
      feedForwardColumns: 768,
      heads: 4,
      keyValueHeads: 2,
      keyColumns: 64,
      valueColumns: 64,
    });
    assert.deepEqual([rope.columns, rope.base, rope.scaling.factor, normEpsilon], [64, 10000, 1, Math.fround(1e-5)]);
  });

  it("defaults: as many key/value heads as heads, heads of equal parts, whole heads rotated", () => {
    const names = ["attention.head_count_kv", "attention.key_length", "attention.value_length"];
    const metadata = Object.fromEntries(names.map((name) => [`llama.${name}`, undefined]));
    const { config } = buildModel(tinyLlama({ keyValueHeads: 4, metadata }).file, sizes);
    const { keyValueHeads, keyColumns, valueColumns, rope } = config;
    assert.deepEqual([keyValueHeads, keyColumns, valueColumns, rope.columns, rope.base], [4, 8, 8, 8, 10000]);
  });

  it("every way to say how positions are stretched", () => {
    const scalingOf = (values: Record<string, MetadataValue>) => {
      const metadata = Object.fromEntries(Object.entries(values).map(([key, value]) => [`llama.rope.${key}`, value]));
      return buildModel(tinyLlama({ metadata }).file, sizes).config.rope.scaling;
    };
    assert.deepEqual([scalingOf({}).type, scalingOf({}).factor], ["linear", 1]);
    assert.equal(scalingOf({ "scale_linear": float32(2) }).factor, 2);
    assert.equal(scalingOf({ "scale_linear": float32(2), "scaling.factor": float32(4) }).factor, 4);
    assert.equal(scalingOf({ "scaling.factor": float32(0) }).factor, 1);
    assert.equal(scalingOf({ "scaling.type": string("none"), "scaling.factor": float32(4) }).factor, 1);
    const yarn = scalingOf({
      "scaling.type": string("yarn"),
      "scaling.factor": float32(4),
      "scaling.attn_factor": float32(0.5),
      "scaling.original_context_length": uint32(64),
      "scaling.yarn_ext_factor": float32(0.5),
      "scaling.yarn_beta_fast": float32(16),
      "scaling.yarn_beta_slow": float32(2),
      "scaling.yarn_log_multiplier": float32(0.25),
    });
    assert.deepEqual(yarn, {
      type: "yarn",
      factor: 4,
      attentionFactor: 0.5,
      originalContextLength: 64,
      extrapolation: 0.5,
      betaFast: 16,
      betaSlow: 2,
      logMultiplier: 0.25,
    });
  });
});
