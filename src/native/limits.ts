/**
 * What this machine can do at most, measured by the native library: the roofline that speeds are compared with
 * (Williams, Waterman and Patterson 2009).
 */

import { runSliced } from "../time_slice.ts";
import { Rate } from "./abi.ts";
import { openLibrary } from "./library.ts";
import { errorRecord, unwrap } from "./status.ts";

/** The limits of some threads together. */
export interface MachineLimits {
  readonly threads: number;
  /** Bytes of memory that are read in a second. */
  readonly readBytesPerSecond: number;
  /** Operations of int8 dot products in a second, with the instruction set in use; a product and a sum are two. */
  readonly int8OperationsPerSecond: number;
}

/**
 * Measures the limits, each for about 0.2 s in which this thread computes.
 *
 * @param options `threads`: how many compute, 1 to 64; `signal` stops between the two.
 * @throws {NativeError} When there is not enough memory: it takes 512 MiB, and 64 more per thread.
 * @throws The signal's reason.
 */
export function measureLimits(options: { threads: number; signal?: AbortSignal | undefined }): Promise<MachineLimits> {
  const { threads, signal } = options;
  return runSliced(measureBoth(threads), { signal });
}

function* measureBoth(threads: number): Generator<void, MachineLimits> {
  const readBytesPerSecond = measureRate(Rate.READ, threads);
  yield;
  const int8OperationsPerSecond = measureRate(Rate.INT8, threads);
  return { threads, readBytesPerSecond, int8OperationsPerSecond };
}

/**
 * The medians of several measurements. Not the best: where other machines share the memory, what they leave over
 * changes by a factor of two, and speeds should be compared with what there was at the time.
 */
export function medianLimits(measurements: readonly MachineLimits[]): MachineLimits {
  const { threads } = measurements[0];
  return {
    threads,
    readBytesPerSecond: median(measurements.map((one) => one.readBytesPerSecond)),
    int8OperationsPerSecond: median(measurements.map((one) => one.int8OperationsPerSecond)),
  };
}

/** Of two in the middle the lower one. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
}

function measureRate(kind: number, threads: number): number {
  const rate = new Float64Array(1);
  unwrap(openLibrary().functions.arp_measure(kind, threads, rate, errorRecord));
  return rate[0];
}
