/** One abort signal for the time of a task, that follows several signals which may live longer. */

/** A signal that follows others until it is disposed. */
export interface JoinedSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Joins signals: the result is aborted, with the same reason, when one of them is. Unlike `AbortSignal.any` it can be
 * let go of: a signal of a whole application would collect a follower per generation.
 */
export function joinSignals(...signals: (AbortSignal | undefined)[]): JoinedSignal {
  const controller = new AbortController();
  const sources = signals.filter((signal) => signal !== undefined);
  const follow = (event: Event) => controller.abort((event.target as AbortSignal).reason);
  const aborted = sources.find((signal) => signal.aborted);
  if (aborted !== undefined) controller.abort(aborted.reason);
  else for (const signal of sources) signal.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of sources) signal.removeEventListener("abort", follow);
    },
  };
}
