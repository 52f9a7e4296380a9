/**
 * Makes a tokenizer of its parts: the vocabulary, the special tokens, and a model that knows how ordinary text becomes
 * tokens. What is the same for every model is here.
 */

import { runWhole } from "../time_slice.ts";
import { ByteList } from "./byte_list.ts";
import { IntList } from "./int_list.ts";
import { LeadingSpace } from "./leading_space.ts";
import type { SpecialMatcher } from "./special_matcher.ts";
import { isMatchedWhole, type SpecialTokens } from "./special_tokens.ts";
import type { DecodeOptions, EncodeOptions, NamedTokens, Tokenizer } from "./tokenizer.ts";
import { byteOfHexText, textOf, tokenTypes, typeNumbers, type Vocabulary } from "./vocabulary.ts";

/**
 * A stretch of ordinary text within a well-formed string: from the start or a special token to the next one or the end.
 */
export interface TextRange {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** How a tokenizer model treats ordinary text. */
export interface TokenizerModel {
  readonly kind: Tokenizer["kind"];
  readonly addSpacePrefix: boolean;
  /** Adds the tokens of a text to a list. Several may be under way at once, each in its own steps. */
  encodeText(range: TextRange, tokens: IntList): Generator<void, void>;
  /** Adds the bytes that a normal token stands for. */
  writeText(token: number, bytes: ByteList): void;
}

/** What a tokenizer is made of. */
export interface TokenizerParts {
  readonly model: TokenizerModel;
  readonly vocabulary: Vocabulary;
  readonly special: SpecialTokens;
  readonly matcher: SpecialMatcher;
  readonly warnings: readonly string[];
}

const SPACE = 0x20;

// A token may be a byte order mark: it must not be swallowed.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The complete tokenizer. */
export function assembleTokenizer(parts: TokenizerParts): Tokenizer {
  const { model, vocabulary, special } = parts;
  return {
    kind: model.kind,
    vocabularySize: vocabulary.size,
    ...special.named,
    addBos: special.addBos,
    addEos: special.addEos,
    addSpacePrefix: model.addSpacePrefix,
    endOfGenerationTokens: special.endOfGeneration,
    warnings: parts.warnings,
    encode: (text, options) => runWhole(encodeSliced(parts, text, options)),
    encodeSliced: (text, options) => encodeSliced(parts, text, options),
    decode: (tokens, options) => decode(parts, tokens, options),
    tokenBytes: (token, options) => tokenBytes(parts, token, options),
    tokenText: (token) => textOf(vocabulary, checkToken(vocabulary, token)),
    tokenType: (token) => tokenTypes[vocabulary.types[checkToken(vocabulary, token)]],
  };
}

function* encodeSliced(
  parts: TokenizerParts,
  text: string,
  options: EncodeOptions = {},
): Generator<void, Int32Array<ArrayBuffer>> {
  const { special = false, addBos = false, addEos = false } = options;
  if (typeof text !== "string") throw new TypeError(`Expected text to be a string but found ${typeof text}`);
  const tokens = new IntList(16 + (text.length >> 2));
  if (addBos) tokens.push(namedToken(parts, "bosToken", "addBos"));
  const wellFormed = text.toWellFormed();
  for (const { start, end, token } of yield* parts.matcher.split(wellFormed, { trusted: special })) {
    if (token === undefined) yield* parts.model.encodeText({ text: wellFormed, start, end }, tokens);
    else tokens.push(token);
  }
  if (addEos) tokens.push(namedToken(parts, "eosToken", "addEos"));
  return tokens.toArray();
}

function namedToken(parts: TokenizerParts, name: keyof NamedTokens, option: string): number {
  const token = parts.special.named[name];
  if (token !== undefined) return token;
  throw new RangeError(`Expected ${option} to be false for a tokenizer without ${name} but found true`);
}

function decode(parts: TokenizerParts, tokens: Iterable<number>, options: DecodeOptions = {}): string {
  const { vocabulary, model } = parts;
  const { special = false } = options;
  const space = new LeadingSpace(model.addSpacePrefix);
  const bytes = new ByteList();
  for (const token of tokens) {
    const start = bytes.length;
    writeToken(parts, { token: checkToken(vocabulary, token), special }, bytes);
    const type = tokenTypes[vocabulary.types[token]];
    if (space.drops({ type, empty: bytes.length === start }) && bytes.at(start) === SPACE) bytes.remove(start);
  }
  return decoder.decode(bytes.view());
}

function tokenBytes(parts: TokenizerParts, token: number, options: DecodeOptions = {}): Uint8Array<ArrayBuffer> {
  const { special = false } = options;
  const bytes = new ByteList();
  writeToken(parts, { token: checkToken(parts.vocabulary, token), special }, bytes);
  return bytes.view();
}

/** Adds the bytes of any token to a list. */
function writeToken(parts: TokenizerParts, what: { token: number; special: boolean }, bytes: ByteList): void {
  const { vocabulary, model } = parts;
  const { token, special } = what;
  const type = vocabulary.types[token];
  if (type === typeNumbers.normal) model.writeText(token, bytes);
  else if (type === typeNumbers.byte) bytes.push(byteOfHexText(vocabulary.table.bytes(token))!);
  else if (isMatchedWhole(type) && (special || type === typeNumbers.userDefined)) {
    bytes.pushString(vocabulary.table, token);
  }
}

function checkToken(vocabulary: Vocabulary, token: number): number {
  if (Number.isInteger(token) && token >= 0 && token < vocabulary.size) return token;
  throw new RangeError(`Expected token to be an integer in [0, ${vocabulary.size}) but found ${token}`);
}
