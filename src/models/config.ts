/**
 * The configuration of a transformer, read from the metadata of a GGUF file and checked: what comes out is bounded and
 * consistent in itself, and every error names the key. That tensors have the shapes that follow is checked in
 * tensors.ts.
 */

import { GgufError } from "../errors.ts";
import type { GgufFile } from "../gguf/parse.ts";
import { Limit } from "../native/abi.ts";
import { COLUMNS_MAX } from "../plan/plan.ts";
import type { RopeConfig } from "./rope.ts";

/** The numbers that define a transformer with grouped-query attention and a gated feed-forward network. */
export interface TransformerConfig {
  /** `general.architecture`. */
  readonly architecture: string;
  readonly layers: number;
  /** The context the model was trained with, in tokens. */
  readonly contextLengthTrained: number;
  /** How many positions a token sees, its own among them; 0: all before it. */
  readonly slidingWindow: number;
  readonly vocabularySize: number;
  /** Columns of the residual stream. */
  readonly columns: number;
  /** Columns of the hidden layer of the feed-forward network. */
  readonly feedForwardColumns: number;
  /** Query heads. */
  readonly heads: number;
  /** Key/value heads, a divisor of `heads`. */
  readonly keyValueHeads: number;
  /** Columns of a query or key head. */
  readonly keyColumns: number;
  /** Columns of a value head. */
  readonly valueColumns: number;
  /** What RMSNorm adds to the mean of squares. */
  readonly normEpsilon: number;
  readonly rope: RopeConfig;
}

/** Twice the deepest model published (Llama 3.1 405B, 126). Limits what a hostile file can make us record. */
const LAYERS_MAX = 256;

/** 16 times the widest hidden layer published (Llama 3.1 405B, 53248). */
const WIDTH_MAX = 2 ** 20;

/** 16 times the longest context published (Llama 4 Scout, 10 million). What is used of it is another matter. */
const CONTEXT_LENGTH_MAX = 2 ** 28;

/** Reads the configuration of a file whose keys begin with `architecture`. */
export function readTransformerConfig(file: GgufFile, architecture: string): TransformerConfig {
  const { metadata } = file;
  const key = (name: string) => `${architecture}.${name}`;
  checkNoExperts(file, architecture);
  const contextLengthTrained = metadata.getUint(key("context_length"), {
    min: 1,
    max: CONTEXT_LENGTH_MAX,
    purpose: "the length of the context",
  });
  const columns = metadata.getUint(key("embedding_length"), {
    min: 1,
    max: WIDTH_MAX,
    purpose: "the width of the model",
  });
  const normEpsilon = metadata.getFloat(key("attention.layer_norm_rms_epsilon"), { min: 0, max: 1 });
  const heads = readHeads(file, { architecture, columns });
  return {
    architecture,
    layers: readLayers(file, architecture),
    contextLengthTrained,
    slidingWindow: metadata.getUint(key("attention.sliding_window"), { min: 0, max: CONTEXT_LENGTH_MAX, default: 0 }),
    vocabularySize: readVocabularySize(file, { architecture, columns }),
    columns,
    feedForwardColumns: metadata.getUint(key("feed_forward_length"), { min: 1, max: WIDTH_MAX }),
    ...heads,
    normEpsilon,
    rope: readRope(file, { architecture, keyColumns: heads.keyColumns, contextLengthTrained }),
  };
}

/** The number of layers: as many as the tensors `blk.0.` to `blk.<layers - 1>.` there are. */
function readLayers(file: GgufFile, architecture: string): number {
  const key = `${architecture}.block_count`;
  const layers = file.metadata.getUint(key, { min: 1, max: LAYERS_MAX, purpose: "the number of layers" });
  for (const name of file.tensors.keys()) {
    const layer = /^blk\.(\d+)\./.exec(name)?.[1];
    if (layer !== undefined && Number(layer) >= layers) {
      throw file.metadata.errorAt(key, `Expected layers below ${layers} but found the tensor ${JSON.stringify(name)}`);
    }
  }
  return layers;
}

/** The vocabulary: one row of the embedding table per token of the tokenizer. */
function readVocabularySize(file: GgufFile, model: { architecture: string; columns: number }): number {
  const { metadata, tensors } = file;
  const name = "token_embd.weight";
  const table = tensors.get(name);
  if (table === undefined) {
    throw new GgufError("Expected the embedding table but the file does not have it", { key: name });
  }
  const [columns, rows = 1] = table.shape;
  if (columns !== model.columns) {
    const widthKey = `${model.architecture}.embedding_length`;
    throw metadata.errorAt(widthKey, `Expected the ${columns} columns of ${name} but found ${model.columns}`);
  }
  if (rows > COLUMNS_MAX) {
    const where = { key: name, offsetBytes: table.infoOffset };
    throw new GgufError(`Expected a vocabulary of at most ${COLUMNS_MAX} tokens but found ${rows}`, where);
  }
  const keys = { tokens: "tokenizer.ggml.tokens", size: `${model.architecture}.vocab_size` };
  const tokens = metadata.has(keys.tokens) ? metadata.getStrings(keys.tokens).length : rows;
  if (tokens !== rows) {
    throw metadata.errorAt(keys.tokens, `Expected a token per row of ${name}, ${rows}, but found ${tokens}`);
  }
  const size = metadata.getUint(keys.size, { default: rows });
  if (size !== rows) throw metadata.errorAt(keys.size, `Expected the ${rows} rows of ${name} but found ${size}`);
  return rows;
}

type HeadConfig = Pick<TransformerConfig, "heads" | "keyValueHeads" | "keyColumns" | "valueColumns">;

function readHeads(file: GgufFile, model: { architecture: string; columns: number }): HeadConfig {
  const { metadata } = file;
  const { architecture, columns } = model;
  const key = (name: string) => `${architecture}.attention.${name}`;
  const heads = metadata.getUint(key("head_count"), { min: 1, max: Limit.HEADS, purpose: "the number of heads" });
  const keyValueHeads = metadata.getUint(key("head_count_kv"), { min: 1, max: heads, default: heads });
  if (heads % keyValueHeads !== 0) {
    throw metadata.errorAt(key("head_count_kv"), `Expected a divisor of the ${heads} heads but found ${keyValueHeads}`);
  }
  if (!metadata.has(key("key_length")) && columns % heads !== 0) {
    throw metadata.errorAt(key("head_count"), `Expected a divisor of the width ${columns} but found ${heads}`);
  }
  const keyColumns = metadata.getUint(key("key_length"), { min: 1, default: columns / heads });
  const valueColumns = metadata.getUint(key("value_length"), { min: 1, default: columns / heads });
  const sizes = [["key_length", keyColumns], ["value_length", valueColumns]] as const;
  for (const [name, size] of sizes) {
    if (Number.isInteger(size) && size <= Limit.HEAD_COLUMNS) continue;
    const at = metadata.has(key(name)) ? key(name) : key("head_count");
    throw metadata.errorAt(at, `Expected heads of whole columns, at most ${Limit.HEAD_COLUMNS}, but found ${size}`);
  }
  return { heads, keyValueHeads, keyColumns, valueColumns };
}

/** The scaling types of `rope.scaling.type` that are computed here. */
const SCALING_TYPES = ["none", "linear", "yarn"] as const;

/** What the keys mean and what they default to is as in llama.cpp. */
function readRope(
  file: GgufFile,
  model: { architecture: string; keyColumns: number; contextLengthTrained: number },
): RopeConfig {
  const { metadata } = file;
  const key = (name: string) => `${model.architecture}.rope.${name}`;
  const positive = { min: Number.MIN_VALUE };
  const columns = metadata.getUint(key("dimension_count"), {
    min: 2,
    max: model.keyColumns,
    default: model.keyColumns,
  });
  if (columns % 2 !== 0) {
    throw metadata.errorAt(key("dimension_count"), `Expected an even number of columns to rotate but found ${columns}`);
  }
  const base = metadata.getFloat(key("freq_base"), { default: 10000 });
  if (base <= 1) throw metadata.errorAt(key("freq_base"), `Expected a base above 1 but found ${base}`);
  const scalingType = metadata.getString(key("scaling.type"), { default: "linear" });
  const type = SCALING_TYPES.find((supported) => supported === scalingType);
  if (type === undefined) {
    const expected = `Expected one of ${SCALING_TYPES.join(", ")} (src/models/rope.ts)`;
    throw metadata.errorAt(key("scaling.type"), `${expected} but found ${JSON.stringify(scalingType)}`);
  }
  // 0 means that there is no scaling; "scale_linear" is what the key was called before August 2023.
  const factor = metadata.getFloat(key("scaling.factor"), {
    min: 0,
    max: CONTEXT_LENGTH_MAX,
    default: metadata.getFloat(key("scale_linear"), { min: 0, max: CONTEXT_LENGTH_MAX, default: 0 }),
  }) || 1;
  if (factor < 1) {
    const at = metadata.has(key("scaling.factor")) ? key("scaling.factor") : key("scale_linear");
    throw metadata.errorAt(at, `Expected a factor of at least 1, or 0 for none, but found ${factor}`);
  }
  return {
    columns,
    base,
    scaling: {
      type,
      factor: type === "none" ? 1 : factor,
      attentionFactor: metadata.getFloat(key("scaling.attn_factor"), { ...positive, default: 1 }),
      originalContextLength: metadata.getUint(key("scaling.original_context_length"), {
        min: 1,
        default: model.contextLengthTrained,
      }),
      extrapolation: metadata.getFloat(key("scaling.yarn_ext_factor"), { min: 0, max: 1, default: 1 }),
      betaFast: metadata.getFloat(key("scaling.yarn_beta_fast"), { ...positive, default: 32 }),
      betaSlow: metadata.getFloat(key("scaling.yarn_beta_slow"), { ...positive, default: 1 }),
      logMultiplier: metadata.getFloat(key("scaling.yarn_log_multiplier"), { min: 0, default: 0 }),
    },
  };
}

/** Files of mixture-of-experts models differ from dense ones only in the names of a few tensors: told by key. */
function checkNoExperts(file: GgufFile, architecture: string): void {
  const key = `${architecture}.expert_count`;
  const experts = file.metadata.getUint(key, { default: 0 });
  if (experts === 0) return;
  const expected = `Expected a model without experts (${architecture} with them is not supported)`;
  throw file.metadata.errorAt(key, `${expected} but found ${experts}`);
}
