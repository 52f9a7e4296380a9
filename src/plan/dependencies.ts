/**
 * What depends on what in a list of instructions: which of them may run at the same time, and from when to when each
 * buffer is alive. Where the buffers then go is left to memory.ts.
 */

import type { Buffer, Instruction } from "./plan.ts";

/** An instruction before it is decided whether the next one has to wait for it. */
export type RecordedInstruction = Omit<Instruction, "noWait">;

/** What an instruction touches: buffers by index, layers of the cache as negative numbers. */
export interface Accesses {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

/** What the instruction reads and writes. The frame and the weights never change within a step. */
export function accessesOf(instruction: RecordedInstruction): Accesses {
  const { op, dst, src, n, accumulate } = instruction;
  const reads = src.map((buffer) => buffer.index);
  const writes = dst === undefined ? [] : [dst.index];
  if (dst !== undefined && accumulate) reads.push(dst.index);
  if (op === "KV_WRITE") writes.push(cacheLayer(n[0], n[1]));
  if (op === "ATTENTION") reads.push(cacheLayer(n[0], n[2]));
  return { reads, writes };
}

/** A layer of a group; there are fewer than 2^16 layers in one. */
function cacheLayer(layer: number, group: number): number {
  return -1 - layer - group * 2 ** 16;
}

/** Whether two instructions must not run at the same time: one writes what the other reads or writes. */
export function conflict(a: Accesses, b: Accesses): boolean {
  return a.writes.some((written) => b.writes.includes(written) || b.reads.includes(written)) ||
    b.writes.some((written) => a.reads.includes(written));
}

/**
 * Cuts the list into groups of instructions that may run at the same time, in order: between two groups everybody
 * waits. An instruction joins the group before it whenever it conflicts with nobody there, which gives the fewest
 * groups that this order allows.
 *
 * @returns Per instruction the number of its group.
 */
export function groupInstructions(instructions: readonly RecordedInstruction[]): number[] {
  const groups: number[] = [];
  let members: Accesses[] = [];
  let group = 0;
  for (const instruction of instructions) {
    const accesses = accessesOf(instruction);
    if (members.some((member) => conflict(member, accesses))) {
      group++;
      members = [];
    }
    members.push(accesses);
    groups.push(group);
  }
  return groups;
}

/** From which group to which a buffer must keep its place to itself. */
export interface GroupInterval {
  first: number;
  last: number;
}

/**
 * The lifetimes of buffers in groups. A buffer that is read before it is written comes from outside and is alive from
 * the start; a kept one is read from outside and is alive to the end. Because the unit is the group, two buffers that
 * are touched within one never share memory, and sharing never makes a conflict inside a group.
 *
 * @param instructions The plan.
 * @param options The groups of {@linkcode groupInstructions}, all buffers, and the indices of those to keep.
 */
export function bufferIntervals(
  instructions: readonly RecordedInstruction[],
  options: { groups: readonly number[]; buffers: readonly Buffer[]; kept: ReadonlySet<number> },
): GroupInterval[] {
  const { groups, buffers, kept } = options;
  const end = groups.length === 0 ? 0 : groups[groups.length - 1];
  const intervals: (GroupInterval | undefined)[] = buffers.map(() => undefined);
  for (const [i, instruction] of instructions.entries()) {
    const { reads, writes } = accessesOf(instruction);
    for (const index of [...reads, ...writes]) {
      if (index < 0) continue;
      const interval = intervals[index] ??= { first: reads.includes(index) ? 0 : groups[i], last: groups[i] };
      interval.last = groups[i];
    }
  }
  return buffers.map(({ index }) => {
    const interval = intervals[index] ?? { first: 0, last: 0 };
    return kept.has(index) ? { first: interval.first, last: end } : interval;
  });
}
