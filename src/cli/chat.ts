/** `arpeggio chat`: a conversation at the keyboard. What its commands do is in chat_commands.ts. */

import { Command } from "commander";
import type { Generation } from "../generation.ts";
import type { Model } from "../model.ts";
import { addOverflowOptions, type OverflowFlags, overflowOptions } from "./cache_options.ts";
import { type Conversation, runChatCommand } from "./chat_commands.ts";
import { describeFailure } from "./failure.ts";
import { type LineReader, openLineReader } from "./line_reader.ts";
import {
  addLoadOptions,
  chatTemplateOption,
  expectChatTemplate,
  type LoadFlags,
  loadModelFor,
} from "./load_options.ts";
import { modelArgument, modelName } from "./model_file.ts";
import { integerIn } from "./numbers.ts";
import { addSamplingOptions, samplingOptions } from "./sampling_options.ts";
import { statsLine } from "./stats.ts";
import type { Terminal } from "./terminal.ts";

interface ChatFlags extends LoadFlags, OverflowFlags {
  tokens?: number;
  system?: string;
  stats?: true;
}

/** The command `chat`. */
export function chatCommand(terminal: Terminal): Command {
  const command = new Command("chat")
    .description("Have a conversation; /help lists its commands")
    .addArgument(modelArgument())
    .option("-n, --tokens <n>", "most tokens of an answer (default: to its end)", integerIn({ min: 1, max: 2 ** 24 }))
    .option("--system <text>", "system message before the conversation")
    .addOption(chatTemplateOption())
    .option("--stats", "print one line about the speed after each answer");
  addOverflowOptions(command);
  addSamplingOptions(command);
  return addLoadOptions(command).action(async (name: string, flags: ChatFlags) => {
    await using model = await loadModelFor(name, { flags, signal: terminal.signal });
    expectChatTemplate(model, flags);
    await new Chat(terminal, { model, name, flags }).talk();
  });
}

/** A conversation in progress. */
class Chat {
  readonly #terminal: Terminal;
  readonly #model: Model;
  readonly #flags: ChatFlags;
  readonly #name: string;
  readonly #conversation: Conversation;
  readonly #reader: LineReader;
  #answering: Generation | undefined;

  constructor(terminal: Terminal, { model, name, flags }: { model: Model; name: string; flags: ChatFlags }) {
    this.#terminal = terminal;
    this.#model = model;
    this.#flags = flags;
    this.#name = name;
    this.#conversation = { system: flags.system, turns: [], showsStats: flags.stats === true };
    this.#reader = openLineReader((typed) => this.#interrupt(typed));
  }

  /** Takes turns until the input ends. */
  async talk(): Promise<void> {
    const { signal } = this.#terminal;
    const stop = () => {
      this.#answering?.[Symbol.dispose]();
      this.#reader.close();
    };
    signal.addEventListener("abort", stop);
    if (this.#terminal.isInteractive) {
      const { contextLength } = this.#model.info;
      this.#terminal.note(
        `${modelName(this.#name)}, a context of ${contextLength} tokens. /help lists the commands.\n`,
      );
    }
    try {
      for (let text = await this.#read(); text !== undefined && !signal.aborted; text = await this.#read()) {
        const outcome = runChatCommand(text, this.#conversation);
        if (outcome === "exit") return;
        if (outcome !== undefined) this.#terminal.note(outcome);
        else if (text.trim() !== "") await this.#answer(text);
      }
      // After Ctrl-D the cursor is still behind the prompt.
      if (this.#terminal.isInteractive) await this.#terminal.write("\n");
    } finally {
      signal.removeEventListener("abort", stop);
      this.#reader.close();
    }
  }

  /** A message of one or more lines: a backslash at the end of a line continues it. */
  async #read(): Promise<string | undefined> {
    let text = "";
    for (let prompt = "> ";; prompt = ". ") {
      const line = await this.#reader.next(prompt);
      if (line === undefined) return text === "" ? undefined : text;
      if (!line.endsWith("\\")) return text + line;
      text += `${line.slice(0, -1)}\n`;
    }
  }

  async #answer(text: string): Promise<void> {
    const { turns, system } = this.#conversation;
    const messages = [
      ...(system === undefined ? [] : [{ role: "system", content: system } as const]),
      ...turns.flat(),
      { role: "user", content: text } as const,
    ];
    const generation = this.#model.generate(messages, {
      ...samplingOptions({ ...this.#flags }),
      ...overflowOptions(this.#flags),
      maxTokens: this.#flags.tokens,
    });
    this.#answering = generation;
    try {
      for await (const piece of generation) await this.#terminal.write(piece);
      const result = await generation;
      await this.#terminal.write("\n");
      if (result.text !== "") turns.push([messages.at(-1)!, { role: "assistant", content: result.text }]);
      if (result.stopReason === "contextFull") {
        this.#terminal.note("The context is full. /reset starts again; --context-overflow shift goes on.\n");
      }
      if (this.#conversation.showsStats) this.#terminal.note(`${statsLine(this.#model, result)}\n`);
    } catch (error) {
      // The conversation goes on without this turn.
      this.#terminal.note(`${describeFailure(error, { debug: false }).message}\n`);
    } finally {
      this.#answering = undefined;
    }
  }

  /** Ctrl-C ends the answer, else what has been typed, else the conversation. */
  #interrupt(typed: string): void {
    if (this.#answering !== undefined) this.#answering[Symbol.dispose]();
    else if (typed === "") this.#terminal.interrupt();
  }
}
