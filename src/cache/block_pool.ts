/**
 * The blocks of one group of layers: who holds them, counted; which are free; and which are held by nobody but the
 * prefix tree, in the order in which they were let go, so that the least recently used goes first. What is in a block
 * is not known here.
 */

/** Blocks with reference counts. `Keeper` is what the prefix tree knows a block by. */
export class BlockPool<Keeper> {
  /** How many blocks there are. */
  readonly blocks: number;
  /** Per block, how many hold it: sequences, and the prefix tree. (blocks) */
  readonly #references: Uint32Array;
  /** Blocks that were given back; the last is taken first, so that memory already in use is used again. */
  readonly #returned: number[] = [];
  /** Blocks from here on have never been taken. */
  #untouched = 0;
  readonly #keepers = new Map<number, Keeper>();
  /** A ring of the blocks that only the tree holds, oldest first; `blocks` is its head. (blocks + 1) */
  readonly #newer: Uint32Array;
  readonly #older: Uint32Array;
  #idle = 0;

  /** All blocks are free at first. */
  constructor(blocks: number) {
    this.blocks = blocks;
    this.#references = new Uint32Array(blocks);
    this.#newer = new Uint32Array(blocks + 1);
    this.#older = new Uint32Array(blocks + 1);
    this.#newer[blocks] = this.#older[blocks] = blocks;
  }

  /** How many blocks nobody holds. */
  get freeBlocks(): number {
    return this.blocks - this.#untouched + this.#returned.length;
  }

  /** How many blocks only the prefix tree holds. */
  get idleBlocks(): number {
    return this.#idle;
  }

  /** A free block, held once from now on; `undefined` when there is none. */
  take(): number | undefined {
    const block = this.#returned.pop() ?? (this.#untouched < this.blocks ? this.#untouched++ : undefined);
    if (block !== undefined) this.#references[block] = 1;
    return block;
  }

  /** How many hold a block. */
  references(block: number): number {
    return this.#references[block];
  }

  /** Holds a block once more. */
  retain(block: number): void {
    if (this.#references[block] === 1 && this.#keepers.has(block)) this.#unlink(block);
    this.#references[block]++;
  }

  /** Holds a block once less; whoever is last frees it. */
  release(block: number): void {
    const left = --this.#references[block];
    if (left === 0) this.#returned.push(block);
    else if (left === 1 && this.#keepers.has(block)) this.#linkNewest(block);
  }

  /** The prefix tree holds a block too. Somebody else holds it already. */
  keep(block: number, keeper: Keeper): void {
    this.#references[block]++;
    this.#keepers.set(block, keeper);
  }

  /** The prefix tree gives a block up. */
  forget(block: number): void {
    if (this.#references[block] === 1) this.#unlink(block);
    this.#keepers.delete(block);
    this.release(block);
  }

  /** What the tree knows the block by that it alone has held for longest; `undefined` when there is none. */
  get leastRecentlyUsed(): Keeper | undefined {
    return this.#keepers.get(this.#newer[this.blocks]);
  }

  #linkNewest(block: number): void {
    const head = this.blocks;
    const last = this.#older[head];
    this.#newer[last] = block;
    this.#older[block] = last;
    this.#newer[block] = head;
    this.#older[head] = block;
    this.#idle++;
  }

  #unlink(block: number): void {
    const [older, newer] = [this.#older[block], this.#newer[block]];
    this.#newer[older] = newer;
    this.#older[newer] = older;
    this.#idle--;
  }
}
