/**
 * The program `arpeggio`: one file per command in this folder, and here how they become one program and how it ends.
 * Its entry point, also of executables, is main.ts.
 */

import process from "node:process";
import { Command } from "commander";
import { VERSION } from "../version.ts";
import { benchCommand } from "./bench.ts";
import { chatCommand } from "./chat.ts";
import { compileCommand } from "./compile.ts";
import { describeDiagnostics } from "./diagnostics.ts";
import { describeFailure, EXIT_OK } from "./failure.ts";
import { inspectCommand } from "./inspect.ts";
import { logitsCommand } from "./logits.ts";
import { findExecutableModel } from "./model_file.ts";
import { runCommand } from "./run.ts";
import { EXIT_INTERRUPTED, openTerminal, type Terminal } from "./terminal.ts";
import { tokenizeCommand } from "./tokenize.ts";

/** Every command, in the order of the help text. To add one: its file in this folder, and a line here. */
const commands: readonly ((terminal: Terminal) => Command)[] = [
  runCommand,
  chatCommand,
  inspectCommand,
  tokenizeCommand,
  logitsCommand,
  benchCommand,
  compileCommand,
];

const HELP_END = `
MODEL is a GGUF file, or an executable of arpeggio compile; without one, or with the word "default", the model that
comes with arpeggio answers. An executable that has a model chats with it when no command is named.

Exit codes: 0 success, 1 failure, 2 wrong usage, 130 ended by Ctrl-C.
ARPEGGIO_DEBUG=1 adds stacks to error messages.`;

/**
 * Runs the program.
 *
 * @param args The arguments behind the program's name.
 * @returns The exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  using terminal = openTerminal();
  try {
    const all = await findExecutableModel() ? withChat(args) : args;
    const verbose = all.includes("--verbose") && all[0].startsWith("-");
    await createProgram(terminal, { verbose }).parseAsync(all, { from: "user" });
  } catch (error) {
    if (terminal.ending === undefined) {
      const failure = describeFailure(error, { debug: Boolean(process.env["ARPEGGIO_DEBUG"]) });
      if (failure.message !== "") terminal.note(`${failure.message}\n`);
      return failure.exitCode;
    }
    // What stops a command that was ended early is the end, not an error. The terminal has written ^C.
    if (terminal.ending === "interrupt") terminal.note("\n");
  }
  return terminal.ending === "interrupt" ? EXIT_INTERRUPTED : EXIT_OK;
}

/** Options of the program and not of its commands. */
const OWN_OPTIONS = /^(?:-h|--help|-V|--version|--verbose)$/;

/** An executable that has a model chats with it, unless another command is named. */
function withChat(args: readonly string[]): readonly string[] {
  const [first] = args;
  const isOption = first === undefined || (first.startsWith("-") && !OWN_OPTIONS.test(first));
  return isOption ? ["chat", ...args] : args;
}

/** The program with all its commands; `verbose` says whether its version is told with details. */
export function createProgram(terminal: Terminal, { verbose }: { verbose: boolean }): Command {
  const version = `arpeggio ${VERSION}`;
  const program = new Command("arpeggio")
    .description("Runs language models (GGUF files) on the CPU.")
    .version(verbose ? describeDiagnostics() : version, "-V, --version", "print the version")
    .option("--verbose", "with --version: print what belongs into a bug report")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .addHelpText("after", HELP_END);
  for (const command of commands) program.addCommand(command(terminal));
  // Commands of addCommand inherit none of these.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().showHelpAfterError(`(arpeggio ${commandPath(command)}--help says more)`);
    command.helpOption("-h, --help", "print this help");
  }
  return program;
}

function commandPath(command: Command): string {
  return command.parent === null ? "" : `${command.name()} `;
}

/** Runs the program with the arguments of this process, and makes its result that of the process. */
export async function runProgram(): Promise<void> {
  process.exitCode = await main(process.argv.slice(2));
  // Whatever still waits, such as a read of standard input, has lost its purpose; what was written has arrived.
  if (process.exitCode === EXIT_INTERRUPTED) process.exit();
}
