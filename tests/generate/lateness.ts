/** How late a 1 ms timer of this thread is while something else runs in it. */

import process from "node:process";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { runWhole } from "../../src/time_slice.ts";

/** What a timer has seen. */
export interface Lateness {
  readonly ticks: number;
  /** The latest tick, in milliseconds. */
  readonly worstMs: number;
  /** How many ticks were late by more than 5 ms. */
  readonly late: number;
}

/** What the project promises, in milliseconds. */
const LATE_MS = 5;

/** The C prototype of what reads a clock: `(clock, struct timespec *)`. */
const symbols = { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } } as const;

/** CLOCK_THREAD_CPUTIME_ID of Linux. */
const THREAD_CPU_CLOCK = 3;

/**
 * The clock of the CPU time of this thread in milliseconds, on Linux. Asked for by a system call of its own: what
 * `threadCpuUsage()` and /proc say may be old by a tick of the scheduler, which is 4 ms.
 */
function threadCpuClock(): (() => number) | undefined {
  const runtime = currentRuntime();
  const libc = { glibc: "libc.so.6", musl: `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1` };
  const name = runtime.libc();
  if (name === undefined) return undefined;
  const { functions } = runWhole(runtime.openLibrary(libc[name], { symbols, wait: "clock_gettime", pending: -1 }));
  const time = new BigInt64Array(2); // seconds, nanoseconds
  return () => {
    functions.clock_gettime(THREAD_CPU_CLOCK, time);
    return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
  };
}

let cpuClock: (() => number) | undefined;

/**
 * Runs `work` beside a 1 ms timer. A tick is as late as the clock says, but where the CPU time of this thread is known
 * no later than what the thread has computed since the last tick: a machine that was busy with something else proves
 * nothing.
 */
export async function measureLateness(work: () => Promise<unknown>): Promise<Lateness> {
  const lateMs: number[] = [];
  cpuClock ??= threadCpuClock();
  let last = performance.now();
  let lastCpu = cpuClock?.();
  const timer = setInterval(() => {
    const now = performance.now();
    const cpu = cpuClock?.();
    const usedMs = cpu === undefined || lastCpu === undefined ? Infinity : cpu - lastCpu;
    lateMs.push(Math.min(now - last - 1, usedMs));
    [last, lastCpu] = [now, cpu];
  }, 1);
  try {
    await work();
    // The tick that is due when the work ends counts too.
    await new Promise((resolve) => setTimeout(resolve, 3));
  } finally {
    clearInterval(timer);
  }
  const late = lateMs.filter((ms) => ms > LATE_MS).length;
  return { ticks: lateMs.length, worstMs: Math.max(...lateMs), late };
}
