/**
 * Saved sequences as bytes. Little-endian: 8 bytes that name the format, its version (u32), the size of the whole
 * (f64), the size of the header (u32), the header (JSON), the tokens (i32), the blocks of the key/value cache, and the
 * checksum of all that (32 bytes, see checksum.ts). What the parts mean is left to sequence_state.ts.
 */

import { checksum, CHECKSUM_BYTES } from "./checksum.ts";
import { SequenceStateError } from "./errors.ts";

/** The first byte is no text, the last is what transfers as text change. */
const MAGIC = Uint8Array.of(0x89, 0x41, 0x52, 0x50, 0x53, 0x45, 0x51, 0x0a);
const FORMAT_VERSION = 1;
const PREFIX_BYTES = MAGIC.length + 4 + 8 + 4;

/** The parts of a file. */
export interface SequenceFile {
  readonly header: unknown;
  readonly tokens: Int32Array;
  readonly blocks: Uint8Array;
}

/** The bytes of a file: the blocks and the checksum are written by the caller and by {@linkcode seal}. */
export function createFile(file: { header: unknown; tokens: Int32Array; blocksBytes: number }): {
  bytes: Uint8Array<ArrayBuffer>;
  blocks: Uint8Array;
} {
  const header = new TextEncoder().encode(JSON.stringify(file.header));
  const blocksOffset = PREFIX_BYTES + header.length + 4 * file.tokens.length;
  const bytes = new Uint8Array(blocksOffset + file.blocksBytes + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setFloat64(12, bytes.length, true);
  view.setUint32(20, header.length, true);
  bytes.set(header, PREFIX_BYTES);
  for (const [i, token] of file.tokens.entries()) view.setInt32(PREFIX_BYTES + header.length + 4 * i, token, true);
  return { bytes, blocks: bytes.subarray(blocksOffset, blocksOffset + file.blocksBytes) };
}

/** Writes the checksum. */
export async function seal(bytes: Uint8Array): Promise<void> {
  bytes.set(await checksum(bytes.subarray(0, -CHECKSUM_BYTES)), bytes.length - CHECKSUM_BYTES);
}

/**
 * Checks a file and takes it apart; `tokensOf` says how many tokens its header speaks of.
 *
 * @throws {SequenceStateError} When it is of another format or version, cut off or damaged.
 */
export async function openFile(bytes: Uint8Array, tokensOf: (header: unknown) => number): Promise<SequenceFile> {
  if (bytes.length < PREFIX_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new SequenceStateError(`Expected a saved sequence but found ${bytes.length} bytes of something else`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint32(8, true);
  if (version !== FORMAT_VERSION) {
    throw new SequenceStateError(`Expected a saved sequence of format ${FORMAT_VERSION} but found format ${version}`);
  }
  const size = view.getFloat64(12, true);
  if (size !== bytes.length || size < PREFIX_BYTES + CHECKSUM_BYTES) {
    throw new SequenceStateError(`Expected a saved sequence of ${size} bytes but found ${bytes.length}: it is cut off`);
  }
  const found = await checksum(bytes.subarray(0, -CHECKSUM_BYTES));
  if (found.some((byte, i) => bytes[bytes.length - CHECKSUM_BYTES + i] !== byte)) {
    throw new SequenceStateError("Expected a saved sequence with the checksum of its bytes but they have been changed");
  }
  const headerEnd = PREFIX_BYTES + view.getUint32(20, true);
  const header = parseHeader(bytes.subarray(PREFIX_BYTES, headerEnd));
  const count = tokensOf(header);
  const blocksBegin = headerEnd + 4 * count;
  if (blocksBegin > bytes.length - CHECKSUM_BYTES) {
    throw new SequenceStateError(`Expected room for ${count} tokens but the saved sequence has ${bytes.length} bytes`);
  }
  const tokens = Int32Array.from({ length: count }, (_, i) => view.getInt32(headerEnd + 4 * i, true));
  return { header, tokens, blocks: bytes.subarray(blocksBegin, -CHECKSUM_BYTES) };
}

function parseHeader(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new SequenceStateError("Expected a header in JSON but found something else", { cause: error });
  }
}
