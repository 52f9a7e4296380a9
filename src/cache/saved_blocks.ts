/** The blocks of a sequence as bytes, for saving it and loading it again. */

import { ArpeggioError } from "../errors.ts";
import { Limit, NONE } from "../native/abi.ts";
import type { KvCache } from "./kv_cache.ts";
import type { KvSequence } from "./kv_sequence.ts";
import { firstKept } from "./window.ts";

const SIZE = Limit.BLOCK_POSITIONS;

/** A block that a sequence of some length has: its group and its place in the table. */
interface Place {
  readonly group: number;
  readonly index: number;
}

/** Every block of a sequence with `length` positions, in the order in which they are saved. */
function places(cache: KvCache, length: number): Place[] {
  return cache.groups.flatMap(({ window }, group) => {
    const first = firstKept(length, window);
    return Array.from({ length: Math.ceil(length / SIZE) - first }, (_, i) => ({ group, index: first + i }));
  });
}

/** How many bytes the blocks of a sequence with `length` positions take. */
export function savedBytes(cache: KvCache, length: number): number {
  return places(cache, length).reduce((sum, { group }) => sum + cache.memory.blockBytes(group), 0);
}

/**
 * Copies the blocks of a sequence to `into`, one per slice. Behind the last position are zeros: what the memory held
 * before is nobody's business.
 *
 * @throws {ArpeggioError} When a fork has the last block too and there is no room for a copy.
 */
export function* saveBlocks(cache: KvCache, sequence: KvSequence, into: Uint8Array): Generator<void, void> {
  const { memory } = cache;
  const { length } = sequence;
  let offset = 0;
  for (const { group, index } of places(cache, length)) {
    const bytes = memory.blockBytes(group);
    const block = sequence.blockTables[group][index];
    const part = into.subarray(offset, offset + bytes);
    if ((index + 1) * SIZE <= length) memory.readBlock(group, block, part);
    else readStart({ cache, group, block, positions: length - index * SIZE }, part);
    offset += bytes;
    yield;
  }
}

function readStart(from: { cache: KvCache; group: number; block: number; positions: number }, into: Uint8Array): void {
  const { cache, group, block, positions } = from;
  const { memory, pools } = cache;
  if (pools[group].references(block) === 1) {
    memory.clearBlock(group, block, positions);
    return memory.readBlock(group, block, into);
  }
  // Others have more of it.
  const copy = cache.take(group);
  if (copy === undefined) {
    throw new ArpeggioError(
      "Expected a free block of the key/value cache, to save a sequence whose fork goes on, but all are in use: " +
        "dispose sequences, or load the model with a larger cacheTokens",
    );
  }
  memory.copyBlock(group, block, copy);
  memory.clearBlock(group, copy, positions);
  memory.readBlock(group, copy, into);
  pools[group].release(copy);
}

/** Copies saved blocks to a sequence that has been restored (`KvSequence.restore`), one per slice. */
export function* loadBlocks(cache: KvCache, sequence: KvSequence, from: Uint8Array): Generator<void, void> {
  let offset = 0;
  for (const { group, index } of places(cache, sequence.length)) {
    const bytes = cache.memory.blockBytes(group);
    const block = sequence.blockTables[group][index];
    if (block !== NONE) cache.memory.writeBlock(group, block, from.subarray(offset, offset + bytes));
    offset += bytes;
    yield;
  }
}
