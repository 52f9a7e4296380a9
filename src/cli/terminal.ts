/**
 * The process's own streams and the two ways a user ends a command early: Ctrl-C and a closed pipe. Answers go to
 * standard output, everything else to standard error. What a command does when it is ended is its own business: it
 * watches `signal`.
 */

import { once } from "node:events";
import process from "node:process";

/** What a command writes to and listens to. */
export interface Terminal {
  /** Aborted by Ctrl-C, and when nobody reads standard output any more. */
  readonly signal: AbortSignal;
  /** Why `signal` was aborted, if it was. */
  readonly ending: "interrupt" | "closed pipe" | undefined;
  /** Whether a person sees standard output. */
  readonly isInteractive: boolean;
  /** Writes to standard output, and waits while its reader is slower than we are. Quiet when there is no reader. */
  write(data: string | Uint8Array): Promise<void>;
  /** Writes to standard error. */
  note(text: string): void;
  /** What Ctrl-C does, for readers of the keyboard that see the key before the system does. */
  interrupt(): void;
  /** Stops listening. */
  [Symbol.dispose](): void;
}

/** The exit code of a process that Ctrl-C ended: 128 + SIGINT, as shells say it. */
export const EXIT_INTERRUPTED = 130;

/** Listens for Ctrl-C and for closed pipes until it is disposed of. The second Ctrl-C ends the process at once. */
export function openTerminal(): Terminal {
  const { stdout, stderr } = process;
  const controller = new AbortController();
  let ending: Terminal["ending"];
  function end(reason: "interrupt" | "closed pipe"): void {
    ending ??= reason;
    controller.abort(new Error(`ended by ${reason}`));
  }
  function onInterrupt(): void {
    if (ending === "interrupt") process.exit(EXIT_INTERRUPTED);
    end("interrupt");
  }
  function onOutputError(error: NodeJS.ErrnoException): void {
    if (error.code !== "EPIPE") throw error;
    end("closed pipe");
  }
  function onNoteError(): void {
    // Without a reader of standard error there is nobody left to tell.
  }
  process.on("SIGINT", onInterrupt);
  stdout.on("error", onOutputError);
  stderr.on("error", onNoteError);
  return {
    signal: controller.signal,
    get ending() {
      return ending;
    },
    isInteractive: stdout.isTTY === true,
    async write(data) {
      if (ending === "closed pipe" || data.length === 0 || stdout.write(data)) return;
      // An error while waiting is the business of onOutputError, which the same event calls.
      await once(stdout, "drain").catch(() => {});
    },
    note(text) {
      stderr.write(text);
    },
    interrupt: onInterrupt,
    [Symbol.dispose]() {
      process.off("SIGINT", onInterrupt);
      // The listeners for errors stay: a pipe may break while the last bytes are on their way.
    },
  };
}
