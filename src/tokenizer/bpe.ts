/**
 * Byte-level BPE ("gpt2" in the file): text is cut into words (pretokenize.ts), a word into its UTF-8 bytes, and
 * neighbours are merged in the order of the file's list of merges. The algorithm is that of GPT-2 (Radford et al. 2019,
 * `encoder.py`).
 */

import type { Metadata } from "../gguf/metadata.ts";
import { assembleTokenizer, type TextRange, type TokenizerModel } from "./assemble.ts";
import type { ByteList } from "./byte_list.ts";
import { byteAlphabet, byteOfAlphabet } from "./byte_alphabet.ts";
import type { IntList } from "./int_list.ts";
import { readMerges } from "./merges.ts";
import { type MergeRules, PairMerger, type Symbols } from "./pair_merger.ts";
import type { PairTable } from "./pair_table.ts";
import type { Pattern } from "./pattern.ts";
import { compilePatterns, findPreTokenizer, splitWords } from "./pretokenize.ts";
import { SpecialMatcher } from "./special_matcher.ts";
import { readSpecialTokens, unknownFallback } from "./special_tokens.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { mayArise, readByteTokens, readVocabulary, type Vocabulary } from "./vocabulary.ts";
import { WordCache } from "./word_cache.ts";
import { BYTES_PER_UNIT_MAX, writeUtf8 } from "./write_utf8.ts";

/**
 * Words of up to this many UTF-16 units are merged at once, in memory that stays; longer ones in steps, in their own.
 */
const SHORT_UNITS = 256;

/** How many UTF-16 units of words are encoded between two yields. */
const UNITS_PER_STEP = 2048;

/** How many steps of merging a long word are done between two yields. */
const MERGE_STEPS = 4096;

/** The tokenizer of a file whose model is "gpt2". */
export function* createBpeTokenizer(metadata: Metadata): Generator<void, Tokenizer> {
  const vocabulary = yield* readVocabulary(metadata);
  yield* readByteTokens(metadata, vocabulary);
  const { preTokenizer, warning } = findPreTokenizer(metadata.getString("tokenizer.ggml.pre", { default: undefined }));
  const { addBos = false, ignoreMerges = false } = preTokenizer;
  const special = readSpecialTokens(metadata, { vocabulary, defaults: { ids: {}, addBos, addEos: false } });
  const pairs = yield* readMerges(metadata, vocabulary);
  const model = new ByteLevelBpe({
    vocabulary,
    pairs,
    ignoreMerges,
    patterns: yield* compilePatterns(preTokenizer),
    unknown: unknownFallback(special),
  });
  yield;
  return assembleTokenizer({
    model,
    vocabulary,
    special,
    matcher: yield* SpecialMatcher.create(vocabulary, special.stripsRight),
    warnings: [warning, model.missingBytes()].filter((text) => text !== undefined),
  });
}

interface BpeParts {
  readonly vocabulary: Vocabulary;
  readonly pairs: PairTable;
  readonly ignoreMerges: boolean;
  readonly patterns: readonly Pattern[];
  /** The token for bytes that have none; -1 to leave them out. */
  readonly unknown: number;
}

/** The model: ordinary text to tokens, and back. */
class ByteLevelBpe implements TokenizerModel, MergeRules {
  readonly kind = "bpe";
  readonly addSpacePrefix = false;
  readonly #parts: BpeParts;
  /** The token of each byte, -1 where there is none. */
  readonly #byteTokens: Int32Array;
  readonly #alphabet = byteAlphabet();
  readonly #byteOf = byteOfAlphabet();
  readonly #cache = new WordCache();
  // What a short word needs. No yield comes between its first use for a word and its last.
  readonly #merger = new PairMerger(this, BYTES_PER_UNIT_MAX * SHORT_UNITS);
  readonly #bytes = new Uint8Array(BYTES_PER_UNIT_MAX * SHORT_UNITS);
  readonly #written: Uint8Array;

  constructor(parts: BpeParts) {
    this.#parts = parts;
    const { vocabulary } = parts;
    // Two bytes for each character of the alphabet that is not ASCII.
    this.#written = new Uint8Array(vocabulary.table.longestBytes + 2);
    this.#byteTokens = Int32Array.from({ length: 256 }, (_, byte) => this.#findWhole(Uint8Array.of(byte), 1));
  }

  find(symbols: Symbols, left: number, right: number): number {
    return this.#parts.pairs.find(symbols.tokens[left], symbols.tokens[right]);
  }

  priority(merge: number): number {
    return merge;
  }

  result(merge: number): number {
    return this.#parts.pairs.results[merge];
  }

  *encodeText(range: TextRange, tokens: IntList): Generator<void, void> {
    const { text } = range;
    const ends = yield* splitWords(this.#parts.patterns, range);
    let units = 0;
    for (let i = 0, start = range.start; i < ends.length; i++) {
      const end = ends.at(i);
      if (end - start <= SHORT_UNITS) this.#encodeShort({ text, start, end }, tokens);
      else yield* this.#encodeLong({ text, start, end }, tokens);
      units += end - start;
      start = end;
      if (units < UNITS_PER_STEP) continue;
      units = 0;
      yield;
    }
  }

  writeText(token: number, bytes: ByteList): void {
    const { table } = this.#parts.vocabulary;
    const end = table.endOf(token);
    for (let i = table.startOf(token); i < end; i++) {
      const first = table.data[i];
      if (first < 0x80) {
        bytes.push(this.#byteOf[first] < 0 ? first : this.#byteOf[first]);
        continue;
      }
      // The rest of the alphabet takes two bytes a character. Whatever is outside of it is what it is.
      const codePoint = (first & 0xe0) === 0xc0 && i + 1 < end ? ((first & 0x1f) << 6) | (table.data[i + 1] & 0x3f) : 0;
      const byte = codePoint < this.#byteOf.length ? this.#byteOf[codePoint] : -1;
      bytes.push(byte < 0 ? first : byte);
      if (byte >= 0) i++;
    }
  }

  /** What is to be said about characters that cannot be written in the vocabulary's tokens. */
  missingBytes(): string | undefined {
    if (this.#parts.unknown >= 0) return undefined;
    const missing = [...this.#byteTokens.keys()].filter((byte) => this.#byteTokens[byte] < 0 && !isUnusual(byte));
    if (missing.length === 0) return undefined;
    const bytes = missing.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(", ");
    return `The vocabulary has no token for the bytes ${bytes}: they are left out where they occur in text`;
  }

  #encodeShort(word: { text: string; start: number; end: number }, tokens: IntList): void {
    const end = writeUtf8(word, this.#bytes);
    const bytes = this.#bytes;
    const cached = this.#cache.accepts(end);
    if (cached && this.#cache.get({ bytes, end }, tokens)) return;
    const from = tokens.length;
    const whole = this.#parts.ignoreMerges ? this.#findWhole(bytes, end) : -1;
    if (whole >= 0) {
      tokens.push(whole);
    } else {
      this.#begin(this.#merger, bytes, end);
      this.#merger.run();
      this.#finish(this.#merger, tokens);
    }
    if (cached) this.#cache.set({ bytes, end }, tokens, from);
  }

  *#encodeLong(word: { text: string; start: number; end: number }, tokens: IntList): Generator<void, void> {
    const bytes = new Uint8Array(BYTES_PER_UNIT_MAX * (word.end - word.start));
    const end = writeUtf8(word, bytes);
    const whole = this.#parts.ignoreMerges ? this.#findWhole(bytes, end) : -1;
    if (whole >= 0) {
      tokens.push(whole);
      return;
    }
    yield;
    const merger = new PairMerger(this, end);
    this.#begin(merger, bytes, end);
    yield;
    while (!merger.run(MERGE_STEPS)) yield;
    this.#finish(merger, tokens);
  }

  #begin(merger: PairMerger, bytes: Uint8Array, end: number): void {
    merger.start(end);
    for (let i = 0; i < end; i++) merger.tokens[i] = this.#byteTokens[bytes[i]];
  }

  #finish(merger: PairMerger, tokens: IntList): void {
    for (let symbol = 0; symbol >= 0; symbol = merger.next[symbol]) {
      const token = merger.tokens[symbol];
      if (token >= 0) tokens.push(token);
      else if (this.#parts.unknown >= 0) tokens.push(this.#parts.unknown);
    }
  }

  /** The token that is the whole word `bytes[0, end)`; -1 when there is none that may arise from text. */
  #findWhole(bytes: Uint8Array, end: number): number {
    const { vocabulary } = this.#parts;
    const written = this.#written;
    let length = 0;
    for (let i = 0; i < end; i++) {
      if (length > vocabulary.table.longestBytes) return -1;
      const codePoint = this.#alphabet[bytes[i]];
      if (codePoint >= 0x80) written[length++] = 0xc0 | (codePoint >> 6);
      written[length++] = codePoint >= 0x80 ? 0x80 | (codePoint & 0x3f) : codePoint;
    }
    const token = vocabulary.table.find(written, 0, length);
    return token >= 0 && mayArise(vocabulary, token) ? token : -1;
  }
}

/**
 * Bytes that are not in UTF-8 (0xc0, 0xc1, 0xf5 and up), or begin only characters that Unicode has not assigned (0xf1
 * and 0xf2). Vocabularies lack them because training texts did.
 */
function isUnusual(byte: number): boolean {
  return byte === 0xc0 || byte === 0xc1 || byte === 0xf1 || byte === 0xf2 || byte >= 0xf5;
}
