/**
 * The objects in the native library, behind classes that own their handles: memory with model data, weights made from
 * it, caches. Plans are in plan.ts. No handle leaves this folder.
 */

import { NativeError } from "../errors.ts";
import { runSliced } from "../time_slice.ts";
import { CacheShape, RopePairs, Status } from "./abi.ts";
import { type NativeLibrary, openLibrary } from "./library.ts";
import { errorRecord, unwrap } from "./status.ts";

/** Objects that were forgotten instead of disposed are released when they are collected. */
const forgotten = new FinalizationRegistry<{ library: NativeLibrary; handle: number }>(({ library, handle }) => {
  library.functions.arp_release(handle);
});

/** The handle of an object, for the files of this folder. Throws when the object has been disposed. */
export let handleOf: (object: NativeObject) => number;

/**
 * What all objects have: a handle that is given up exactly once. Objects that refer to each other live as long as
 * needed.
 */
export class NativeObject {
  static {
    handleOf = (object) => {
      if (object.#handle !== 0) return object.#handle;
      throw new NativeError(`Expected ${object.#kind} in use but it has been disposed`, "STALE");
    };
  }

  /** The library it lives in. */
  protected readonly library: NativeLibrary;
  readonly #kind: string;
  #handle: number;

  /** Takes the result of a creating call, whose errors become exceptions. `kind` is for messages: "a plan". */
  constructor(library: NativeLibrary, { kind, created }: { kind: string; created: number }) {
    this.library = library;
    this.#kind = kind;
    this.#handle = unwrap(created);
    forgotten.register(this, { library, handle: this.#handle }, this);
  }

  /** How much memory it holds, in bytes; of memory that the system provides on first use, all. */
  get memoryBytes(): number {
    return unwrap(this.library.functions.arp_memory(handleOf(this)), { action: `measure ${this.#kind}` });
  }

  /** Whether it has been disposed. */
  get disposed(): boolean {
    return this.#handle === 0;
  }

  /** Releases the object, cancelling what it still executes. Does nothing the second time. */
  [Symbol.dispose](): void {
    if (this.#handle === 0) return;
    forgotten.unregister(this);
    this.library.functions.arp_release(this.#handle);
    this.#handle = 0;
  }
}

/** How much is copied at a time: about a tenth of a millisecond. */
const COPY_BYTES = 1024 * 1024;

/** A model file in memory: mapped, or copied from bytes. */
export class NativeMap extends NativeObject {
  /**
   * Maps a file for reading, or the part of it that has `bytes` from `offset`, a multiple of `Limit.MAP_ALIGNMENT`.
   * Pages are read when they are used.
   */
  static ofFile(path: string, part: { offset: number; bytes: number } = { offset: 0, bytes: 0 }): NativeMap {
    const library = openLibrary();
    const text = new TextEncoder().encode(`${path}\0`);
    const created = library.functions.arp_map_file(text, part.offset, part.bytes, errorRecord);
    return new NativeMap(library, { kind: "a map", created });
  }

  /** Copies bytes, in slices that keep the event loop free. They must not change meanwhile. */
  static async ofBytes(bytes: Uint8Array, options: { signal?: AbortSignal | undefined } = {}): Promise<NativeMap> {
    const library = openLibrary();
    const created = library.functions.arp_map_memory(bytes.length, errorRecord);
    const map = new NativeMap(library, { kind: "a map", created });
    try {
      await runSliced(map.#write(bytes), options);
      return map;
    } catch (error) {
      map[Symbol.dispose]();
      throw error;
    }
  }

  *#write(bytes: Uint8Array): Generator<void, void> {
    for (let offset = 0; offset < bytes.length; offset += COPY_BYTES) {
      const part = bytes.subarray(offset, offset + COPY_BYTES);
      const status = this.library.functions.arp_map_write(handleOf(this), offset, part, part.length);
      unwrap(status, { action: "write to a map" });
      yield;
    }
  }

  /** A copy of the bytes `[offset, offset + length)`, made in slices that keep the event loop free. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    await runSliced(this.#read(offset, bytes));
    return bytes;
  }

  *#read(offset: number, into: Uint8Array): Generator<void, void> {
    for (let done = 0; done < into.length; done += COPY_BYTES) {
      const part = into.subarray(done, done + COPY_BYTES);
      const status = this.library.functions.arp_map_read(handleOf(this), offset + done, part, part.length);
      unwrap(status, { action: `read ${part.length} bytes from ${offset + done} on of a map` });
      yield;
    }
  }

  /** The size of the file. */
  get bytes(): number {
    return unwrap(this.library.functions.arp_map_bytes(handleOf(this)), { action: "measure a map" });
  }
}

/** The weights of a plan, encoded (src/plan/encode.ts). */
export interface EncodedWeights {
  /** Records (struct arp_weight). */
  readonly weights: Uint8Array;
  readonly weightsCount: number;
  readonly constants: Uint8Array;
}

/** What {@linkcode NativeWeights.ready} may be told. */
export interface ReadyOptions {
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Gets the share of the work that is done, 0 to 1, again and again. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** The longest time between two looks at the progress: 25 a second are a smooth bar. */
const LOOK_MS_MAX = 32;

/** The pause that only large models reach: their steps will be waited for by a thread, which takes a while to start. */
const LOOK_MS_LARGE = 8;

/** Weights: checked against the map, and arranged for the kernels in the background. */
export class NativeWeights extends NativeObject {
  /**
   * Starts arranging weights, with `threads` threads (0: one per physical core). They are ready after
   * {@linkcode ready}.
   */
  static create(map: NativeMap, options: EncodedWeights & { threads: number }): NativeWeights {
    const library = openLibrary();
    const { weights, weightsCount, constants, threads } = options;
    const created = library.functions.arp_weights_create(
      handleOf(map),
      orNull(weights),
      weightsCount,
      orNull(constants),
      constants.length,
      threads,
      errorRecord,
    );
    return new NativeWeights(library, { kind: "weights", created });
  }

  /**
   * Resolves when the weights can be used. Asks again and again, more and more rarely: progress is wanted anyway, and a
   * model small enough to be ready at once does not wait for a thread to start.
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    const { signal, onProgress } = options;
    const { arp_wait: wait, arp_progress: progress, arp_cancel: cancel } = this.library.functions;
    for (let pauseMs = 1;; pauseMs = Math.min(pauseMs * 2, LOOK_MS_MAX)) {
      if (signal?.aborted) {
        cancel(handleOf(this));
        throw signal.reason;
      }
      const status = unwrap(wait(handleOf(this), 0, errorRecord));
      onProgress?.(status === Status.PENDING ? progress(handleOf(this)) : 1);
      if (status !== Status.PENDING) return;
      // Whether that thread works shows when it is needed.
      if (pauseMs === LOOK_MS_LARGE) this.library.wait(handleOf(this), 0).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** By how many positions keys are turned, and how ROPE turned them. */
export interface KeyRotation {
  /** Of the plan's ROPE_TABLE, in radians per position. (pairs) */
  readonly frequencies: Float64Array;
  /** Which columns are a pair. */
  readonly pairs: keyof typeof RopePairs;
  /** Positions; negative towards the start. */
  readonly delta: number;
}

/** Memory for keys and values, in blocks that src/cache/ hands out. No step may use a block that is being changed. */
export class NativeCache extends NativeObject {
  /** `groups` is one struct arp_cache_shape or more. The system provides the memory when it is first used. */
  static create(groups: Uint8Array): NativeCache {
    const library = openLibrary();
    return new NativeCache(library, {
      kind: "a cache",
      created: library.functions.arp_cache_create(groups, groups.length / CacheShape.size, errorRecord),
    });
  }

  /** Bytes of one block in all layers of a group. */
  blockBytes(group: number): number {
    const bytes = this.library.functions.arp_cache_block_bytes(handleOf(this), group);
    return unwrap(bytes, { action: `measure a block of cache group ${group}` });
  }

  /** The contents of block `to` become those of block `from`. */
  copyBlock(group: number, { from, to }: { from: number; to: number }): void {
    const status = this.library.functions.arp_cache_copy(handleOf(this), group, from, to);
    unwrap(status, { action: `copy block ${from} to ${to} of cache group ${group}` });
  }

  /** Copies a block out of the cache; `into` has {@linkcode blockBytes} bytes. */
  readBlock(group: number, block: number, into: Uint8Array): void {
    const status = this.library.functions.arp_cache_read(handleOf(this), group, block, into, into.length);
    unwrap(status, { action: `read block ${block} of cache group ${group} into ${into.length} bytes` });
  }

  /** Copies a block into the cache, as {@linkcode readBlock} gave it. */
  writeBlock(group: number, block: number, from: Uint8Array): void {
    const status = this.library.functions.arp_cache_write(handleOf(this), group, block, from, from.length);
    unwrap(status, { action: `write block ${block} of cache group ${group} from ${from.length} bytes` });
  }

  /** Overwrites the positions of a block from `position` on with zeros. */
  clearBlock(group: number, block: number, position: number): void {
    const status = this.library.functions.arp_cache_clear(handleOf(this), group, block, position);
    unwrap(status, { action: `clear block ${block} of cache group ${group} from position ${position} on` });
  }

  /**
   * Turns the keys of blocks to positions `delta` further on. They are rounded to the type of the cache again.
   *
   * @throws {NativeError} When a block, or the pairs, are not those of the group.
   */
  rotateBlocks(group: number, blocks: Uint32Array, { frequencies, pairs, delta }: KeyRotation): void {
    if (blocks.length === 0) return;
    const rotate = this.library.functions.arp_cache_rotate;
    const turn = [frequencies, frequencies.length, RopePairs[pairs], delta, errorRecord] as const;
    unwrap(rotate(handleOf(this), group, blocks, blocks.length, ...turn));
  }
}

/** An empty array has no address, or not the same in all runtimes. */
export function orNull<View extends ArrayBufferView>(view: View): View | null {
  return view.byteLength === 0 ? null : view;
}
