/**
 * Long computations in slices, so that timers and I/O of the same thread stay on time. A computation is a generator
 * that yields often (about every 1000 elements, well under a millisecond apart); how long a slice lasts and how the
 * event loop gets its turn is decided here and nowhere else.
 */

/**
 * How long one slice may last. A 1 ms timer may be late by at most 5 ms: 1 ms leaves room for the step that overruns
 * the slice (up to 3 ms in code that the engine sees for the first time), for a garbage collection, and for whatever
 * else the loop has to do between two slices. A turn costs some microseconds.
 */
const SLICE_MS = 1;

/** The end of the queue of slices: every {@linkcode runSliced} of this thread waits for the one before it. */
let lastTurn: Promise<void> = Promise.resolve();

/** Options of {@linkcode runSliced}. */
export interface RunSlicedOptions {
  /** Stops the work between two slices; the promise then rejects with the signal's reason. Default: never. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs a generator to its end in slices of about 1 ms, with a turn of the event loop before each of them.
 * Several at once take turns, one slice per turn of the loop, so that together they delay a timer no longer than one
 * alone.
 *
 * @param work The computation; its `finally` blocks run when the signal stops it.
 * @returns What the generator returns.
 * @throws What the generator throws, or the signal's reason.
 */
export async function runSliced<Result>(
  work: Generator<void, Result>,
  options: RunSlicedOptions = {},
): Promise<Result> {
  const { signal } = options;
  // From where this is called the first macrotask may come before the timers that are due, the second does not.
  lastTurn = lastTurn.then(nextMacrotask);
  for (;;) {
    if (signal?.aborted) stop(work, signal.reason);
    lastTurn = lastTurn.then(nextMacrotask);
    await lastTurn;
    if (signal?.aborted) stop(work, signal.reason);
    const deadline = performance.now() + SLICE_MS;
    do {
      const step = work.next();
      if (step.done) return step.value;
    } while (performance.now() < deadline);
  }
}

/**
 * Runs a generator to its end at once, for callers that are synchronous.
 *
 * @returns What the generator returns.
 * @throws What the generator throws.
 */
export function runWhole<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Lets the generator clean up, then throws `reason`. */
function stop(work: Generator<void, unknown>, reason: unknown): never {
  work.return(undefined);
  throw reason;
}

/**
 * One turn of the event loop. Measured with slices of 2 ms and a 1 ms interval: `setImmediate` costs 2 to 6 us and the
 * interval stays on time under Deno, Bun and Node, and nothing stays behind that keeps the process alive. A
 * `MessageChannel` costs the same but starves timers completely in all three; `setTimeout(0)` costs 1 to 2 ms, and is
 * what remains where `setImmediate` does not exist (browsers).
 */
function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof globalThis.setImmediate === "function") globalThis.setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
