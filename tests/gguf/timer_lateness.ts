/** Measures whether timers of this thread stay on time while something else runs in it. */

import process from "node:process";

/** How late a 1 ms timer was, in milliseconds. */
export interface Lateness {
  /** How often it fired. */
  readonly ticks: number;
  /** Half of the ticks were at most this late. */
  readonly medianMs: number;
  /** Nine of ten ticks were at most this late. */
  readonly mostMs: number;
}

/**
 * Runs `work` and measures a 1 ms interval beside it. Only what this process did itself counts: a tick is as late as
 * the clock says, but never later than the CPU time used since the last one, so that a busy machine does not fail a
 * test.
 */
export async function timerLateness(work: () => Promise<unknown>): Promise<Lateness> {
  const late: number[] = [];
  let last = performance.now();
  let lastCpu = process.cpuUsage();
  const timer = setInterval(() => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(lastCpu);
    late.push(Math.min(now - last - 1, (user + system) / 1000));
    last = now;
    lastCpu = process.cpuUsage();
  }, 1);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  late.sort((a, b) => a - b);
  const at = (share: number) => late[Math.floor(late.length * share)] ?? Infinity;
  return { ticks: late.length, medianMs: at(0.5), mostMs: at(0.9) };
}
