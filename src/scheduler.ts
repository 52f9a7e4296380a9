/**
 * The scheduler: whoever wants tokens of a sequence computed asks here, and steps are made of what there is to do.
 * Sequences join and leave between two steps. First come, first served, as far as a step has places; those in a step
 * share its tokens evenly (step_shares.ts). Who gets memory when there is not enough is decided in job_memory.ts.
 */

import type { KvCache } from "./cache/kv_cache.ts";
import { QueueFullError } from "./errors.ts";
import { nextTurn } from "./event_loop.ts";
import type { ForwardPass } from "./forward.ts";
import { Job, type JobOptions, type Lane } from "./job.ts";
import { JobMemory } from "./job_memory.ts";
import { type BegunStep, type JobPart, JobSteps } from "./job_steps.ts";
import { shareTokens } from "./step_shares.ts";

/** What a {@linkcode Scheduler} schedules. */
export interface SchedulerOptions {
  readonly forward: ForwardPass;
  readonly cache: KvCache;
  /** How many generations may wait while as many as a step has places are being computed. */
  readonly queueMax: number;
}

/** How long this thread may be busy between two chances for the event loop, in milliseconds. */
const BUSY_MS = 2;

/**
 * How long after its last token a generation is expected to want the next one: those who write pieces somewhere need a
 * few milliseconds. Meanwhile no step takes a long part of a prompt, for which it would have to wait.
 */
const RETURN_MS = 100;

/** Makes steps of jobs. */
export class Scheduler {
  readonly #forward: ForwardPass;
  readonly #steps: JobSteps;
  readonly #memory: JobMemory;
  readonly #queueMax: number;
  /** Those that are not done, in the order in which their generations came. */
  readonly #jobs: Job[] = [];
  readonly #logits: Float32Array; // (vocabulary)
  readonly #lanes = new Set<Lane>();
  #arrivals = 0;
  #isRunning = false;
  #run = Promise.resolve();

  constructor({ forward, cache, queueMax }: SchedulerOptions) {
    this.#forward = forward;
    this.#steps = new JobSteps(forward, (job, error) => this.#end(job, { error }));
    this.#memory = new JobMemory(cache, forward);
    this.#queueMax = queueMax;
    this.#logits = new Float32Array(forward.vocabularySize);
  }

  /** Numbers per row of logits. */
  get vocabularySize(): number {
    return this.#forward.vocabularySize;
  }

  /** A new generation, until it is disposed. */
  arrive(): Lane {
    const leave = () => this.#lanes.delete(lane);
    const lane: Lane = {
      arrival: this.#arrivals++,
      servedAtMs: -Infinity,
      isWaiting: false,
      [Symbol.dispose]: () => void leave(),
    };
    this.#lanes.add(lane);
    return lane;
  }

  /**
   * Computes the tokens of a sequence that have not been computed.
   *
   * @returns `undefined` when they have been computed: what is short is, at once, when nobody else wants anything and
   * the event loop has had its turn. Else a promise of that.
   * @throws {QueueFullError} When too many generations wait already.
   * @throws {ArpeggioError} When the cache has not enough room; the message has the numbers.
   * @throws What `options.take` throws.
   * @throws The signal's reason: at once, though the memory is free only when the step that uses it has stopped.
   */
  compute(options: JobOptions): Promise<void> | undefined {
    if (!this.#isAlone(options)) return this.#computeShared(options);
    const turn = this.#forward.turnBefore(1);
    if (turn === undefined) return this.#computeAlone(options);
    return turn.then(() => this.#isAlone(options) ? this.#computeAlone(options) : this.#computeShared(options));
  }

  #computeShared(options: JobOptions): Promise<void> | undefined {
    const { sequence, lane, signal, begins = false } = options;
    signal?.throwIfAborted();
    this.#memory.expectPossible(sequence);
    const places = this.#forward.sequencesMax + this.#queueMax;
    if (begins && this.#jobs.length >= places) throw new QueueFullError(this.#queueMax);
    if (sequence.length === sequence.tokens.length) sequence.rewind(sequence.length - 1);
    const job = new Job(options);
    let place = this.#jobs.length;
    while (place > 0 && this.#jobs[place - 1].lane.arrival > lane.arrival) place--;
    this.#jobs.splice(place, 0, job);
    lane.isWaiting = true;
    if (!this.#isRunning) this.#run = this.#runJobs();
    if (!job.isSettled) return this.#settled(job);
    job.expectSuccess();
    return undefined;
  }

  /**
   * Whether nothing has to be decided: it is the next token of the only generation, and there is memory for it. Nearly
   * all steps are such, and begin without any of what follows here.
   */
  #isAlone({ sequence, begins = false }: JobOptions): boolean {
    const { length, tokens } = sequence;
    return !this.#isRunning && this.#lanes.size === 1 && !begins && length > 0 && tokens.length === length + 1 &&
      sequence.reserve(length + 1);
  }

  #computeAlone(options: JobOptions): Promise<void> | undefined {
    const { sequence, lane, take, signal } = options;
    signal?.throwIfAborted();
    const part = { sequence, count: 1, outputs: 1 };
    const step = this.#forward.execute([part], this.#steps.signal);
    if (step !== undefined) return this.#adopt(step, { ...part, job: new Job(options) });
    sequence.commit(sequence.length + 1);
    this.#forward.readLogits(0, this.#logits);
    take(this.#logits);
    lane.servedAtMs = performance.now();
    return undefined;
  }

  /** Goes on with a step that was not over at once: others may join the next one. */
  #adopt(step: Promise<void>, part: JobPart): Promise<void> {
    const { job } = part;
    job.isAdmitted = true;
    job.lane.isWaiting = true;
    this.#jobs.push(job);
    this.#run = this.#runJobs(this.#steps.adopt(step, [part]));
    return this.#settled(job);
  }

  async #settled(job: Job): Promise<void> {
    const { signal } = job.options;
    const leave = () => this.#abandon(job, signal?.reason);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      await job.done;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** Resolves when nothing is being computed any more. */
  async idle(): Promise<void> {
    await this.#run;
  }

  /** Makes steps while there are jobs. Awaits only what takes its time: a short step is over when this returns. */
  async #runJobs(begun?: BegunStep): Promise<void> {
    this.#isRunning = true;
    try {
      // Code that a process runs for the first time takes milliseconds: a generation begins with a turn of its own.
      if (this.#jobs[0].options.begins || this.#expectsLanes()) await nextTurn();
      for (let next = begun; this.#jobs.length > 0 || next !== undefined; next = undefined) {
        while (!this.#admitJobs()) await nextTurn();
        const { parts, isComputed } = next ?? this.#steps.start(this.#compose());
        const hasLogits = typeof isComputed === "boolean" ? isComputed : await isComputed;
        if (hasLogits) { for (const _ of this.#deliver(parts)) await nextTurn(); }
        // Those who were served shall be able to ask for the next token before the next step.
        if (this.#jobs.length > 0 || parts.length > 1) await nextTurn();
      }
    } catch (error) {
      for (const job of [...this.#jobs]) this.#end(job, { error });
    } finally {
      this.#isRunning = false;
    }
  }

  /** Whether somebody who has no job is about to have one. */
  #expectsLanes(): boolean {
    for (const { isWaiting, servedAtMs } of this.#lanes) {
      if (!isWaiting && servedAtMs > performance.now() - RETURN_MS) return true;
    }
    return false;
  }

  /**
   * Begins the jobs that have a place in the next step, as far as there is memory. Returns whether that is all: if not,
   * the event loop comes first.
   */
  #admitJobs(): boolean {
    const begin = performance.now();
    const places = Math.min(this.#jobs.length, this.#forward.sequencesMax);
    for (const job of this.#jobs.slice(0, places)) {
      if (job.isAdmitted || job.isSettled) continue;
      if (!this.#admit(job, { force: false })) return true;
      if (performance.now() - begin > BUSY_MS) return false;
    }
    return true;
  }

  /** Whether the job, or at least the next, can begin. */
  #admit(job: Job, { force }: { force: boolean }): boolean {
    try {
      return this.#memory.admit(job, { jobs: this.#jobs, force });
    } catch (error) {
      this.#end(job, { error });
      return true;
    }
  }

  /** Which tokens of which jobs are computed next. */
  #compose(): JobPart[] {
    let ready = this.#readyJobs();
    if (ready.length === 0 && this.#jobs.length > 0) {
      // The first job can always begin: nothing else is being computed.
      this.#admit(this.#jobs[0], { force: true });
      ready = this.#readyJobs();
    }
    const shares = shareTokens(ready.map(({ tokensLeft }) => tokensLeft), this.#forward.tokensMax, {
      expectsAnswers: this.#expectsLanes(),
    });
    const parts: JobPart[] = [];
    let rows = this.#forward.outputsMax;
    for (let i = 0; i < ready.length; i++) {
      const job = ready[i];
      if (!job.isAdmitted) continue; // An earlier one took its memory.
      const { sequence, options: { allLogits = false } } = job;
      const most = allLogits ? Math.min(shares[i], rows - (ready.length - 1 - i)) : shares[i];
      const count = this.#provide(job, most);
      if (count === 0) continue;
      const outputs = allLogits ? count : count === job.tokensLeft ? 1 : 0;
      rows -= outputs;
      parts.push({ job, sequence, count, outputs });
    }
    if (parts.length === 0 && ready.length > 0) this.#end(ready[0], { error: this.#memory.shortage(ready[0]) });
    return parts;
  }

  /** Those with a place in the next step that have begun. */
  #readyJobs(): Job[] {
    const ready: Job[] = [];
    const places = Math.min(this.#jobs.length, this.#forward.sequencesMax);
    for (let i = 0; i < places; i++) if (this.#jobs[i].isAdmitted) ready.push(this.#jobs[i]);
    return ready;
  }

  #provide(job: Job, count: number): number {
    try {
      return this.#memory.provide(job, { count, jobs: this.#jobs });
    } catch (error) {
      this.#end(job, { error });
      return 0;
    }
  }

  /**
   * Hands out logits, of a step that has been computed. What is done with them, sampling, takes time of this thread:
   * yields when the event loop should have a turn.
   */
  *#deliver(parts: readonly JobPart[]): Generator<void, void> {
    let [row, begin] = [0, performance.now()];
    for (const { job, outputs } of parts) {
      for (let i = 0; i < outputs; i++, row++) {
        if (job.isSettled) continue;
        try {
          this.#forward.readLogits(row, this.#logits);
          job.options.take(this.#logits);
        } catch (error) {
          this.#end(job, { error });
        }
        if (performance.now() - begin < BUSY_MS) continue;
        yield;
        begin = performance.now();
      }
      if (!job.isSettled && job.tokensLeft === 0) this.#end(job);
    }
  }

  #end(job: Job, failure?: { error: unknown }): void {
    const index = this.#jobs.indexOf(job);
    if (index >= 0) this.#jobs.splice(index, 1);
    if (job.isSettled) return;
    [job.lane.isWaiting, job.lane.servedAtMs] = [false, performance.now()];
    if (failure === undefined) job.finish();
    else job.fail(failure.error);
  }

  #abandon(job: Job, reason: unknown): void {
    if (job.isSettled) return;
    this.#end(job, { error: reason });
    this.#steps.abandon(job);
  }
}
