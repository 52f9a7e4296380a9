/**
 * SentencePiece's BPE ("llama" in the file): spaces become U+2581, and of all neighbours that make a token the pair
 * whose token has the highest score is merged first. Characters without a token become tokens of their bytes. The
 * algorithm: Kudo and Richardson 2018, `bpe_model.cc` of https://github.com/google/sentencepiece.
 */

import type { Metadata } from "../gguf/metadata.ts";
import { assembleTokenizer, type TextRange, type TokenizerModel } from "./assemble.ts";
import type { ByteList } from "./byte_list.ts";
import type { IntList } from "./int_list.ts";
import { rankScores } from "./rank_scores.ts";
import { SpecialMatcher } from "./special_matcher.ts";
import { readSpecialTokens, unknownFallback } from "./special_tokens.ts";
import { countCharacters, SpmWordMerger, type SpmWordParts, type Word } from "./spm_word.ts";
import type { Tokenizer } from "./tokenizer.ts";
import {
  markHexTextsAsBytes,
  mayArise,
  readByteTokens,
  readVocabulary,
  SCORES_KEY,
  typeNumbers,
  type Vocabulary,
} from "./vocabulary.ts";
import { WordCache } from "./word_cache.ts";
import { BYTES_PER_UNIT_MAX, writeUtf8 } from "./write_utf8.ts";

const SPACE = 0x20;

/** U+2581 in UTF-8: stands for the space. */
const SPACE_MARK_BYTES = [0xe2, 0x96, 0x81] as const;

/** Words of up to this many bytes are merged at once, in memory that stays; longer ones in steps, in their own. */
const SHORT_BYTES = 768;

/** How many bytes of words are encoded between two yields. */
const BYTES_PER_STEP = 2048;

/** How many steps of merging a long word are done between two yields. */
const MERGE_STEPS = 2048;

/** How many tokens are looked at between two yields. */
const TOKENS_PER_STEP = 4096;

/** The tokenizer of a file whose model is "llama". */
export function* createSpmTokenizer(metadata: Metadata): Generator<void, Tokenizer> {
  const vocabulary = yield* readVocabulary(metadata);
  const special = readSpecialTokens(metadata, {
    vocabulary,
    defaults: { ids: { unknownToken: 0, bosToken: 1, eosToken: 2 }, addBos: true, addEos: false },
  });
  if (!vocabulary.types.includes(typeNumbers.byte)) yield* markHexTextsAsBytes(vocabulary);
  const { scores } = vocabulary;
  if (scores === undefined) {
    const message = "Expected the scores, the order of SentencePiece's merges, but the file does not have them";
    throw metadata.errorAt(SCORES_KEY, message);
  }
  const model = new SentencePieceBpe({
    vocabulary,
    ranks: yield* rankScores(scores),
    byteTokens: yield* readByteTokens(metadata, vocabulary),
    unknown: unknownFallback(special),
    addSpacePrefix: metadata.getBoolean("tokenizer.ggml.add_space_prefix", { default: true }),
    removeExtraSpaces: metadata.getBoolean("tokenizer.ggml.remove_extra_whitespaces", { default: false }),
    spacesBeginTokens: yield* doSpacesBeginTokens(vocabulary),
  });
  return assembleTokenizer({
    model,
    vocabulary,
    special,
    matcher: yield* SpecialMatcher.create(vocabulary, special.stripsRight),
    warnings: [model.missingBytes()].filter((text) => text !== undefined),
  });
}

interface SpmParts extends SpmWordParts {
  readonly addSpacePrefix: boolean;
  /** Whether spaces at the ends of a text, and all but one of several, are dropped. */
  readonly removeExtraSpaces: boolean;
  /** Whether no token goes on behind a space once it has something else: text can then be cut before spaces. */
  readonly spacesBeginTokens: boolean;
}

/** The model: ordinary text to tokens, and back. */
class SentencePieceBpe implements TokenizerModel {
  readonly kind = "spm";
  readonly addSpacePrefix: boolean;
  readonly #parts: SpmParts;
  readonly #cache = new WordCache();
  // What a short word needs. No yield comes between its first use for a word and its last.
  readonly #shortWord: SpmWordMerger;

  constructor(parts: SpmParts) {
    this.#parts = parts;
    this.addSpacePrefix = parts.addSpacePrefix;
    this.#shortWord = new SpmWordMerger(parts, SHORT_BYTES);
  }

  *encodeText(range: TextRange, tokens: IntList): Generator<void, void> {
    const bytes = this.#escape(range);
    let budget = BYTES_PER_STEP;
    for (let start = 0, end = 0; start < bytes.length; start = end) {
      end = this.#parts.spacesBeginTokens ? wordEnd(bytes, start) : bytes.length;
      if (end - start <= SHORT_BYTES) this.#encodeShort({ bytes, start, end }, tokens);
      else yield* this.#encodeLong({ bytes, start, end }, tokens);
      budget -= end - start;
      if (budget > 0) continue;
      budget = BYTES_PER_STEP;
      yield;
    }
  }

  writeText(token: number, bytes: ByteList): void {
    const { table } = this.#parts.vocabulary;
    const end = table.endOf(token);
    for (let i = table.startOf(token); i < end; i++) {
      const space = i + 2 < end && isSpaceMark(table.data, i);
      bytes.push(space ? SPACE : table.data[i]);
      if (space) i += SPACE_MARK_BYTES.length - 1;
    }
  }

  /** What is to be said about characters that cannot be written in the vocabulary's tokens. */
  missingBytes(): string | undefined {
    const missing = this.#parts.byteTokens.filter((token) => token < 0).length;
    if (missing === 0 || this.#parts.unknown >= 0) return undefined;
    return `The vocabulary has no token for ${missing} of the 256 bytes and none for unknown text: characters ` +
      "without a token are left out";
  }

  /** The text in UTF-8, with the mark for every space. */
  #escape(range: TextRange): Uint8Array {
    let { text, start, end } = range;
    if (this.#parts.removeExtraSpaces) {
      text = text.slice(start, end).split(" ").filter((part) => part !== "").join(" ");
      [start, end] = [0, text.length];
    }
    const prefix = end > start && this.addSpacePrefix ? 1 : 0;
    // A mark takes as many bytes as the longest unit does.
    const bytes = new Uint8Array(BYTES_PER_UNIT_MAX * (prefix + end - start));
    if (prefix > 0) bytes[0] = SPACE;
    const length = prefix + writeUtf8({ text, start, end }, bytes.subarray(prefix));
    return markSpaces(bytes, length);
  }

  #encodeShort(word: Word, tokens: IntList): void {
    const bytes = word.bytes.subarray(word.start, word.end);
    const end = bytes.length;
    const cached = this.#cache.accepts(end);
    if (cached && this.#cache.get({ bytes, end }, tokens)) return;
    const from = tokens.length;
    this.#shortWord.start(word);
    this.#shortWord.run();
    this.#shortWord.finish(tokens);
    if (cached) this.#cache.set({ bytes, end }, tokens, from);
  }

  *#encodeLong(word: Word, tokens: IntList): Generator<void, void> {
    const merger = new SpmWordMerger(this.#parts, countCharacters(word));
    yield;
    merger.start(word);
    yield;
    while (!merger.run(MERGE_STEPS)) yield;
    while (!merger.finish(tokens, MERGE_STEPS)) yield;
  }
}

/** Replaces the spaces in `bytes[0, length)` by marks, from the end so that nothing is overwritten too early. */
function markSpaces(bytes: Uint8Array, length: number): Uint8Array {
  let spaces = 0;
  for (let i = 0; i < length; i++) if (bytes[i] === SPACE) spaces++;
  const end = length + spaces * (SPACE_MARK_BYTES.length - 1);
  for (let from = length - 1, to = end; from >= 0; from--) {
    if (bytes[from] !== SPACE) bytes[--to] = bytes[from];
    else for (let i = SPACE_MARK_BYTES.length - 1; i >= 0; i--) bytes[--to] = SPACE_MARK_BYTES[i];
  }
  return bytes.subarray(0, end);
}

function isSpaceMark(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === SPACE_MARK_BYTES[0] && bytes[at + 1] === SPACE_MARK_BYTES[1] &&
    bytes[at + 2] === SPACE_MARK_BYTES[2];
}

/** Where the word that begins at `start` ends: before the first space behind something else. */
function wordEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isSpaceMark(bytes, at)) at += SPACE_MARK_BYTES.length;
  while (at < bytes.length && !isSpaceMark(bytes, at)) at++;
  return at;
}

/** Whether spaces are only at the beginning of the tokens that may arise; true of every vocabulary we know. */
function* doSpacesBeginTokens(vocabulary: Vocabulary): Generator<void, boolean> {
  for (let token = 0; token < vocabulary.size; token++) {
    if (token % TOKENS_PER_STEP === 0) yield;
    if (!mayArise(vocabulary, token)) continue;
    const bytes = vocabulary.table.bytes(token);
    if (wordEnd(bytes, 0) < bytes.length) return false;
  }
  return true;
}
