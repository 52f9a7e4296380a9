/** `arpeggio tokenize`: the tokens of a text. Needs no native library. */

import { Command } from "commander";
import { printableValue } from "../gguf/metadata_value.ts";
import { runSliced } from "../time_slice.ts";
import { createTokenizer } from "../tokenizer/mod.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { modelArgument, openModelFile } from "./model_file.ts";
import { addPromptOption, promptText } from "./prompt.ts";
import type { Terminal } from "./terminal.ts";

interface TokenizeFlags {
  prompt: string;
  special?: true;
  addBos?: true;
  json?: true;
}

/** The command `tokenize`. */
export function tokenizeCommand(terminal: Terminal): Command {
  const command = new Command("tokenize")
    .description("Print the tokens of a text, one per line: id and text")
    .addArgument(modelArgument());
  return addPromptOption(command, { required: true })
    .option("--special", "let the texts of control tokens become these tokens")
    .option("--add-bos", "put the token in front that texts for this model begin with, if there is one")
    .option("--json", "print JSON: the ids and the texts")
    .action(async (model: string, flags: TokenizeFlags) => {
      const { signal } = terminal;
      const text = await promptText(flags.prompt, signal);
      await using file = await openModelFile(model, signal);
      const tokenizer = await runSliced(createTokenizer(file.gguf.metadata), { signal });
      const { special = false, addBos = false } = flags;
      const options = { special, addBos: addBos && tokenizer.addBos };
      const ids = await runSliced(tokenizer.encodeSliced(text, options), { signal });
      await terminal.write(flags.json ? tokensJson(tokenizer, ids) : tokensText(tokenizer, ids));
    });
}

function tokensJson(tokenizer: Tokenizer, ids: Int32Array): string {
  const texts = Array.from(ids, (id) => tokenizer.decode([id], { special: true }));
  return `${JSON.stringify({ tokens: [...ids], texts })}\n`;
}

function tokensText(tokenizer: Tokenizer, ids: Int32Array): string {
  const width = String(tokenizer.vocabularySize - 1).length;
  return Array.from(ids, (id) => `${String(id).padStart(width)}  ${shownToken(tokenizer, id)}\n`).join("");
}

/** A token in quotes, or its bytes when they are only a part of a character. */
function shownToken(tokenizer: Tokenizer, id: number): string {
  const bytes = tokenizer.tokenBytes(id, { special: true });
  try {
    const value = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return printableValue({ type: "string", value });
  } catch {
    return Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(" ");
  }
}
