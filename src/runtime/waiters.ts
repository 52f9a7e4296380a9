/**
 * Worker threads that block in a native call, for the runtimes whose foreign function interface cannot call without
 * blocking. How a worker is made and what it loads is left to the runtime's file.
 */

import { LibraryError } from "../errors.ts";

/** A worker that calls the waiting function for each message and answers with its result. */
export interface Waiter {
  /** Asks it to call the function. */
  post(handle: number, milliseconds: number): void;
  /** Says where answers and failures go; called once. */
  listen(onStatus: (status: number) => void, onFailure: (error: Error) => void): void;
  /** Lets the worker keep the process alive. */
  ref(): void;
  /** Lets the process end in spite of the worker. */
  unref(): void;
}

/**
 * How many workers there are at most. Each is a thread of some megabytes that sleeps in one native call; steps of more
 * models than this at the same time share two to 64 cores anyway, and wait for their turn here.
 */
const WAITERS_MAX = 8;

/**
 * How often a pool without workers looks, a millisecond apart each time, whether what is waited for is over, before it
 * starts one. A process that loads a small model and asks it once waits for a millisecond or two, if at all: when the
 * system takes a core away from one of the threads that compute.
 */
const LOOKS = 8;

/** How a pool without workers sees whether what is waited for is over. */
export interface Look {
  /** Calls the waiting function in this thread, to return at once. */
  readonly call: (handle: number) => number;
  /** What the function returns when it is not over. */
  readonly pending: number;
}

interface Request {
  readonly handle: number;
  readonly milliseconds: number;
  readonly resolve: (status: number) => void;
  readonly reject: (error: Error) => void;
}

/**
 * As many workers as there have ever been calls at the same time, up to {@linkcode WAITERS_MAX}. Idle ones do not keep
 * the process alive. They live as long as the process: ending a thread inside of a native call is not possible, and
 * starting one costs 4 ms (Bun) to 25 ms (Node).
 *
 * Measured on a busy machine with two cores, from the end of the native work to the awaiting function, median: 125 us
 * in Bun and 145 us in Node. `Atomics.waitAsync` would save 30 of them but needs a worker that never returns to its
 * event loop. Deno's non-blocking call takes 85.
 */
export class WaiterPool {
  readonly #start: () => Waiter;
  readonly #idle: { readonly call: (request: Request) => void }[] = [];
  readonly #queue: Request[] = [];
  readonly #look: Look | undefined;
  #started = 0;
  #looks = 0;

  /** `start` makes a worker. Without a `look` the first call starts one. */
  constructor(start: () => Waiter, look?: Look) {
    this.#start = start;
    this.#look = look;
  }

  /** Calls the function in one of the workers; with 0 milliseconds so that there is one for the next call. */
  async wait(handle: number, milliseconds: number): Promise<number> {
    while (this.#look !== undefined && this.#started === 0 && milliseconds > 0 && this.#looks < LOOKS) {
      this.#looks++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      const status = this.#look.call(handle);
      if (status !== this.#look.pending) return status;
    }
    return await this.#call(handle, milliseconds);
  }

  #call(handle: number, milliseconds: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const request = { handle, milliseconds, resolve, reject };
      const idle = this.#idle.pop();
      if (idle !== undefined) idle.call(request);
      else if (this.#started < WAITERS_MAX) this.#startOne(request);
      else this.#queue.push(request);
    });
  }

  #startOne(first: Request): void {
    const waiter = this.#start();
    this.#started++;
    let current = first;
    const call = (request: Request) => {
      current = request;
      waiter.ref();
      waiter.post(request.handle, request.milliseconds);
    };
    waiter.listen((status) => {
      const { resolve } = current;
      const next = this.#queue.shift();
      if (next !== undefined) {
        call(next);
      } else {
        waiter.unref();
        this.#idle.push({ call });
      }
      resolve(status);
    }, (cause) => {
      // The thread is gone. Whoever waits in the queue starts another one.
      this.#started--;
      const next = this.#queue.shift();
      if (next !== undefined) this.#startOne(next);
      current.reject(
        new LibraryError(`Expected a worker thread that waits but it failed: ${cause.message}`, { cause }),
      );
    });
    call(first);
  }
}
