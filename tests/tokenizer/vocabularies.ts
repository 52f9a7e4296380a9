/**
 * Small vocabularies for the tests of this folder, as the metadata of a GGUF file, and the real ones where they are.
 */

import { existsSync, readFileSync } from "node:fs";
import type { Metadata } from "../../src/gguf/metadata.ts";
import { parseGguf } from "../../src/gguf/parse.ts";
import { type MetadataValue, writeGguf } from "../../src/gguf/write.ts";
import { runWhole } from "../../src/time_slice.ts";
import { byteAlphabet } from "../../src/tokenizer/byte_alphabet.ts";
import { createTokenizer, type Tokenizer } from "../../src/tokenizer/mod.ts";

/** What lies next to the repository: not everywhere. */
const shared = new URL("../../../shared/", import.meta.url);

/** The model that is part of the repository. */
export const embeddedModel = new URL("../../models/arpeggio-mini-q4_k_m.gguf", import.meta.url);

/** The token types by their numbers in the file. */
export const TYPES = { undefined: 0, normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Keys without their "tokenizer.ggml." (unless they contain a dot); `undefined` leaves a key out. */
export type Keys = Readonly<Record<string, MetadataValue | undefined>>;

/** The metadata of a file with these keys. */
export function metadataOf(keys: Keys): Metadata {
  const metadata: [string, MetadataValue][] = [];
  for (const [key, value] of Object.entries(keys)) {
    if (value !== undefined) metadata.push([key.includes(".") ? key : `tokenizer.ggml.${key}`, value]);
  }
  return runWhole(parseGguf(writeGguf({ metadata, tensors: [] }))).metadata;
}

/** The tokenizer of a file with these keys. */
export function tokenizerOf(keys: Keys): Tokenizer {
  return runWhole(createTokenizer(metadataOf(keys)));
}

export function string(value: string): MetadataValue {
  return { type: "string", value };
}

export function uint(value: number): MetadataValue {
  return { type: "uint32", value };
}

export function bool(value: boolean): MetadataValue {
  return { type: "bool", value };
}

export function strings(value: readonly (string | Uint8Array)[]): MetadataValue {
  return { type: "array", elementType: "string", value };
}

export function ints(value: readonly number[]): MetadataValue {
  return { type: "array", elementType: "int32", value };
}

export function floats(value: readonly number[]): MetadataValue {
  return { type: "array", elementType: "float32", value };
}

/** A text in the alphabet of byte-level BPE. */
export function written(text: string): string {
  const alphabet = byteAlphabet();
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(alphabet[byte])).join("");
}

/** A token other than the 256 bytes and those of the merges. */
export interface ExtraToken {
  readonly text: string;
  readonly type: number;
}

/**
 * Keys of a byte-level BPE file: the 256 bytes in order, then what the merges make, then the extra tokens. A merge is
 * its two parts as plain text.
 */
export function bpeKeys(merges: readonly (readonly [string, string])[], extra: readonly ExtraToken[] = []): Keys {
  const tokens = new Set(Array.from(byteAlphabet(), (codePoint) => String.fromCharCode(codePoint)));
  for (const [left, right] of merges) tokens.add(written(left + right));
  const types = [...tokens].map((): number => TYPES.normal);
  return {
    model: string("gpt2"),
    pre: string("gpt-2"),
    tokens: strings([...tokens, ...extra.map(({ text }) => text)]),
    token_type: ints([...types, ...extra.map(({ type }) => type)]),
    merges: strings(merges.map(([left, right]) => `${written(left)} ${written(right)}`)),
  };
}

/** A normal token of a SentencePiece file; the score is its place in the order of merges when it is left out. */
export interface Piece {
  readonly text: string;
  readonly score?: number;
  readonly type?: number;
}

/** Keys of a SentencePiece file: `<unk>`, `<s>`, `</s>`, the 256 bytes (unless told not to), the pieces. */
export function spmKeys(pieces: readonly (Piece | string)[], options: { bytes?: boolean } = {}): Keys {
  const { bytes = true } = options;
  const hex = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
  const all: Piece[] = [
    { text: "<unk>", type: TYPES.unknown },
    { text: "<s>", type: TYPES.control },
    { text: "</s>", type: TYPES.control },
    ...Array.from({ length: bytes ? 256 : 0 }, (_, byte) => ({ text: hex(byte), type: TYPES.byte })),
    ...pieces.map((piece, place) => typeof piece === "string" ? { text: piece, score: -place } : piece),
  ];
  return {
    model: string("llama"),
    tokens: strings(all.map(({ text }) => text)),
    scores: floats(all.map(({ score }) => score ?? 0)),
    token_type: ints(all.map(({ type }) => type ?? TYPES.normal)),
  };
}

/** The texts of tokens, for messages that say something. */
export function textsOf(tokenizer: Tokenizer, tokens: Iterable<number>): string[] {
  return Array.from(tokens, (token) => tokenizer.tokenText(token));
}

/** Whether a file next to the repository is there, and why a test that needs it is skipped otherwise. */
export function sharedFile(path: string): { url: URL; skip: string | false } {
  const url = new URL(path, shared);
  return { url, skip: existsSync(url) ? false : `../shared/${path} is not there` };
}

/** The tokenizer of a GGUF file. */
export function tokenizerOfFile(url: URL): Tokenizer {
  return runWhole(createTokenizer(runWhole(parseGguf(readFileSync(url))).metadata));
}
