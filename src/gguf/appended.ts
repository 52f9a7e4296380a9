/**
 * A model behind the end of another file, such as a program: `program, zeros up to a whole number of
 * APPENDED_ALIGNMENT, model, trailer`. The trailer has 32 bytes: 16 of TRAILER_TEXT, and the model's offset and size as
 * little-endian 64-bit numbers. Where it begins the model can be mapped on every system. Does no I/O.
 */

import { GgufError } from "../errors.ts";
import type { ByteSource } from "./reader.ts";

/** Where a model is inside of a file, in bytes. */
export interface AppendedModel {
  readonly offset: number;
  readonly bytes: number;
}

/** A multiple of every system's pages: `Limit.MAP_ALIGNMENT`, which layers forbid to import here; a test compares. */
export const APPENDED_ALIGNMENT = 65536;

/** The size of the trailer. */
const TRAILER_BYTES = 32;

/** What the trailer begins with: 16 ASCII characters. The last is the version of the format. */
const TRAILER_TEXT = "arpeggio model 1";

/** Zeros between a program of `programBytes` and a model, and what comes behind the model. */
export function appendedFrame(
  programBytes: number,
  modelBytes: number,
): { readonly padding: Uint8Array; readonly trailer: Uint8Array } {
  const offset = Math.ceil(programBytes / APPENDED_ALIGNMENT) * APPENDED_ALIGNMENT;
  const trailer = new Uint8Array(TRAILER_BYTES);
  trailer.set(new TextEncoder().encode(TRAILER_TEXT));
  const view = new DataView(trailer.buffer);
  view.setBigUint64(16, BigInt(offset), true);
  view.setBigUint64(24, BigInt(modelBytes), true);
  return { padding: new Uint8Array(offset - programBytes), trailer };
}

/**
 * The model behind the end of a program.
 *
 * @returns `undefined` for files without one, and for GGUF files, which need none.
 * @throws {GgufError} When the file has been cut off, or got something else behind the model.
 */
export async function findAppended(source: ByteSource): Promise<AppendedModel | undefined> {
  const { size } = source;
  if (size < APPENDED_ALIGNMENT || new TextDecoder().decode(await source.read(0, 4)) === "GGUF") return undefined;
  const trailer = await source.read(size - TRAILER_BYTES, TRAILER_BYTES);
  if (new TextDecoder().decode(trailer.subarray(0, 16)) !== TRAILER_TEXT) return undefined;
  const view = new DataView(trailer.buffer, trailer.byteOffset);
  const [offset, bytes] = [16, 24].map((at) => Number(view.getBigUint64(at, true)));
  if (offset % APPENDED_ALIGNMENT === 0 && offset + bytes + TRAILER_BYTES === size) return { offset, bytes };
  throw new GgufError(
    `Expected the appended model, ${bytes} bytes from byte ${offset}, and its trailer to end the file of ${size} ` +
      "bytes: the file is not the one that was written, so make or copy it again",
    { offsetBytes: size - TRAILER_BYTES },
  );
}

/** The part of a source that is the model. */
export function appendedSource(source: ByteSource, { offset, bytes }: AppendedModel): ByteSource {
  return { size: bytes, read: (start, length) => source.read(offset + start, length) };
}
