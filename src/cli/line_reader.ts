/**
 * Lines from the keyboard or from a pipe, with what a terminal offers: editing, history, Ctrl-C. What the lines mean is
 * left to chat.ts.
 */

import process from "node:process";
import { createInterface } from "node:readline";

/** Reads lines. */
export interface LineReader {
  /**
   * The next line; `undefined` at the end of input. A prompt is only shown to people. Lines that are typed before they
   * are asked for wait.
   */
  next(prompt: string): Promise<string | undefined>;
  /** Ends reading: a `next` that waits gets `undefined`. */
  close(): void;
}

/** How many lines the arrow keys bring back. */
const HISTORY_SIZE = 1000;

/** Reads lines from standard input. `onInterrupt` is called for Ctrl-C, with what has been typed so far. */
export function openLineReader(onInterrupt: (typed: string) => void): LineReader {
  const { stdin, stdout, stderr } = process;
  const isInteractive = stdin.isTTY === true;
  // The prompt does not belong to the answers when those go to a file.
  const output = stdout.isTTY ? stdout : stderr;
  const lines = createInterface({
    input: stdin,
    ...(isInteractive ? { output } : {}),
    terminal: isInteractive && output.isTTY === true,
    historySize: HISTORY_SIZE,
  });
  let closed = false;
  lines.on("close", () => closed = true);
  lines.on("SIGINT", () => {
    const typed = lines.line;
    // Clears the line, as a shell does.
    lines.write(null, { ctrl: true, name: "e" });
    lines.write(null, { ctrl: true, name: "u" });
    onInterrupt(typed);
  });
  const iterator = lines[Symbol.asyncIterator]();
  return {
    async next(prompt) {
      if (isInteractive && !closed) {
        lines.setPrompt(prompt);
        lines.prompt();
      }
      const { value, done } = await iterator.next();
      return done ? undefined : value;
    },
    close: () => lines.close(),
  };
}
