/**
 * A line that says how far a slow load is. Only for people, and only when there is something to wait for: a small model
 * is there before anybody could read it.
 */

import process from "node:process";

/** How long nothing is shown. */
const DELAY_MS = 500;
/** How often the line changes. */
const INTERVAL_MS = 100;

/** A progress line. */
export interface Progress {
  /** Takes the share that is done, 0 to 1. */
  update(share: number): void;
  /** Removes the line from the screen. */
  [Symbol.dispose](): void;
}

/**
 * Shows `label` and a percentage on standard error, where that is a terminal.
 *
 * @param label What is being done, such as `"Loading model.gguf"`.
 */
export function showProgress(label: string): Progress {
  const { stderr } = process;
  if (stderr.isTTY !== true) return { update() {}, [Symbol.dispose]() {} };
  const begin = performance.now();
  let shownAt = -Infinity;
  return {
    update(share) {
      const now = performance.now();
      if (now - begin < DELAY_MS || now - shownAt < INTERVAL_MS) return;
      shownAt = now;
      const text = `${label} ${Math.floor(share * 100)} %`;
      // Cut to the width of the terminal (0 where it does not know): a line that wraps cannot be taken back.
      stderr.write(`\r${text.slice(-Math.max(1, (stderr.columns || 80) - 1))}`);
    },
    [Symbol.dispose]() {
      if (shownAt > -Infinity) stderr.write("\r\x1b[K");
    },
  };
}
