/**
 * A plan in the native library: executes one step at a time, in this thread when it takes no longer than a timer may
 * wait, else in the background. Who executes when is left to src/forward.ts; nothing here allows two steps at once.
 */

import { Status } from "./abi.ts";
import { type NativeLibrary, openLibrary } from "./library.ts";
import { handleOf, type NativeCache, NativeObject, type NativeWeights, orNull } from "./objects.ts";
import { StepTimes } from "./step_times.ts";
import { errorRecord, unwrap } from "./status.ts";

/** A plan as bytes, of src/plan/encode.ts. */
export interface EncodedInstructions {
  /** One struct arp_plan_shape. */
  readonly shape: Uint8Array;
  readonly instructions: Uint8Array;
  readonly buffers: Uint8Array;
}

/** What {@linkcode NativePlan.create} needs besides the bytes. */
export interface NativePlanOptions extends EncodedInstructions {
  readonly weights: NativeWeights;
  /** `undefined` for a plan without attention. */
  readonly cache: NativeCache | undefined;
  /** The name of each instruction, for errors: "matmul at #37 blk.2.ffn_up". */
  readonly names: readonly string[];
}

/** How long an instruction took. */
export interface InstructionTime {
  /** What it is: "matmul at #37 blk.2.ffn_up". */
  readonly instruction: string;
  /** Nanoseconds, summed over threads. */
  readonly nanoseconds: number;
}

/**
 * How long a step in this thread may take before it goes on in the background, in microseconds. It was predicted to
 * take less than 1000.
 */
const IN_PLACE_US = 1250;

/**
 * How long a waiting thread stays in C: what the process waits for at most when it ends meanwhile. Asking again costs
 * one message.
 */
const WAIT_MS = 100;

/** A plan. */
export class NativePlan extends NativeObject {
  readonly #names: readonly string[];
  readonly #times: StepTimes;

  /** Checks a plan and makes it ready for execution. */
  static create(options: NativePlanOptions): NativePlan {
    const library = openLibrary();
    const { shape, instructions, buffers, weights, cache, names } = options;
    const cacheHandle = cache === undefined ? 0 : handleOf(cache);
    const created = unwrap(
      library.functions.arp_plan_create(handleOf(weights), cacheHandle, shape, instructions, buffers, errorRecord),
      { instruction: (index) => names[index] },
    );
    return new NativePlan(library, { created, names, weightsBytes: weights.memoryBytes });
  }

  /** For {@linkcode NativePlan.create}. */
  constructor(library: NativeLibrary, plan: { created: number; names: readonly string[]; weightsBytes: number }) {
    super(library, { kind: "the plan of a model", created: plan.created });
    this.#names = plan.names;
    this.#times = new StepTimes(plan.weightsBytes);
  }

  /**
   * How long a step with this many tokens will hold up this thread, in milliseconds: 0 when it runs in the
   * background.
   */
  blockingMs(tokens: number): number {
    return this.#times.inPlace(tokens) ? this.#times.predictMs(tokens) : 0;
  }

  /**
   * Executes a step.
   *
   * @param frame The step (src/plan/frame.ts), in its first `words` words. May be reused when this function has
   * returned, before the promise is fulfilled.
   * @returns `undefined` when it has been executed, a promise of that when it goes on in the background.
   * @throws {NativeError} When the step is malformed, was cancelled, or when the plan still executes another.
   * @throws The signal's reason, when it stopped the step: within the time of one instruction.
   */
  step(frame: Uint32Array, options: { words: number; signal?: AbortSignal | undefined }): Promise<void> | undefined {
    const { words, signal } = options;
    signal?.throwIfAborted();
    const tokens = frame[0];
    const { arp_run: run, arp_submit: submit } = this.library.functions;
    const begin = performance.now();
    const handle = handleOf(this);
    const status = this.#times.inPlace(tokens)
      ? run(handle, frame, words, IN_PLACE_US, errorRecord)
      : submit(handle, frame, words, errorRecord) || Status.PENDING;
    const end = () => this.#times.add(tokens, performance.now() - begin);
    if (this.#unwrap(status) === Status.PENDING) return this.#wait(signal).then(end);
    end();
    return undefined;
  }

  /** Stops the step that is being executed, if there is one: it then fails with the status CANCELLED. */
  cancel(): void {
    unwrap(this.library.functions.arp_cancel(handleOf(this)), { action: "cancel a step" });
  }

  /**
   * Copies `rows` rows, from `row` on, of the f32 buffer number `buffer` to `into`, without padding. (rows, columns)
   *
   * @throws {NativeError} When there are no such rows, or `into` has not their size, or a step is being executed.
   */
  readRows(from: { buffer: number; row: number; rows: number }, into: Float32Array): void {
    const { buffer, row, rows } = from;
    if (rows === 0) return;
    const { arp_read: read } = this.library.functions;
    const status = read(handleOf(this), buffer, row, rows, into, into.byteLength);
    if (status >= 0) return;
    unwrap(status, { action: `read ${rows} rows from ${row} on of buffer ${buffer} into ${into.length} values` });
  }

  /** Copies `from` to rows of an f32 buffer, as {@linkcode readRows} does the other way. */
  writeRows(from: Float32Array, into: { buffer: number; row: number; rows: number }): void {
    const { buffer, row, rows } = into;
    if (rows === 0) return;
    const { arp_write: write } = this.library.functions;
    const action = `write ${from.length} values to ${rows} rows from ${row} on of buffer ${buffer}`;
    unwrap(write(handleOf(this), buffer, row, rows, from, from.byteLength), { action });
  }

  /**
   * The time each instruction has taken since the last call. The first call starts the clocks and finds nothing.
   */
  profile(): InstructionTime[] {
    const times = new Float64Array(this.#names.length);
    unwrap(this.library.functions.arp_profile(handleOf(this), orNull(times), times.length), {
      action: "read the profile",
    });
    return this.#names.map((instruction, i) => ({ instruction, nanoseconds: times[i] }));
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const handle = handleOf(this);
    const { wait, functions } = this.library;
    const stop = () => functions.arp_cancel(handle);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      while (await wait(handle, WAIT_MS) === Status.PENDING);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
    // The other thread could not bring the error record along. Asking again for what is over costs nothing.
    const status = functions.arp_wait(handleOf(this), 0, errorRecord);
    if (status === Status.CANCELLED) signal?.throwIfAborted();
    this.#unwrap(status);
  }

  #unwrap(result: number): number {
    return result >= 0 ? result : unwrap(result, { instruction: (index) => this.#names[index] });
  }
}
