/** What a loaded model says about itself. */

import type { LoadModelOptions } from "./load_options.ts";
import type { ModelParts } from "./model_loading.ts";
import { describeLibrary } from "./native/library.ts";
import { currentRuntime } from "./runtime/mod.ts";

/** What there is to know about a loaded model. */
export interface ModelInfo {
  /** The model's name in its file, if it has one. */
  readonly name: string | undefined;
  /** The kind of model, such as "llama". */
  readonly architecture: string;
  /** The most tokens of prompt and answer together. */
  readonly contextLength: number;
  /** The context it was trained with. */
  readonly contextLengthTrained: number;
  /** How many tokens there are. */
  readonly vocabularySize: number;
  /** Whether the model has a chat template, so that `generate` takes messages. */
  readonly hasChatTemplate: boolean;
  /** How exact the matrix products are. */
  readonly precision: "q8" | "f32";
  /** How many threads compute. */
  readonly threads: number;
  /** The instruction set in use, such as "avx2". */
  readonly isa: string;
  /** The runtime and its version, such as "bun 1.4.5". */
  readonly runtime: string;
  /** How long loading took, in milliseconds. */
  readonly loadMs: number;
  /** The size of the file in bytes. */
  readonly fileBytes: number;
  /** Memory for weights in the arrangement of the kernels, in bytes. */
  readonly weightsBytes: number;
  /** Memory for keys and values, in bytes; the system provides it as it is filled. */
  readonly cacheBytes: number;
  /** How many tokens it has room for: those of all sequences, and those that are kept for prompts to come. */
  readonly cacheTokens: number;
  /** Memory for activations, in bytes. */
  readonly activationsBytes: number;
  /** What is doubtful about the file, in sentences for people. */
  readonly warnings: readonly string[];
}

/** Collects it. */
export function describeModel(
  parts: ModelParts,
  { loadMs, options }: { loadMs: number; options: LoadModelOptions },
): ModelInfo {
  const { file, modelPlan, tokenizer, template, weights, nativeCache, nativePlan, cache, scheduler } = parts;
  const { isa, cores } = describeLibrary();
  const runtime = currentRuntime();
  return {
    name: file.metadata.getString("general.name", { default: undefined }),
    architecture: modelPlan.architecture,
    contextLength: modelPlan.plan.contextLength,
    contextLengthTrained: modelPlan.config.contextLengthTrained,
    vocabularySize: scheduler.vocabularySize,
    hasChatTemplate: template.source !== "",
    precision: options.precision ?? "q8",
    threads: options.threads ?? cores,
    isa: isa ?? "none",
    runtime: `${runtime.name} ${runtime.version()}`,
    loadMs,
    fileBytes: file.fileBytes,
    weightsBytes: weights.memoryBytes,
    cacheBytes: nativeCache.memoryBytes,
    cacheTokens: cache.usage.totalTokens,
    activationsBytes: nativePlan.memoryBytes,
    warnings: tokenizer.warnings,
  };
}
