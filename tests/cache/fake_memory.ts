// Memory of a cache without a native library: a number per position that stands for keys and values, made of the one
// before it and a token, so that a wrong block anywhere changes everything that follows; and the position that keys
// have been turned to.
import type { BlockMemory, KvGroup } from "../../src/cache/kv_cache.ts";
import type { KvSequence } from "../../src/cache/kv_sequence.ts";
import { NONE } from "../../src/native/abi.ts";

const SIZE = 64;

/** What stands for keys and values of a position. */
export function contentOf(before: number, token: number): number {
  return Math.imul(before ^ token, 0x9e3779b1) ^ (before >>> 15) ^ 1;
}

export class FakeMemory implements BlockMemory {
  /** Per group (blocks * 64). */
  readonly contents: Int32Array[];
  readonly angles: Int32Array[];

  constructor(groups: readonly KvGroup[]) {
    this.contents = groups.map(({ blocks }) => new Int32Array(blocks * SIZE));
    this.angles = groups.map(({ blocks }) => new Int32Array(blocks * SIZE));
  }

  copyBlock(group: number, from: number, to: number): void {
    for (const memory of [this.contents[group], this.angles[group]]) {
      memory.copyWithin(to * SIZE, from * SIZE, (from + 1) * SIZE);
    }
  }

  rotateBlocks(group: number, blocks: readonly number[], delta: number): void {
    for (const block of blocks) for (let i = 0; i < SIZE; i++) this.angles[group][block * SIZE + i] += delta;
  }

  clearBlock(group: number, block: number, position: number): void {
    this.contents[group].fill(0, block * SIZE + position, (block + 1) * SIZE);
    this.angles[group].fill(0, block * SIZE + position, (block + 1) * SIZE);
  }

  blockBytes(): number {
    return 2 * SIZE * 4;
  }

  readBlock(group: number, block: number, into: Uint8Array): void {
    const words = new Int32Array(into.buffer, into.byteOffset, 2 * SIZE);
    words.set(this.contents[group].subarray(block * SIZE, (block + 1) * SIZE));
    words.set(this.angles[group].subarray(block * SIZE, (block + 1) * SIZE), SIZE);
  }

  writeBlock(group: number, block: number, from: Uint8Array): void {
    const words = new Int32Array(from.buffer, from.byteOffset, 2 * SIZE);
    this.contents[group].set(words.subarray(0, SIZE), block * SIZE);
    this.angles[group].set(words.subarray(SIZE), block * SIZE);
  }

  /** Where a position is in the memory of a group; `undefined` where its block is gone. */
  place(sequence: KvSequence, group: number, position: number): number | undefined {
    const block = sequence.blockTables[group][Math.floor(position / SIZE)];
    return block === NONE || block === undefined ? undefined : block * SIZE + position % SIZE;
  }

  /** What a step does: keys and values of the positions from the sequence's length up to this one. */
  compute(sequence: KvSequence, positions: number): void {
    const tokens = sequence.tokens.view();
    for (const [group, contents] of this.contents.entries()) {
      for (let position = sequence.length; position < positions; position++) {
        const before = position === 0 ? 0 : contents[this.place(sequence, group, position - 1)!];
        const place = this.place(sequence, group, position)!;
        contents[place] = contentOf(before, tokens[position]);
        this.angles[group][place] = position;
      }
    }
  }
}
