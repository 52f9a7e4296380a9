/** How late a 1 ms timer of this thread is while something else runs in it. */

import { existsSync, readFileSync } from "node:fs";
import process from "node:process";

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

/** Where Linux tells the nanoseconds a thread has been executed; finer than what Deno says, which counts in 10 ms. */
const SCHEDULER_FILE = "/proc/thread-self/schedstat";

/** The CPU time of this thread in milliseconds, or `undefined` where it cannot be known to a fraction of one. */
function threadCpuMs(): number | undefined {
  if ("Deno" in globalThis) {
    return existsSync(SCHEDULER_FILE) ? Number(readFileSync(SCHEDULER_FILE, "utf8").split(" ")[0]) / 1e6 : undefined;
  }
  const { user, system } = (process as { threadCpuUsage(): { user: number; system: number } }).threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Runs `work` beside a 1 ms timer. A tick is as late as the clock says, but where the CPU time of this thread is known
 * no later than what the thread has computed since the last tick: a machine that was busy with something else proves
 * nothing.
 */
export async function measureLateness(work: () => Promise<unknown>): Promise<Lateness> {
  const lateMs: number[] = [];
  let last = performance.now();
  let lastCpu = threadCpuMs();
  const timer = setInterval(() => {
    const now = performance.now();
    const cpu = threadCpuMs();
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
