/**
 * The memory of a plan: lifetimes in, offsets in one arena out. A pure function; what is alive when is decided by
 * dependencies.ts.
 */

import { ALIGNMENT_BYTES, type Arena } from "./plan.ts";

/** When a buffer holds something, in steps of time counted from 0; both ends are included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

interface Placed {
  readonly offset: number;
  readonly end: number;
}

/**
 * Gives every buffer a place such that no two that are alive together overlap: the largest first, each at the lowest
 * offset that is free for as long as it lives. First fit by decreasing size: for llama that is what is alive at the
 * worst moment, to the byte or up to 8 % more.
 *
 * @returns An offset per lifetime, multiples of 64, and the size of the arena.
 */
export function planMemory(lifetimes: readonly Lifetime[]): Arena {
  const order = lifetimes.map((_, index) => index);
  // Equal sizes keep their order, so that the result is a function of the input alone.
  order.sort((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || a - b);
  const steps = lifetimes.reduce((max, { last }) => Math.max(max, last + 1), 0);
  const placedAt: Placed[][] = Array.from({ length: steps }, () => []);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  let bytes = 0;
  for (const index of order) {
    const { first, last } = lifetimes[index];
    const size = Math.ceil(lifetimes[index].bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    const alive = placedAt.slice(first, last + 1);
    const offset = lowestFreeOffset([...new Set(alive.flat())], size);
    const placed = { offset, end: offset + size };
    for (const step of alive) step.push(placed);
    offsets[index] = offset;
    bytes = Math.max(bytes, offset + size);
  }
  return { offsets, bytes };
}

/** The first gap of `size` between others, or their end. */
function lowestFreeOffset(others: Placed[], size: number): number {
  others.sort((a, b) => a.offset - b.offset);
  let offset = 0;
  for (const other of others) {
    if (other.offset >= offset + size) break;
    offset = Math.max(offset, other.end);
  }
  return offset;
}
