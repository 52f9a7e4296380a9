/** Where the prompt comes from: the command line, or standard input for `-p -`. */

import { Buffer } from "node:buffer";
import process from "node:process";
import type { Command } from "commander";

/** Adds `-p TEXT`, which {@linkcode promptText} reads. */
export function addPromptOption(command: Command, options: { required: boolean }): Command {
  const flags = "-p, --prompt <text>";
  const description = "the prompt; - reads it from standard input, without the line end after the last line";
  return options.required ? command.requiredOption(flags, description) : command.option(flags, description);
}

/**
 * The text of the prompt option.
 *
 * @throws {TypeError} When standard input is not UTF-8.
 * @throws The signal's reason when it is aborted while standard input is still open.
 */
export async function promptText(option: string, signal: AbortSignal): Promise<string> {
  if (option !== "-") return option;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    return decodeInput(await Promise.race([readAll(process.stdin), aborted.promise])).replace(/\r?\n$/, "");
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function readAll(input: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function decodeInput(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TypeError("Expected standard input to be UTF-8 text", { cause });
  }
}
