/** A wish of the scheduler: the tokens of a sequence that are to be computed, and who is told. */

import type { KvSequence } from "./cache/kv_sequence.ts";

/** A generation, or whatever else wants tokens computed again and again, from its beginning to its end. */
export interface Lane extends Disposable {
  /** Those with smaller numbers came earlier and go first. */
  readonly arrival: number;
  /** When it was last given what it asked for: it is likely to ask again soon. */
  servedAtMs: number;
  /** Whether something is being computed for it. */
  isWaiting: boolean;
}

/** What `Scheduler.compute` is asked for. */
export interface JobOptions {
  /** Its tokens that have not been computed are; at least the last one, for somebody wants to know what follows it. */
  readonly sequence: KvSequence;
  /** For whom (`Scheduler.arrive`). */
  readonly lane: Lane;
  /** Whether the generation begins with this, so that it may be refused when the queue is full. Default: false. */
  readonly begins?: boolean;
  /** Whether the logits of all tokens are wanted instead of those of the last. Then nothing is taken from the cache. */
  readonly allLogits?: boolean;
  /**
   * Gets rows of logits, in the order of their tokens, valid during the call. What it throws ends the job. (vocabulary)
   */
  readonly take: (logits: Float32Array) => void;
  /** Is told when computing begins, and how many tokens do not have to be computed. */
  readonly onStart?: (cachedTokens: number) => void;
  /** Ends the job at once. */
  readonly signal?: AbortSignal | undefined;
}

/** A wish on its way. */
export class Job {
  readonly options: JobOptions;
  readonly sequence: KvSequence;
  readonly lane: Lane;
  /** Whether it has, or could be given, the memory it needs: it is part of the next step. */
  isAdmitted = false;
  /** How many of its tokens the current step computes. */
  stepTokens = 0;
  readonly #end: number;
  #outcome: { readonly reason?: unknown; readonly failed: boolean } | undefined;
  /** Made when somebody waits: most jobs are a token of a small model, and done before anybody could. */
  #waiting: PromiseWithResolvers<void> | undefined;
  #hasStarted = false;

  constructor(options: JobOptions) {
    this.options = options;
    this.sequence = options.sequence;
    this.lane = options.lane;
    this.#end = options.sequence.tokens.length;
  }

  /** How many tokens are to be computed. */
  get tokensLeft(): number {
    return this.#end - this.sequence.length;
  }

  /** Whether it has been computed, or has failed. */
  get isSettled(): boolean {
    return this.#outcome !== undefined;
  }

  /** Fulfilled when all has been computed, rejected when something else happens. For one that is not settled. */
  get done(): Promise<void> {
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** @throws Why it has failed, if it has. */
  expectSuccess(): void {
    if (this.#outcome?.failed) throw this.#outcome.reason;
  }

  /** It has the memory it needs. */
  admit(): void {
    this.isAdmitted = true;
    if (!this.#hasStarted) this.options.onStart?.(this.sequence.length);
    this.#hasStarted = true;
  }

  finish(): void {
    this.#outcome = { failed: false };
    this.#waiting?.resolve();
  }

  fail(reason: unknown): void {
    this.#outcome = { failed: true, reason };
    this.#waiting?.reject(reason);
  }
}
