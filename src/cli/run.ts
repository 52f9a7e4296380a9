/** `arpeggio run`: one prompt, one answer. */

import { Command, Option } from "commander";
import type { ChatMessage } from "../chat/mod.ts";
import type { Generation, GenerationResult } from "../generation.ts";
import type { Model } from "../model.ts";
import { addOverflowOptions, type OverflowFlags, overflowOptions } from "./cache_options.ts";
import {
  addLoadOptions,
  chatTemplateOption,
  expectChatTemplate,
  hasChatTemplate,
  type LoadFlags,
  loadModelFor,
} from "./load_options.ts";
import { modelArgument } from "./model_file.ts";
import { integerIn } from "./numbers.ts";
import { addPromptOption, promptText } from "./prompt.ts";
import { addSamplingOptions, samplingOptions } from "./sampling_options.ts";
import { statsLine } from "./stats.ts";
import type { Terminal } from "./terminal.ts";

interface RunFlags extends LoadFlags, OverflowFlags {
  prompt: string;
  tokens?: number;
  stop?: string[];
  system?: string;
  raw?: true;
  chat?: true;
  stats?: true;
  json?: true;
}

/** The command `run`. */
export function runCommand(terminal: Terminal): Command {
  const command = new Command("run").description("Answer one prompt").addArgument(modelArgument());
  addPromptOption(command, { required: true })
    .option("-n, --tokens <n>", "most tokens of the answer (default: to its end)", integerIn({ min: 0, max: 2 ** 24 }))
    .addOption(new Option("--chat", "put the prompt into the model's chat template (default if it has one)"))
    .addOption(new Option("--raw", "continue the prompt as it is").conflicts(["chat", "system"]))
    .addOption(chatTemplateOption().conflicts("raw"))
    .option("--system <text>", "system message before the prompt; implies --chat")
    .option("--stop <text>", "end the answer before this text; can be repeated", collect)
    .option("--stats", "print one line about the speed after the answer")
    .option("--json", "print everything as one line of JSON when the answer is complete");
  addOverflowOptions(command);
  addSamplingOptions(command);
  return addLoadOptions(command).action((model: string, flags: RunFlags) => run(terminal, { model, flags }));
}

async function run(terminal: Terminal, { model: name, flags }: { model: string; flags: RunFlags }): Promise<void> {
  const { signal } = terminal;
  const text = await promptText(flags.prompt, signal);
  await using model = await loadModelFor(name, { flags, signal });
  const generation = model.generate(promptFor(model, { text, flags }), {
    ...samplingOptions({ ...flags }),
    ...overflowOptions(flags),
    maxTokens: flags.tokens,
    stop: flags.stop,
  });
  // Ctrl-C ends it with what there is, and without an error.
  signal.addEventListener("abort", () => generation[Symbol.dispose]());
  if (flags.json) {
    await terminal.write(`${JSON.stringify(report(model, await generation))}\n`);
  } else {
    await stream(terminal, generation);
    if (flags.stats) terminal.note(`${statsLine(model, await generation)}\n`);
  }
}

/** The text itself, or the conversation that consists of it. */
function promptFor(model: Model, { text, flags }: { text: string; flags: RunFlags }): string | ChatMessage[] {
  const { raw, chat, system } = flags;
  const isChat = chat || system !== undefined || (!raw && hasChatTemplate(model, flags));
  if (!isChat) return text;
  expectChatTemplate(model, flags);
  const message: ChatMessage = { role: "user", content: text };
  return system === undefined ? [message] : [{ role: "system", content: system }, message];
}

async function stream(terminal: Terminal, generation: Generation): Promise<void> {
  for await (const piece of generation) await terminal.write(piece);
  await terminal.write("\n");
}

/** The line of `--json`. */
function report(model: Model, result: GenerationResult): Record<string, unknown> {
  const { isa, runtime, threads } = model.info;
  return { ...result, isa, runtime, threads };
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}
