/** Runs the command line as users do: in a process of its own, under the runtime that runs the test. */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { cliCommand } from "../../tools/runtimes.mjs";

/** The embedded model. */
export const MODEL = fileURLToPath(new URL("../../models/arpeggio-mini-q4_k_m.gguf", import.meta.url));

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  /** The signal that killed it. */
  readonly signal: string | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Options of {@linkcode startCli}. */
export interface CliOptions {
  /** What standard input has. Default: nothing; it is at its end. `"open"`: nothing yet. */
  input?: string | "open";
  /** Environment variables beside those of this process; `undefined` removes one. */
  env?: Record<string, string | undefined>;
  /** The working directory. Default: this one's. */
  cwd?: string;
  /** Another executable instead of the checkout's command line. */
  command?: readonly string[];
}

/** A process that is running. */
export interface RunningCli {
  readonly child: ChildProcess;
  /** What has been written to standard output so far. */
  stdoutText(): string;
  /** Does what Ctrl-C does. */
  interrupt(): void;
  /** The end of the process. */
  readonly ended: Promise<Ended>;
}

/** Starts `arpeggio ...args`. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const { input = "", env = {}, cwd, command = cliCommand(currentRuntime().name) } = options;
  const variables = { ...process.env, ARPEGGIO_DEBUG: undefined, ...env };
  const [path, ...leading] = command;
  const child = spawn(path, [...leading, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)),
    ...(cwd === undefined ? {} : { cwd }),
  });
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  child.stdout.on("data", (chunk: Uint8Array) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Uint8Array) => stderr.push(chunk));
  // The process may end without having read its input.
  child.stdin.on("error", () => {});
  if (input !== "open") child.stdin.end(input);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
    });
  });
  return {
    child,
    ended,
    stdoutText: () => Buffer.concat(stdout).toString(),
    // Not child.kill: under Deno 2.9 that claims that the signal ended the process, whatever its exit code.
    interrupt: () => void process.kill(child.pid!, "SIGINT"),
  };
}

/** Runs `arpeggio ...args` to its end. */
export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await startCli(args, options).ended;
  return { code, stdout: Buffer.from(stdout).toString(), stderr };
}
