/** The flags that choose how a model is loaded, and loading it with them. */

import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { NAMED_TEMPLATES } from "../chat/named_templates.ts";
import { ArpeggioError } from "../errors.ts";
import { type KvType, kvTypes } from "../load_options.ts";
import { loadModel, type Model } from "../model.ts";
import { Limit } from "../native/abi.ts";
import { modelName, modelPath } from "./model_file.ts";
import { integerIn } from "./numbers.ts";
import { showProgress } from "./progress.ts";

/** The parsed flags. */
export interface LoadFlags {
  threads?: number;
  context?: number;
  precision?: "q8" | "f32";
  kvType?: KvType;
  chatTemplate?: string;
  cacheTokens?: number;
}

/** The flag with which a model without a chat template can be talked to. */
export function chatTemplateOption(): Option {
  return new Option("--chat-template <t>", "use this chat template: a Jinja file, or chatml (default: the model's)");
}

/** Whether messages can be made a prompt: by the flag, or by the model's own template. */
export function hasChatTemplate(model: Model, { chatTemplate }: LoadFlags): boolean {
  return chatTemplate !== undefined || model.metadata.has("tokenizer.chat_template");
}

/** Adds the flags to a command. */
export function addLoadOptions(command: Command): Command {
  const threads = integerIn({ min: 1, max: Limit.THREADS });
  const context = integerIn({ min: 1, max: 2 ** 24 });
  const cacheTokens = integerIn({ min: 1, max: 2 ** 26 });
  return command
    .optionsGroup("Computation:")
    .option("--threads <n>", "threads that compute (default: one per physical core)", threads)
    .option("--context <n>", "most tokens of prompts and answers (default: the model's, at most 4096)", context)
    .option("--cache-tokens <n>", "tokens of all contexts together (default: 4 contexts, at most 16384)", cacheTokens)
    .addOption(new Option("--precision <p>", "f32: do not round activations (default: q8)").choices(["q8", "f32"]))
    .addOption(new Option("--kv-type <t>", "numbers attention remembers (default: f16)").choices(kvTypes))
    .optionsGroup("Options:");
}

/** Says what to do about a model that cannot be talked to. */
export function expectChatTemplate(model: Model, flags: LoadFlags): void {
  if (hasChatTemplate(model, flags)) return;
  throw new ArpeggioError(
    "Expected a model with a chat template but this one has none: name one with --chat-template, " +
      "or let it continue a text with arpeggio run --raw",
  );
}

/** Loads the model of the MODEL argument, showing how far it is when that takes long. */
export async function loadModelFor(model: string, options: { flags: LoadFlags; signal: AbortSignal }): Promise<Model> {
  const { flags: { threads, context: contextLength, precision, kvType, cacheTokens, ...flags }, signal } = options;
  const chatTemplate = flags.chatTemplate && await chatTemplateSource(flags.chatTemplate);
  using progress = showProgress(`Loading ${modelName(model)}`);
  return await loadModel(modelPath(model), {
    threads,
    contextLength,
    precision,
    kvType,
    cacheTokens,
    chatTemplate,
    signal,
    onProgress: ({ phase, fraction }) => phase === "weights" && progress.update(fraction),
  });
}

/** The name of a known template as it is, everything else as the file that has the template. */
async function chatTemplateSource(text: string): Promise<string> {
  return Object.hasOwn(NAMED_TEMPLATES, text) ? text : await readFile(text, "utf8");
}
