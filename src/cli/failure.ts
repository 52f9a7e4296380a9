/**
 * From whatever was thrown to an exit code and one readable line. What the line says about files and formats was
 * decided where the error was made; here only the operating system's own errors get words.
 */

import { CommanderError } from "commander";
import { escapeControls } from "./escape.ts";

/** Nothing went wrong. */
export const EXIT_OK = 0;
/** The request was understood but failed. */
export const EXIT_FAILURE = 1;
/** The command line makes no sense. */
export const EXIT_USAGE = 2;

/** How a failed command ends. */
export interface Failure {
  /** The exit code of the process. */
  readonly exitCode: number;
  /** What to print, without a line end; empty when everything has been said. */
  readonly message: string;
}

/** Options of {@linkcode describeFailure}. */
export interface DescribeFailureOptions {
  /** Whether to print stacks. Default: whether the environment variable ARPEGGIO_DEBUG is set. */
  debug: boolean;
}

/** What the user gets to know about something that was thrown. */
export function describeFailure(error: unknown, options: DescribeFailureOptions): Failure {
  // Commander has printed its message already, and 0 is for --help and --version.
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? EXIT_OK : EXIT_USAGE, message: "" };
  }
  const exitCode = error instanceof RangeError ? EXIT_USAGE : EXIT_FAILURE;
  if (!(error instanceof Error)) return { exitCode, message: `arpeggio: ${String(error)}` };
  if (options.debug) return { exitCode, message: `arpeggio: ${stackOf(error)}` };
  return { exitCode, message: `arpeggio: ${escapeControls(oneLine(messageOf(error)))}` };
}

const systemErrors: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "it is a directory",
  EACCES: "access is not allowed",
  EPERM: "it is not permitted",
  ENOSPC: "the disk is full",
  EROFS: "the disk is read-only",
  EMFILE: "too many files are open",
};

function messageOf(error: Error): string {
  const { code, path } = error as NodeJS.ErrnoException;
  const words = code === undefined ? undefined : systemErrors[code];
  return words === undefined || path === undefined ? error.message || error.name : `${path}: ${words}`;
}

/** The stack with the causes below it. V8 begins a stack with the message, JavaScriptCore does not. */
function stackOf(error: Error): string {
  const head = `${error.name}: ${error.message}`;
  const stack = error.stack ?? "";
  const own = stack.includes(error.message) ? stack : `${head}\n${stack}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " ");
}
