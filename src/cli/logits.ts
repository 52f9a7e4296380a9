/** `arpeggio logits`: what the model computes, unrounded, for comparisons and bug reports. */

import { writeFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { addLoadOptions, type LoadFlags, loadModelFor } from "./load_options.ts";
import { modelArgument } from "./model_file.ts";
import { tokenList } from "./numbers.ts";
import { addPromptOption, promptText } from "./prompt.ts";
import type { Terminal } from "./terminal.ts";

interface LogitsFlags extends LoadFlags {
  prompt?: string;
  tokens?: number[];
  special?: true;
  all?: true;
  output: string;
}

/** The command `logits`. */
export function logitsCommand(terminal: Terminal): Command {
  const command = new Command("logits")
    .description("Write the logits after a text: raw little-endian f32, one per token of the vocabulary")
    .addArgument(modelArgument());
  addPromptOption(command, { required: false })
    .addOption(new Option("--tokens <ids>", "token ids, such as 1,2,3").argParser(tokenList).conflicts("prompt"))
    .option("--special", "let the texts of control tokens in the prompt become these tokens")
    .option("--all", "write the logits of every position, not only of the last")
    .requiredOption("-o, --output <file>", "the file to write; - is standard output");
  return addLoadOptions(command).action(async (name: string, flags: LogitsFlags) => {
    const { signal } = terminal;
    const { prompt, special, all = false, output } = flags;
    if (prompt === undefined && flags.tokens === undefined) {
      command.error("error: one of the options --prompt and --tokens is needed");
    }
    const text = prompt === undefined ? "" : await promptText(prompt, signal);
    await using model = await loadModelFor(name, { flags, signal });
    const { addBos } = model.tokenizer;
    const tokens = flags.tokens ?? model.tokenize(text, { special: special ?? false, addBos });
    const logits = await model.logits(tokens, { all, signal }); // (1 or tokens, vocabulary)
    // Every supported machine is little-endian.
    const bytes = new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength);
    if (output === "-") return await terminal.write(bytes);
    await writeFile(output, bytes, { signal });
    terminal.note(`${tokens.length} tokens, ${logits.length} logits\n`);
  });
}
