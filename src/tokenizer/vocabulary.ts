/**
 * The tokens of a GGUF file, checked: their bytes, types and scores. What the bytes mean is left to the tokenizer
 * models, which tokens have a role to special_tokens.ts.
 */

import type { Metadata } from "../gguf/metadata.ts";
import { ByteTable } from "./byte_table.ts";
import { PRIORITIES_MAX } from "./pair_merger.ts";
import type { TokenType } from "./tokenizer.ts";

/** The keys of the vocabulary. */
export const TOKENS_KEY = "tokenizer.ggml.tokens";
export const SCORES_KEY = "tokenizer.ggml.scores";
const TYPES_KEY = "tokenizer.ggml.token_type";

/** The types in the order of their numbers in the file (`enum llama_token_type`). */
export const tokenTypes: readonly TokenType[] = [
  "undefined",
  "normal",
  "unknown",
  "control",
  "user-defined",
  "unused",
  "byte",
];

/** The numbers of the types, for comparisons in loops. */
export const typeNumbers = {
  undefined: 0,
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

/** Ranks of scores are priorities of merges; the largest vocabularies have a thirtieth of it. */
const TOKENS_MAX = PRIORITIES_MAX;

/** How many tokens are read between two yields: a tenth of a millisecond. */
const TOKENS_PER_STEP = 512;

/** How many numbers of an array are read between two yields. */
const NUMBERS_PER_STEP = 16_384;

const textEncoder = new TextEncoder();
const looseDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The tokens of a file. */
export interface Vocabulary {
  /** How many tokens there are. */
  readonly size: number;
  /** The bytes of each token as the file writes it, and the search for them. */
  readonly table: ByteTable;
  /** The number of each token's type (`typeNumbers`). special_tokens.ts corrects what files are known to get wrong. */
  readonly types: Uint8Array;
  /** Whether the file gives the types; where it does not, all are normal at first. */
  readonly hasTypes: boolean;
  /** The score of each token; `undefined` when the file has none. */
  readonly scores: Float32Array | undefined;
}

/**
 * Reads and checks the vocabulary.
 *
 * @throws {GgufError} When it is missing, empty, has a token twice, or when scores or types do not fit it.
 */
export function* readVocabulary(metadata: Metadata): Generator<void, Vocabulary> {
  const tokens = metadata.getStrings(TOKENS_KEY, { purpose: "the tokenizer" });
  const size = tokens.length;
  if (size === 0) throw metadata.errorAt(TOKENS_KEY, "Expected at least one token but found an empty array");
  if (size > TOKENS_MAX) throw metadata.errorAt(TOKENS_KEY, `Expected at most ${TOKENS_MAX} tokens but found ${size}`);
  const types = yield* readTypes(metadata, size);
  const scores = yield* readScores(metadata, size);
  // All but the last token, without the 8 bytes of a length between two; the table grows when that is not enough.
  const table = new ByteTable(size, tokens.offsetOf(size - 1) - tokens.offsetOf(0) - 8 * (size - 1) + 64);
  for (let token = 0; token < size; token++) {
    let bytes = tokens.bytes(token);
    if (bytes.length === 0) bytes = textEncoder.encode(`[EMPTY_${token}]`);
    const added = table.add(bytes);
    if (added !== -1) throw notAdded(metadata, { token, other: added, text: looseDecoder.decode(bytes) });
    if (token % TOKENS_PER_STEP === TOKENS_PER_STEP - 1) yield;
  }
  return {
    size,
    table,
    types: types ?? new Uint8Array(size).fill(typeNumbers.normal),
    hasTypes: types !== undefined,
    scores,
  };
}

/** The text of a token as the file writes it, with U+FFFD for what is not UTF-8. */
export function textOf(vocabulary: Vocabulary, token: number): string {
  return looseDecoder.decode(vocabulary.table.bytes(token));
}

/** The number of the token with this text; `undefined` when there is none. */
export function tokenWithText(vocabulary: Vocabulary, text: string): number | undefined {
  const token = vocabulary.table.find(textEncoder.encode(text));
  return token < 0 ? undefined : token;
}

/** The byte that "<0x41>" stands for; `undefined` for every other text. Strictly two hexadecimal digits. */
export function byteOfHexText(bytes: Uint8Array): number | undefined {
  // "<0x" and ">"
  if (bytes.length !== 6 || bytes[0] !== 0x3c || bytes[1] !== 0x30 || bytes[2] !== 0x78 || bytes[5] !== 0x3e) {
    return undefined;
  }
  const high = hexDigit(bytes[3]);
  const low = hexDigit(bytes[4]);
  return high < 0 || low < 0 ? undefined : 16 * high + low;
}

function hexDigit(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  const letter = character | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** Whether the token may come out of ordinary text. */
export function mayArise(vocabulary: Vocabulary, token: number): boolean {
  const type = vocabulary.types[token];
  return type === typeNumbers.normal || type === typeNumbers.userDefined;
}

/** For files that do not say which tokens are bytes: those whose text is "<0xXX>". */
export function* markHexTextsAsBytes(vocabulary: Vocabulary): Generator<void, void> {
  for (let token = 0; token < vocabulary.size; token++) {
    if (token % (4 * TOKENS_PER_STEP) === 0) yield;
    if (vocabulary.types[token] !== typeNumbers.normal) continue;
    if (byteOfHexText(vocabulary.table.bytes(token)) !== undefined) vocabulary.types[token] = typeNumbers.byte;
  }
}

/**
 * Checks the tokens of type byte: their text is "<0xXX>" and no byte has two.
 *
 * @returns The token of each of the 256 bytes, -1 where there is none.
 */
export function* readByteTokens(metadata: Metadata, vocabulary: Vocabulary): Generator<void, Int32Array> {
  const byteTokens = new Int32Array(256).fill(-1);
  for (let token = 0; token < vocabulary.size; token++) {
    if (token % (16 * TOKENS_PER_STEP) === 0) yield;
    if (vocabulary.types[token] !== typeNumbers.byte) continue;
    const byte = byteOfHexText(vocabulary.table.bytes(token));
    const found = () => JSON.stringify(textOf(vocabulary, token));
    if (byte === undefined) {
      throw metadata.errorAt(
        TOKENS_KEY,
        `Expected byte token ${token} to be "<0x00>" to "<0xFF>" but found ${found()}`,
        {
          index: token,
        },
      );
    }
    if (byteTokens[byte] >= 0) {
      const message = `Expected one token for each byte but found ${byteTokens[byte]} and ${token}, ${found()}`;
      throw metadata.errorAt(TOKENS_KEY, message, { index: token });
    }
    byteTokens[byte] = token;
  }
  return byteTokens;
}

function* readTypes(metadata: Metadata, size: number): Generator<void, Uint8Array | undefined> {
  if (!metadata.has(TYPES_KEY)) return undefined;
  const numbers = metadata.getNumbers(TYPES_KEY, { elementTypes: ["int32", "uint32"], length: size });
  const types = new Uint8Array(size);
  for (let token = 0; token < size; token++) {
    if (token % NUMBERS_PER_STEP === 0) yield;
    const number = numbers[token];
    // llama.cpp takes numbers it does not know for "undefined" as well.
    types[token] = number >= 0 && number < tokenTypes.length ? number : typeNumbers.undefined;
  }
  return types;
}

function* readScores(metadata: Metadata, size: number): Generator<void, Float32Array | undefined> {
  if (!metadata.has(SCORES_KEY)) return undefined;
  const numbers = metadata.getNumbers(SCORES_KEY, { elementTypes: ["float32", "int32"], length: size });
  const scores = new Float32Array(size);
  for (let token = 0; token < size; token++) {
    if (token % NUMBERS_PER_STEP === 0) yield;
    scores[token] = numbers[token];
    if (!Number.isNaN(numbers[token])) continue;
    throw metadata.errorAt(SCORES_KEY, `Expected scores to be numbers but found NaN for token ${token}`, {
      index: token,
    });
  }
  return scores;
}

function notAdded(metadata: Metadata, found: { token: number; other: number; text: string }): Error {
  const { token, other } = found;
  const text = JSON.stringify(found.text.slice(0, 64));
  const message = other < 0
    ? `Expected an ordinary vocabulary but found tokens that are made to collide, such as ${token}, ${text}`
    : `Expected every token once but found ${text} as ${other} and as ${token}`;
  return metadata.errorAt(TOKENS_KEY, message, { index: token });
}
