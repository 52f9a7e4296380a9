/**
 * Arpeggio: inference of large language models on the CPU, as a plain import for Deno, Bun and Node. Importing does no
 * work; {@linkcode loadModel} does.
 *
 * @example Streaming an answer
 * ```ts
 * import { loadModel } from "arpeggio";
 *
 * await using model = await loadModel("models/arpeggio-mini-q4_k_m.gguf");
 * for await (const piece of model.generate([{ role: "user", content: "What is 2+2?" }])) console.log(piece);
 * ```
 *
 * @module
 */

export { type AppendOptions, Sequence } from "./src/sequence.ts";
export { loadModel, type LogitsOptions, Model } from "./src/model.ts";
export type { ModelInfo } from "./src/model_info.ts";
export type { KvType, LoadModelOptions, LoadPhase, LoadProgress } from "./src/load_options.ts";
export type { GenerateOptions, LoopOptions } from "./src/generate_options.ts";
export type { ContextOverflow, OverflowOptions } from "./src/context_overflow.ts";
export type { CacheUsage } from "./src/cache/kv_cache.ts";
export { Generation, type GenerationResult, type StopReason, type Timings, type Usage } from "./src/generation.ts";
export type {
  ChatContentPart,
  ChatFunction,
  ChatMessage,
  ChatRole,
  ChatTool,
  ChatToolCall,
  RenderOptions,
  WireToolCall,
} from "./src/chat/mod.ts";
export type { SamplingOptions } from "./src/sampling/mod.ts";
export type { DecodeOptions, EncodeOptions, Tokenizer, TokenType } from "./src/tokenizer/mod.ts";
export { type ByteSource, bytesSource, readGguf, type ReadGgufOptions } from "./src/gguf/reader.ts";
export type { GgufFile, TensorInfo } from "./src/gguf/parse.ts";
export type { Metadata, MetadataSummary } from "./src/gguf/metadata.ts";
export { type GgufContent, type MetadataValue, type TensorContent, writeGguf } from "./src/gguf/write.ts";
export type { InstructionTime } from "./src/native/plan.ts";
export { describeLibrary, type LibraryDescription } from "./src/native/library.ts";
export { type Diagnostics, diagnostics, type LibraryDiagnostics } from "./src/diagnostics.ts";
export { registerEmbeddedLibrary } from "./src/native/embedded.ts";
export {
  ArpeggioError,
  ChatTemplateError,
  ContextOverflowError,
  GgufError,
  LibraryError,
  NativeError,
  QueueFullError,
  SequenceStateError,
} from "./src/errors.ts";
