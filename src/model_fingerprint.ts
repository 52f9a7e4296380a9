/** What tells one model file from another without reading all of it. */

import { checksum } from "./checksum.ts";
import type { ByteSource } from "./gguf/reader.ts";
import type { GgufFile } from "./gguf/parse.ts";

/** Pieces of the weights that count, evenly spread: two models of one family differ in every tensor. */
const PIECES = 64;
const PIECE_BYTES = 4096;

/**
 * A fingerprint of a model: of its whole header, its size, and 64 pieces of its weights, as hexadecimal digits.
 */
export async function modelFingerprint(source: Pick<ByteSource, "read">, file: GgufFile): Promise<string> {
  const { dataOffset, fileBytes } = file;
  const pieceBytes = Math.min(PIECE_BYTES, Math.floor((fileBytes - dataOffset) / PIECES));
  const stride = Math.floor((fileBytes - dataOffset - pieceBytes) / (PIECES - 1));
  const pieces = new Uint8Array(PIECES * pieceBytes);
  for (let i = 0; i < PIECES; i++) {
    pieces.set(await source.read(dataOffset + i * stride, pieceBytes), i * pieceBytes);
  }
  const header = await checksum(await source.read(0, Math.min(dataOffset, fileBytes)));
  const all = Uint8Array.of(...header, ...await checksum(pieces), ...new TextEncoder().encode(String(fileBytes)));
  return Array.from(await checksum(all), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
