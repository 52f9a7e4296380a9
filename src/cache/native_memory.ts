/** The contents of a model's cache in the native library: how keys were turned by positions is read from its plan. */

import { RopePairs } from "../native/abi.ts";
import type { KeyRotation, NativeCache } from "../native/objects.ts";
import type { Buffer, Plan } from "../plan/plan.ts";
import type { BlockMemory } from "./kv_cache.ts";

/** How keys of a group are turned per position; `undefined` where positions do not turn them. */
type Turn = Omit<KeyRotation, "delta"> | undefined;

/** The blocks of a native cache, for the plan that writes them. */
export function nativeMemory(cache: NativeCache, plan: Plan): BlockMemory {
  const turns = turnsOf(plan);
  return {
    blockBytes: (group) => cache.blockBytes(group),
    readBlock: (group, block, into) => cache.readBlock(group, block, into),
    writeBlock: (group, block, from) => cache.writeBlock(group, block, from),
    clearBlock: (group, block, position) => cache.clearBlock(group, block, position),
    copyBlock: (group, from, to) => cache.copyBlock(group, { from, to }),
    rotateBlocks(group, blocks, delta) {
      const turn = turns[group];
      if (turn !== undefined) cache.rotateBlocks(group, Uint32Array.from(blocks), { ...turn, delta });
    },
  };
}

/** Per group, what the ROPE of its keys does: all layers of a group share it. */
function turnsOf({ instructions, constants, cache = [] }: Plan): Turn[] {
  return cache.map((_, group) => {
    const write = instructions.find(({ op, n }) => op === "KV_WRITE" && n[1] === group);
    const rope = instructions.find(({ op, dst }) => op === "ROPE" && isSame(dst, write?.src[0]));
    const table = instructions.find(({ op, dst }) => op === "ROPE_TABLE" && isSame(dst, rope?.src[1]));
    if (rope === undefined || table === undefined) return undefined;
    const { offset, columns } = table.weights[0];
    const frequencies = new Float64Array(constants.slice(offset, offset + columns * 8).buffer);
    const pairs = rope.n[2] === RopePairs.NEOX ? "NEOX" : "INTERLEAVED";
    return { frequencies, pairs };
  });
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a !== undefined && a.index === b?.index;
}
