/**
 * Reads the header of a GGUF file from wherever its bytes come from: as little of the file as necessary, in slices that
 * keep the event loop free. Does no I/O of its own; a runtime supplies the source.
 */

import { GgufError } from "../errors.ts";
import { runSliced } from "../time_slice.ts";
import { HEADER_BYTES_MAX, NeedMoreBytes } from "./cursor.ts";
import { type GgufFile, parseGguf } from "./parse.ts";

/** Bytes that can be read at any place: a file, a memory, an HTTP resource with ranges. */
export interface ByteSource {
  /** How many bytes there are. */
  readonly size: number;
  /**
   * The bytes `[offset, offset + length)`, all of which are within `size`. They must not change until parsing is over.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** How much is read at first: enough for the whole header of models with small vocabularies. */
const PREFIX_BYTES = 256 * 1024;

/**
 * How fast the prefix grows while the header goes on. Reading and parsing start over each time: with a factor of 4 they
 * do a third more than necessary, and at most four times the header is in memory.
 */
const PREFIX_GROWTH = 4;

/** Options of {@linkcode readGguf}. */
export interface ReadGgufOptions {
  /** Stops reading; the promise then rejects with the signal's reason. Default: never. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads and checks the header of a GGUF file.
 *
 * @returns The description of the file. It keeps a copy of the metadata but nothing else of what was read.
 * @throws {GgufError} When the file is malformed, not supported, or ended before its size.
 */
export async function readGguf(source: ByteSource, options: ReadGgufOptions = {}): Promise<GgufFile> {
  const { size } = source;
  const { signal } = options;
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new RangeError(`Expected source.size to be a non-negative integer but found ${size}`);
  }
  let length = Math.min(size, PREFIX_BYTES);
  for (;;) {
    signal?.throwIfAborted();
    // From the start, not only what is new: joining the two would block the thread longer than a file takes to be read.
    const prefix = await source.read(0, length);
    if (prefix.length !== length) {
      const message = `Expected a file of ${size} bytes but could read only ${prefix.length} of the first ${length}`;
      throw new GgufError(message, { offsetBytes: Math.min(prefix.length, length) });
    }
    try {
      return await runSliced(parseGguf(prefix, { fileBytes: size }), { signal });
    } catch (error) {
      if (!(error instanceof NeedMoreBytes)) throw error;
      // Never beyond the header limit: the parser asks for no byte behind it.
      length = Math.min(size, HEADER_BYTES_MAX, Math.max(error.bytesMin, length * PREFIX_GROWTH));
    }
  }
}

/** A source over bytes in memory, which must not change until parsing is over. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)) };
}
