// An independent judge of plans: replays them over a shadow of the arena that remembers who wrote every line of memory,
// and lets the instructions between two waits run in any order. Knows nothing of how the builder decides.
import { type Buffer, bufferRowBytes, type Instruction, type Plan } from "../../src/plan/plan.ts";

/** A thing that is read or written: a range of the arena, or a layer of the cache. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly buffer: Buffer | undefined;
}

/** What is wrong with the plan's waits and memory, one line each; nothing when all is well. */
export function faultsOf(plan: Plan): string[] {
  return [...raceFaults(plan), ...memoryFaults(plan)];
}

/** Pairs of instructions without a wait between them of which one writes what the other reads or writes. */
export function raceFaults(plan: Plan): string[] {
  const faults: string[] = [];
  for (let i = 0; i < plan.instructions.length; i++) {
    // Everything after i up to and including the first instruction that others wait for.
    for (let j = i; plan.instructions[j].noWait; j++) {
      if (j + 1 === plan.instructions.length) {
        faults.push(`#${j} is the last and has no wait`);
        break;
      }
      if (collide(plan, i, j + 1)) faults.push(`#${i} and #${j + 1} run at the same time`);
    }
  }
  return faults;
}

/** Whether two instructions touch the same memory or the same layer, and one of them writes there. */
export function collide(plan: Plan, i: number, j: number): boolean {
  const [a, b] = [plan.instructions[i], plan.instructions[j]].map((instruction) => placesOf(plan, instruction));
  const overlap = (some: readonly Place[], others: readonly Place[]) =>
    some.some((one) => others.some((other) => one.start < other.end && other.start < one.end));
  return overlap(a.writes, b.writes) || overlap(a.writes, b.reads) || overlap(a.reads, b.writes);
}

/** Reads of memory that something else was written to since, writes outside the arena, results that do not last. */
function memoryFaults(plan: Plan): string[] {
  const faults: string[] = [];
  const owners = new Array<Buffer | undefined>(Math.ceil(plan.arena.bytes / 64)).fill(undefined);
  const written = new Set<Buffer>();
  const lines = (place: Place) => ({ first: place.start / 64, last: place.end / 64 });
  for (const [i, instruction] of plan.instructions.entries()) {
    const { reads, writes } = placesOf(plan, instruction);
    for (const place of reads.filter(({ start }) => start >= 0)) {
      const { first, last } = lines(place);
      for (let line = first; line < last; line++) {
        // Nobody's memory may hold an input, which was filled before the plan began.
        const input = !written.has(place.buffer!) && owners[line] === undefined;
        if (owners[line] !== place.buffer && !input) faults.push(`#${i} reads ${place.buffer?.label}, overwritten`);
        if (input) owners[line] = place.buffer;
      }
    }
    for (const place of writes.filter(({ start }) => start >= 0)) {
      const { first, last } = lines(place);
      if (!Number.isInteger(first) || last > owners.length) faults.push(`#${i} writes outside of the arena`);
      owners.fill(place.buffer, first, last);
      written.add(place.buffer!);
    }
  }
  return [...new Set(faults)];
}

/** What the ops of csrc/abi.h read and write, by name. */
function placesOf(plan: Plan, instruction: Instruction): { reads: Place[]; writes: Place[] } {
  const place = (buffer: Buffer): Place => {
    const start = plan.arena.offsets[buffer.index];
    const rows = buffer.rows === "TOKENS" ? plan.tokensMax : plan.outputsMax;
    return { start, end: start + rows * bufferRowBytes(buffer), buffer };
  };
  const layer = (number: number, group: number): Place => {
    const start = -1 - number - 1000 * group;
    return { start, end: start + 1, buffer: undefined };
  };
  const { op, dst, src, n } = instruction;
  const reads = src.map(place);
  const writes = dst === undefined ? [] : [place(dst)];
  switch (op) {
    case "MATMUL":
      return { reads: instruction.accumulate ? [...reads, ...writes] : reads, writes };
    case "ROPE":
      return { reads, writes: [place(src[0])] };
    case "KV_WRITE":
      return { reads, writes: [layer(n[0], n[1])] };
    case "ATTENTION":
      return { reads: [...reads, layer(n[0], n[2])], writes };
    default:
      return { reads, writes };
  }
}
