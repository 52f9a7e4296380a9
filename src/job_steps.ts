/**
 * Steps of jobs on their way: computed at once or in the background, and stopped when most of one is for nobody any
 * more. Which jobs share a step, and what is done with its logits, is left to scheduler.ts.
 */

import type { ForwardPass, StepPart } from "./forward.ts";
import type { Job } from "./job.ts";

/** What a step computes for a job. */
export interface JobPart extends StepPart {
  readonly job: Job;
}

/** A step that has begun. */
export interface BegunStep {
  readonly parts: readonly JobPart[];
  /** Whether it has been computed, as soon as that is known. */
  readonly isComputed: boolean | Promise<boolean>;
}

/** Executes one step at a time. */
export class JobSteps {
  readonly #forward: ForwardPass;
  readonly #fail: (job: Job, error: unknown) => void;
  /** Stops the step that is being computed. */
  #stop = new AbortController();
  /** How many tokens it has, and how many of them nobody wants any more. */
  #tokens = { all: 0, abandoned: 0 };

  /** `fail` is told when a step could not be computed, for each of its jobs. */
  constructor(forward: ForwardPass, fail: (job: Job, error: unknown) => void) {
    this.#forward = forward;
    this.#fail = fail;
  }

  /** Stops the step that is being computed, or the next one. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Computes a step, at once or in the background. */
  start(parts: readonly JobPart[]): BegunStep {
    if (parts.length === 0) return { parts, isComputed: false };
    this.#occupy(parts);
    try {
      const step = this.#forward.step(parts, this.#stop.signal);
      return { parts, isComputed: step === undefined ? this.#end(parts) : this.#ended(step, parts) };
    } catch (error) {
      return { parts, isComputed: this.#end(parts, { error }) };
    }
  }

  /** Takes over a step that somebody else has started. */
  adopt(step: Promise<void>, parts: readonly JobPart[]): BegunStep {
    this.#occupy(parts);
    return { parts, isComputed: this.#ended(step, parts) };
  }

  /** Nobody wants what is computed for a job, which may be none of this step's. */
  abandon({ stepTokens }: Job): void {
    if (stepTokens === 0) return;
    this.#tokens.abandoned += stepTokens;
    // The others compute their part again: worth it when theirs is the smaller one, or when there are none.
    if (2 * this.#tokens.abandoned > this.#tokens.all) this.#stop.abort();
  }

  #occupy(parts: readonly JobPart[]): void {
    this.#tokens = { all: 0, abandoned: 0 };
    for (const { job, sequence, count } of parts) {
      this.#tokens.all += count;
      job.stepTokens = count;
      sequence.busy = true;
    }
  }

  #ended(step: Promise<void>, parts: readonly JobPart[]): Promise<boolean> {
    return step.then(() => this.#end(parts), (error) => this.#end(parts, { error }));
  }

  #end(parts: readonly JobPart[], failure?: { error: unknown }): boolean {
    const isStopped = this.#stop.signal.aborted;
    for (const { job, sequence, count } of parts) {
      if (failure === undefined) sequence.commit(sequence.length + count);
      // Of a step that was stopped for some of them, the others go on as if nothing had happened.
      else if (!isStopped) this.#fail(job, failure.error);
      job.stepTokens = 0;
      sequence.busy = false;
    }
    if (isStopped) this.#stop = new AbortController();
    return failure === undefined;
  }
}
