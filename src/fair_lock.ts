/** Mutual exclusion between asynchronous functions of one thread, first come, first served. */

interface Waiting {
  readonly enter: () => void;
}

/** A lock that those who wait for it get in the order in which they asked. */
export class FairLock {
  #held = false;
  readonly #queue: Waiting[] = [];

  /**
   * Runs `work` while nobody else holds the lock.
   *
   * @returns What `work` returns.
   * @throws What `work` throws, or the signal's reason when it is aborted before the lock is free.
   */
  async hold<Result>(work: () => Promise<Result>, options: { signal?: AbortSignal | undefined } = {}): Promise<Result> {
    if (this.#held) await this.#wait(options.signal);
    this.#held = true;
    try {
      return await work();
    } finally {
      // Passed on without ever being free, so that nobody overtakes the queue.
      const next = this.#queue.shift();
      if (next !== undefined) next.enter();
      else this.#held = false;
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        enter: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#queue.push(waiting);
    });
  }
}
