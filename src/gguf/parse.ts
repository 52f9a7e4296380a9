/**
 * From the bytes of a GGUF file's header to a checked description of the file: versions 2 and 3, little endian. No I/O
 * (see reader.ts) and no tensor data. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

import { GgufError } from "../errors.ts";
import { Cursor } from "./cursor.ts";
import { Metadata } from "./metadata.ts";
import { type MetadataEntry, readEntries, readKeyCount } from "./metadata_entries.ts";
import { typeName } from "./metadata_value.ts";
import { placeTensors, readDescriptions, readTensorCount, type TensorInfo } from "./tensor_infos.ts";

export type { TensorInfo } from "./tensor_infos.ts";

/** A GGUF file whose header passed every check. */
export interface GgufFile {
  /** 2 or 3. */
  readonly version: number;
  /** The keys and values. */
  readonly metadata: Metadata;
  /** The tensors by name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** What the offset of every tensor, relative to `dataOffset`, is a multiple of, in bytes. */
  readonly alignment: number;
  /** Where the tensor data begin, in bytes from the start of the file. */
  readonly dataOffset: number;
  /** The size of the whole file. */
  readonly fileBytes: number;
}

/** Options of {@linkcode parseGguf}. */
export interface ParseOptions {
  /** The size of the whole file when `bytes` are only its beginning. Default: `bytes` are the whole file. */
  fileBytes?: number;
}

/** The alignment of a file that does not state one in {@linkcode ALIGNMENT_KEY}. */
export const ALIGNMENT_DEFAULT = 32;

/** The metadata key of the alignment, always a uint32. */
export const ALIGNMENT_KEY = "general.alignment";

/** The first four bytes of every GGUF file: "GGUF". */
export const MAGIC = 0x46_55_47_47;

/** How many bytes are copied between two yields. */
const COPY_BYTES_PER_STEP = 256 * 1024;

/** What other files begin with that are taken for GGUF files, as their first four bytes read. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  "vers": "a Git LFS pointer: the real file still has to be fetched (git lfs pull)",
  "<!do": "an HTML page, perhaps a login or error page saved by a download",
  "<!DO": "an HTML page, perhaps a login or error page saved by a download",
  "<htm": "an HTML page, perhaps a login or error page saved by a download",
  "PK\x03\x04": "a ZIP archive, perhaps a PyTorch checkpoint",
  "tjgg": "a GGML file from before GGUF (2023), which has to be converted again from the original model",
  "fmgg": "a GGML file from before GGUF (2023), which has to be converted again from the original model",
  "lmgg": "a GGML file from before GGUF (2023), which has to be converted again from the original model",
  "FUGG": "a GGUF file with its bytes in reverse order",
};

/**
 * Reads and checks the header of a GGUF file. The result has its own copy of the metadata: `bytes` may be reused.
 *
 * @param bytes The file, or its beginning.
 * @throws {GgufError} When the file is malformed or of a kind that is not supported.
 * @throws {NeedMoreBytes} When `bytes` are only the beginning of the file and the header goes on behind them.
 */
export function* parseGguf(bytes: Uint8Array, options: ParseOptions = {}): Generator<void, GgufFile> {
  const { fileBytes = bytes.length } = options;
  if (!Number.isSafeInteger(fileBytes) || fileBytes < bytes.length) {
    throw new RangeError(`Expected fileBytes to be an integer of at least ${bytes.length} but found ${fileBytes}`);
  }
  const cursor = new Cursor(bytes, fileBytes);
  readMagic(cursor);
  const version = readVersion(cursor);
  const tensorsCount = readTensorCount(cursor);
  const keysCount = readKeyCount(cursor);
  const entries = yield* readEntries(cursor, keysCount);
  const alignment = alignmentOf(entries);
  const metadataEnd = cursor.offset;
  const descriptions = yield* readDescriptions(cursor, tensorsCount);
  const dataOffset = Math.ceil(cursor.offset / alignment) * alignment;
  const tensors = yield* placeTensors(descriptions, { dataOffset, alignment, fileBytes });
  const metadata = new Metadata(yield* copyBytes(bytes.subarray(0, metadataEnd)), entries);
  return { version, metadata, tensors, alignment, dataOffset, fileBytes };
}

/** A copy made piece by piece: touching fresh memory takes 0.2 to 1 ms a megabyte. */
function* copyBytes(bytes: Uint8Array): Generator<void, Uint8Array> {
  const copy = new Uint8Array(bytes.length);
  for (let done = 0; done < bytes.length; done += COPY_BYTES_PER_STEP) {
    copy.set(bytes.subarray(done, done + COPY_BYTES_PER_STEP), done);
    yield;
  }
  return copy;
}

function readMagic(cursor: Cursor): void {
  const magic = cursor.uint32("the GGUF magic");
  if (magic === MAGIC) return;
  const first = String.fromCharCode(...cursor.bytes.subarray(0, 4));
  // A safetensors file begins with the length of its JSON header, a u64, and the header with a brace.
  const safetensors = cursor.bytes[8] === 0x7b ? "a safetensors file, which has to be converted to GGUF" : undefined;
  const lookalike = LOOKALIKES[first] ?? safetensors;
  const found = JSON.stringify(first) + (lookalike === undefined ? "" : `: this is ${lookalike}`);
  throw cursor.error(`Expected a file that begins with "GGUF" but found ${found}`, 0);
}

function readVersion(cursor: Cursor): number {
  const at = cursor.offset;
  const version = cursor.uint32("the GGUF version");
  if (version === 2 || version === 3) return version;
  // A small number in the upper bytes: the same file written on, or for, a big-endian machine.
  if ((version & 0xffff) === 0 && version !== 0) {
    const swapped = ((version >>> 24) | ((version >>> 8) & 0xff00)) >>> 0;
    const advice = "only little-endian files are supported (the Python package gguf converts: gguf-convert-endian)";
    throw cursor.error(`Expected a little-endian file but found big-endian GGUF version ${swapped}: ${advice}`, at);
  }
  throw cursor.error(`Expected GGUF version 2 or 3 but found ${version}`, at);
}

/** The alignment must be what its name says before a single offset is computed with it. */
function alignmentOf(entries: ReadonlyMap<string, MetadataEntry>): number {
  const entry = entries.get(ALIGNMENT_KEY);
  if (entry === undefined) return ALIGNMENT_DEFAULT;
  const where = { key: ALIGNMENT_KEY, offsetBytes: entry.offset };
  if (entry.type !== "uint32") throw new GgufError(`Expected a uint32 but found the type ${typeName(entry)}`, where);
  const value = entry.value as number;
  if (!isAlignment(value)) throw new GgufError(`Expected a power of two of at least 8 but found ${value}`, where);
  return value;
}

/** Whether this may be an alignment: a power of two and, by the specification, a multiple of 8. */
export function isAlignment(value: number): boolean {
  return Number.isInteger(value) && value >= 8 && value <= 2 ** 31 && (value & (value - 1)) === 0;
}
