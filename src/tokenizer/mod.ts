/**
 * The tokenizer models: which one a file uses, and how to make it. One line for each; a new model is one file and one
 * line.
 */

import type { Metadata } from "../gguf/metadata.ts";
import { createBpeTokenizer } from "./bpe.ts";
import { createSpmTokenizer } from "./spm.ts";
import type { Tokenizer } from "./tokenizer.ts";

export { StreamDecoder, type StreamDecoderOptions } from "./stream_decoder.ts";
export type { DecodeOptions, EncodeOptions, NamedTokens, Tokenizer, TokenType } from "./tokenizer.ts";

const MODEL_KEY = "tokenizer.ggml.model";

/** By the name in `tokenizer.ggml.model`. */
const tokenizerModels: Readonly<Record<string, (metadata: Metadata) => Generator<void, Tokenizer>>> = {
  gpt2: createBpeTokenizer,
  llama: createSpmTokenizer,
};

/**
 * The tokenizer of a file, in steps of well under a millisecond for `runSliced` (or all at once with `runWhole`).
 *
 * @throws {GgufError} When the file has none, has one of a model that is not supported, or has a malformed one.
 */
export function* createTokenizer(metadata: Metadata): Generator<void, Tokenizer> {
  const model = metadata.getString(MODEL_KEY, { purpose: "the tokenizer" });
  if (Object.hasOwn(tokenizerModels, model)) return yield* tokenizerModels[model](metadata);
  const supported = Object.keys(tokenizerModels).map((name) => JSON.stringify(name)).join(" or ");
  const message =
    `Expected a tokenizer model that is supported (${supported}; the list is in src/tokenizer/mod.ts) but ` +
    `found ${JSON.stringify(model)}`;
  throw metadata.errorAt(MODEL_KEY, message);
}
