/**
 * The share of the event loop that computing in this thread may take. What computes in slices by itself is in
 * time_slice.ts; this is for loops of many short steps, such as the tokens of a small model.
 */

import { runSliced } from "./time_slice.ts";

/**
 * How long this thread may compute before timers and I/O get their turn. A timer may be late by 5 ms; a step that takes
 * longer than predicted (1.25 ms at most: src/native/plan.ts) and a garbage collection (2 to 3) have to fit too. A turn
 * costs some microseconds.
 */
const SHARE_MS = 1;

/** When the event loop last had its turn, as far as it is known here: for all models of this thread together. */
let turnBegan = -Infinity;

/**
 * To be called before computing for about `milliseconds`.
 *
 * @returns A turn of the event loop to wait for, when computing now would make timers late; `undefined` while there is
 * time.
 */
export function shareEventLoop(milliseconds: number): Promise<void> | undefined {
  return performance.now() + milliseconds > turnBegan + SHARE_MS ? nextTurn() : undefined;
}

/**
 * Waits for a turn of the event loop, in the queue of slices: all that computes in this thread shares the same turns.
 */
export async function nextTurn(): Promise<void> {
  await runSliced(noWork());
  turnBegan = performance.now();
}

function* noWork(): Generator<void, void> {}
