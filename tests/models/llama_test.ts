// Plans of llama models of every kind there is, executed by the oracle, against llama written down directly.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildModel, buildModelSliced, tensorsToRead } from "../../src/models/mod.ts";
import { ropeFrequencies } from "../../src/models/rope.ts";
import { interpretPlan, sequenceStep } from "../reference/interpret.ts";
import { directLogits } from "./direct_llama.ts";
import { tensorDataOf, tinyLlama, type TinyModel, type TinyOptions, type TinyTensor } from "./tiny_llama.ts";

const sizes = { tokensMax: 16, outputsMax: 16, cacheBlocks: 2 };

function build(model: TinyModel, precision: "q8" | "f32" = "q8") {
  return buildModel(model.file, { ...sizes, precision, tensorData: tensorDataOf(model) });
}

/** Builds the model in both precisions and compares its logits with the direct computation. */
function checkModel(options: TinyOptions): void {
  const model = tinyLlama(options);
  const tokens = [3, 1, 4, 1, 5, 9, 2, 6];
  for (const precision of ["q8", "f32"] as const) {
    const { plan, config, logits } = build(model, precision);
    const { frequencies, magnitude } = ropeFrequencies(config.rope, options.ropeFactors);
    const angles = { frequencies: [...frequencies], magnitude };
    const expected = directLogits(model, { config, angles, tokens }).flat();
    const [found] = interpretPlan(plan, model.bytes, { steps: [sequenceStep(tokens)], buffer: logits });
    assert.equal(found.length, expected.length);
    const worst = found.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i])), 0);
    assert.ok(worst < 1e-11, `${precision}: off by ${worst}`);
  }
}

const integerWeights = (name: string) => /blk.*\.weight$|embd/.test(name) && !/norm/.test(name) ? "Q8_0" : "F32";

const kinds: Record<string, TinyOptions> = {
  "with an output matrix": {},
  "with tied embeddings": { tied: true },
  "with biases on every linear layer": { biases: true },
  "with as many key/value heads as heads": { keyValueHeads: 4 },
  "with one key/value head": { keyValueHeads: 1 },
  "with one layer": { layers: 1 },
  "with keys and values of their own sizes": { keyColumns: 12, valueColumns: 20 },
  "with heads of which a part is rotated": {
    keyColumns: 16,
    metadata: { "llama.rope.dimension_count": { type: "uint32", value: 8 } },
  },
  "with frequency factors": { ropeFactors: [1, 2, 8, 32] },
  "with YaRN": {
    metadata: {
      "llama.rope.scaling.type": { type: "string", value: "yarn" },
      "llama.rope.scaling.factor": { type: "float32", value: 4 },
      "llama.rope.scaling.original_context_length": { type: "uint32", value: 64 },
    },
  },
  "with integer weights": { biases: true, typeOf: integerWeights, tied: true },
  "with weights of several kinds in one block": {
    typeOf: (name) => /(attn_k|ffn_up|attn_output)\.weight/.test(name) ? "Q8_0" : /attn_v/.test(name) ? "F16" : "F32",
  },
  "with norms and biases in BF16 and F16": {
    biases: true,
    typeOf: (name) => /norm/.test(name) ? "BF16" : /bias/.test(name) ? "F16" : "F32",
  },
};

describe("llama computes models", () => {
  for (const [what, options] of Object.entries(kinds)) it(what, () => checkModel(options));
});

describe("llama records", () => {
  const opsOf = (model: TinyModel, precision: "q8" | "f32") =>
    build(model, precision).plan.instructions.map(({ op }) => op);

  it("no Q8 in f32, and F32 for weights that are floats", () => {
    const model = tinyLlama({ typeOf: integerWeights });
    assert.ok(!opsOf(model, "f32").includes("QUANTIZE"));
    assert.ok(build(model, "f32").plan.buffers.every(({ type }) => type === "F32"));
    assert.ok(build(tinyLlama(), "q8").plan.buffers.every(({ type }) => type === "F32"));
  });

  it("quantized inputs of all integer weights by default", () => {
    const { plan } = build(tinyLlama({ typeOf: integerWeights }));
    for (const { op, src, weights, label } of plan.instructions) {
      if (op === "MATMUL") assert.equal(src[0].type === "F32", weights[0].type === "F32", label);
    }
    assert.ok(plan.buffers.some(({ type }) => type === "Q8"));
  });

  it("both forms of an activation only where both are read", () => {
    const mixed = tinyLlama({ layers: 1, typeOf: (name) => name === "blk.0.attn_v.weight" ? "Q8_0" : "F32" });
    const norms = build(mixed).plan.instructions.filter(({ op }) => op === "RMS_NORM");
    assert.deepEqual(norms.map(({ label, dst }) => `${label} ${dst!.type}`), [
      "blk.0.attn_norm F32",
      "blk.0.attn_norm Q8",
      "blk.0.ffn_norm F32",
      "output_norm F32",
    ]);
  });

  it("only rows with logits behind the last attention", () => {
    const { plan, logits } = build(tinyLlama());
    const selected = plan.instructions.findIndex(({ op }) => op === "ROWS");
    const lastAttention = plan.instructions.findLastIndex(({ op }) => op === "ATTENTION");
    assert.equal(selected, lastAttention + 1);
    const behind = plan.instructions.slice(selected);
    assert.ok(behind.every(({ dst }) => dst!.rows === "OUTPUTS"));
    assert.deepEqual([plan.buffers[logits].rows, plan.buffers[logits].columns], ["OUTPUTS", 48]);
  });

  it("a tied table twice: in rows to read from, in tiles to multiply with", () => {
    const tables = build(tinyLlama({ tied: true })).plan.weights.filter(({ label }) => label === "token_embd.weight");
    assert.deepEqual(tables.map(({ layout }) => layout), ["ROWS", "TILES"]);
    assert.equal(tables[0].offset, tables[1].offset);
  });

  it("caches in F16, in F32 when the precision is f32, and as asked", () => {
    const model = tinyLlama();
    const types = (options: object) => {
      const { cacheShape: [group] } = buildModel(model.file, { ...sizes, precision: "q8", ...options });
      return [group.keyType, group.valueType];
    };
    assert.deepEqual(types({}), ["F16", "F16"]);
    assert.deepEqual(types({ precision: "f32" }), ["F32", "F32"]);
    assert.deepEqual(types({ precision: "f32", keyType: "F16" }), ["F16", "F16"]);
    assert.deepEqual(types({ keyType: "F32", valueType: "F16" }), ["F32", "F16"]);
  });
});

describe("buildModel()", () => {
  it("says what it built", () => {
    const spare: TinyTensor = { name: "blk.0.spare", type: "F32", shape: [1], data: new Uint8Array(4) };
    const model = build(tinyLlama({ edit: (tensors) => [spare, ...tensors] }));
    assert.equal(model.architecture, "llama");
    assert.deepEqual(model.unusedTensors, ["blk.0.spare"]);
    assert.equal(model.plan.contextLength, 256);
    const shape = { layers: 2, heads: 2, keyColumns: 8, valueColumns: 8, keyType: "F16", valueType: "F16", blocks: 2 };
    assert.deepEqual(model.cacheShape, [shape]);
    assert.equal(model.plan.cache, model.cacheShape);
  });

  it("takes the context and threads it is given", () => {
    const { plan } = buildModel(tinyLlama().file, { ...sizes, precision: "q8", contextLength: 1000, threads: 3 });
    assert.deepEqual([plan.contextLength, plan.threads], [1000, 3]);
    const long = tinyLlama({ metadata: { "llama.context_length": { type: "uint32", value: 10_000_000 } } });
    assert.deepEqual([build(long).config.contextLengthTrained, build(long).plan.contextLength], [10_000_000, 2 ** 20]);
  });

  it("builds in short slices", () => {
    const { file } = tinyLlama({ layers: 40 });
    const work = buildModelSliced(file, { ...sizes, precision: "q8" });
    let slices = 0;
    while (!work.next().done) slices++;
    assert.ok(slices >= 40);
  });

  it("refuses options that make no sense", () => {
    const { file } = tinyLlama();
    const refused = (options: object, message: RegExp) =>
      assert.throws(() => buildModel(file, { ...sizes, precision: "q8", ...options }), { name: "RangeError", message });
    refused({ precision: "f16" }, /^Expected precision to be q8 or f32 but found f16$/);
    refused({ keyType: "Q4_K" }, /^Expected keyType to be F32 or F16 or BF16 or Q8_0 or Q4_0 but found Q4_K$/);
    refused({ valueType: "Q5_0" }, /^Expected valueType to be F32 or F16 or BF16 or Q8_0 or Q4_0 but found Q5_0$/);
    refused({ cacheBlocks: 0 }, /^Expected cacheBlocks to be an integer/);
    refused({ contextLength: 0 }, /^Expected contextLength to be an integer/);
    refused({ tokensMax: 1.5 }, /^Expected tokensMax to be an integer/);
    refused({ threads: 65 }, /^Expected threads to be an integer/);
  });

  it("needs the bytes of the tensors that it lists", () => {
    const model = tinyLlama({ ropeFactors: [1, 1, 1, 1], typeOf: (name) => /_norm/.test(name) ? "F16" : "F32" });
    const names = tensorsToRead(model.file).map(({ name }) => name);
    const norms = ["attn_norm", "ffn_norm"];
    assert.deepEqual(names, [
      ...[0, 1].flatMap((layer) => norms.map((name) => `blk.${layer}.${name}.weight`)),
      "output_norm.weight",
      "rope_freqs.weight",
    ]);
    const incomplete = tensorDataOf(model);
    incomplete.set("output_norm.weight", new Uint8Array(63));
    assert.throws(() => buildModel(model.file, { ...sizes, precision: "q8", tensorData: incomplete }), {
      name: "TypeError",
      message: "Expected the 64 bytes of output_norm.weight but found 63",
    });
    assert.deepEqual(tensorsToRead(tinyLlama().file), []);
  });

  it("takes dimensions of 1 at the end of a shape", () => {
    const longer = (tensor: TinyTensor) => ({ ...tensor, shape: [...tensor.shape, 1] });
    const model = tinyLlama({ edit: (tensors) => tensors.map(longer) });
    assert.equal(build(model).plan.instructions.length, build(tinyLlama()).plan.instructions.length);
  });
});
