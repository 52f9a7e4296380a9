/**
 * GGUF files with the shape and the mix of formats of a real model and random weights: they load and run in every
 * engine, at the speed of the real ones, and nobody has to download them.
 */

import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { ggufChunks, type MetadataValue, type TensorContent } from "../../src/gguf/write.ts";
import { tensorBytes, tensorTypeByName } from "../../src/gguf/tensor_types.ts";
import { randomFormats, randomWeights } from "../weights/random_weights.ts";
import type { Shape } from "./shapes.ts";

type Tensor = TensorContent<() => Iterable<Uint8Array>>;
type MetadataEntry = readonly [key: string, value: MetadataValue];

/** What a file is made of: every matrix of one format, or one of {@linkcode mixes}. */
export type Mix = string;

/**
 * The mixes by the names of `--type`, beside the formats themselves: llama.cpp's of that name, and F16 that was made
 * from BF16, as most files of F16 are. (The weights of plain F16 have all of its fraction.)
 */
export const mixes: readonly Mix[] = ["Q4_K_M", "F16_OF_BF16"];

/**
 * Writes a model, unless the file is there.
 *
 * @param path Where to.
 * @param model Its shape, and the format of its matrices: one of {@linkcode mixes} or of `randomFormats`.
 */
export function writeRandomModel(path: string, model: { shape: Shape; mix: Mix }): void {
  if (existsSync(path)) return;
  const { shape, mix } = model;
  if (!mixes.includes(mix) && !randomFormats.includes(mix)) {
    const expected = [...mixes, ...randomFormats].join(", ");
    throw new RangeError(`Expected the type to be one of ${expected} but found ${mix}`);
  }
  mkdirSync(dirname(path), { recursive: true });
  // Under another name until it is complete.
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, "w");
  try {
    const chunks = ggufChunks({ metadata: metadataOf(shape), tensors: tensorsOf(shape, mix) });
    for (const chunk of chunks) for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/**
 * What a token costs: the bytes of the matrices that are read for it, and the operations in them (a multiplication and
 * an addition are two). Of an embedding table that is not the output matrix only a row is read.
 */
export function matrixCosts(shape: Shape, mix: Mix): { bytes: number; operations: number } {
  let [bytes, operations] = [0, 0];
  for (const { name, type, shape: dimensions } of tensorsOf(shape, mix)) {
    if (dimensions.length === 1 || (name === "token_embd.weight" && !shape.isTied)) continue;
    bytes += tensorBytes(tensorTypeByName(type)!, dimensions);
    // Prompts need the logits of their last token only.
    if (name.startsWith("blk.")) operations += 2 * dimensions[0] * dimensions[1];
  }
  return { bytes, operations };
}

function metadataOf(shape: Shape): MetadataEntry[] {
  const uint32 = (value: number): MetadataValue => ({ type: "uint32", value });
  const float32 = (value: number): MetadataValue => ({ type: "float32", value });
  const string = (value: string): MetadataValue => ({ type: "string", value });
  const tokens = Array.from({ length: shape.vocabularySize }, (_, id) => tokenText(id));
  return [
    ["general.architecture", string("llama")],
    ["general.name", string("random")],
    ["llama.block_count", uint32(shape.layers)],
    ["llama.context_length", uint32(32_768)],
    ["llama.embedding_length", uint32(shape.columns)],
    ["llama.feed_forward_length", uint32(shape.feedForwardColumns)],
    ["llama.attention.head_count", uint32(shape.heads)],
    ["llama.attention.head_count_kv", uint32(shape.keyValueHeads)],
    ["llama.attention.layer_norm_rms_epsilon", float32(1e-5)],
    ["llama.rope.dimension_count", uint32(shape.columns / shape.heads)],
    ["llama.rope.freq_base", float32(shape.ropeBase)],
    ["llama.vocab_size", uint32(shape.vocabularySize)],
    ["tokenizer.ggml.model", string("llama")],
    ["tokenizer.ggml.tokens", { type: "array", elementType: "string", value: tokens }],
    ["tokenizer.ggml.scores", { type: "array", elementType: "float32", value: tokens.map((_, id) => -id) }],
    ["tokenizer.ggml.token_type", { type: "array", elementType: "int32", value: tokens.map((_, id) => tokenType(id)) }],
    ["tokenizer.ggml.bos_token_id", uint32(1)],
    ["tokenizer.ggml.eos_token_id", uint32(2)],
    ["tokenizer.ggml.unknown_token_id", uint32(0)],
  ];
}

/** A SentencePiece vocabulary: three special tokens, the 256 bytes, and words. */
function tokenText(id: number): string {
  if (id < 3) return ["<unk>", "<s>", "</s>"][id];
  if (id < 259) return `<0x${(id - 3).toString(16).toUpperCase().padStart(2, "0")}>`;
  return `\u2581w${id.toString(36)}`;
}

/** Unknown, control, byte, normal (`enum llama_token_type`). */
function tokenType(id: number): number {
  return id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1;
}

function tensorsOf(shape: Shape, mix: Mix): Tensor[] {
  const { layers, columns, feedForwardColumns, heads, keyValueHeads, vocabularySize, isTied, hasBiases } = shape;
  const headColumns = columns / heads;
  const list: Tensor[] = [];
  function add(name: string, dimensions: readonly number[], layer = 0): void {
    const type = dimensions.length === 1
      ? "F32"
      : formatOf(mix, { name, layer, layers, isTied, columns: dimensions[0] });
    list.push(randomTensor(name, { dimensions, type, seed: list.length + 1, ofBfloats: mix === "F16_OF_BF16" }));
  }
  add("token_embd.weight", [columns, vocabularySize]);
  for (let layer = 0; layer < layers; layer++) {
    const addToLayer = (name: string, ...dimensions: number[]) => add(`blk.${layer}.${name}`, dimensions, layer);
    addToLayer("attn_norm.weight", columns);
    addToLayer("attn_q.weight", columns, columns);
    addToLayer("attn_k.weight", columns, keyValueHeads * headColumns);
    addToLayer("attn_v.weight", columns, keyValueHeads * headColumns);
    addToLayer("attn_output.weight", columns, columns);
    if (hasBiases) addToLayer("attn_q.bias", columns);
    if (hasBiases) addToLayer("attn_k.bias", keyValueHeads * headColumns);
    if (hasBiases) addToLayer("attn_v.bias", keyValueHeads * headColumns);
    addToLayer("ffn_norm.weight", columns);
    addToLayer("ffn_gate.weight", columns, feedForwardColumns);
    addToLayer("ffn_up.weight", columns, feedForwardColumns);
    addToLayer("ffn_down.weight", feedForwardColumns, columns);
  }
  add("output_norm.weight", [columns]);
  if (!isTied) add("output.weight", [columns, vocabularySize]);
  return list;
}

/** What llama.cpp's quantizer takes where a row is not a whole number of 256 values. */
const fallbacks: Readonly<Record<string, string>> = {
  Q2_K: "IQ4_NL",
  Q3_K: "IQ4_NL",
  IQ4_XS: "IQ4_NL",
  Q4_K: "Q5_0",
  Q5_K: "Q5_1",
  Q6_K: "Q8_0",
};

/** The format of a matrix, as `llama_tensor_get_type` of llama.cpp chooses it. */
function formatOf(
  mix: Mix,
  tensor: { name: string; layer: number; layers: number; isTied: boolean; columns: number },
): string {
  const { name, layer, layers, isTied, columns } = tensor;
  if (mix === "F16_OF_BF16") return "F16";
  let format = mix;
  if (mix === "Q4_K_M") {
    const isOutput = name === (isTied ? "token_embd.weight" : "output.weight");
    const isSensitive = /\.(attn_v|ffn_down)\.weight$/.test(name) && usesMoreBits(layer, layers);
    format = isOutput || isSensitive ? "Q6_K" : "Q4_K";
  }
  return columns % tensorTypeByName(format)!.blockValues === 0 ? format : fallbacks[format];
}

/** The first and the last eighth of the layers, and every third between. */
function usesMoreBits(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}

function randomTensor(
  name: string,
  tensor: { dimensions: readonly number[]; type: string; seed: number; ofBfloats: boolean },
): Tensor {
  const { dimensions: shape, type, seed, ofBfloats } = tensor;
  const bytes = tensorBytes(tensorTypeByName(type)!, shape);
  if (name.endsWith("norm.weight")) {
    return { name, type, shape, data: () => [new Uint8Array(new Float32Array(shape[0]).fill(1).buffer)] };
  }
  // Each product has the deviation of its input. Rows of the embedding have it too, before the first norm.
  const deviation = name.endsWith(".bias") ? 0.1 : 1 / Math.sqrt(shape[0]);
  return { name, type, shape, data: () => randomWeights(type, { bytes, deviation, seed, ofBfloats }) };
}
