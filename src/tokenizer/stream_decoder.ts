/**
 * Text from tokens that arrive one by one: never half a character. The pieces together are what `TextDecoder` makes of
 * all the bytes: what is not UTF-8 becomes U+FFFD, as soon as it is certain.
 */

import { LeadingSpace } from "./leading_space.ts";
import type { DecodeOptions, Tokenizer } from "./tokenizer.ts";

/** Options of {@linkcode StreamDecoder}. */
export interface StreamDecoderOptions extends DecodeOptions {
  /** The token before the first one, such as the last one of the prompt. Default: none, the text begins here. */
  previousToken?: number | undefined;
}

const SPACE = 0x20;

/** The bytes of an unfinished character, at most. */
const UNFINISHED_MAX = 3;

const NOTHING = new Uint8Array(0);

// A token may be a byte order mark: it must not be swallowed.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Decodes the tokens of one text. */
export class StreamDecoder {
  readonly #tokenizer: Tokenizer;
  readonly #special: boolean;
  readonly #leadingSpace: LeadingSpace;
  /** The beginning of a character whose end has not come yet. */
  #unfinished: Uint8Array = NOTHING;

  constructor(tokenizer: Tokenizer, options: StreamDecoderOptions = {}) {
    const { special = false, previousToken } = options;
    this.#tokenizer = tokenizer;
    this.#special = special;
    const previousType = previousToken === undefined ? undefined : tokenizer.tokenType(previousToken);
    this.#leadingSpace = new LeadingSpace(tokenizer.addSpacePrefix, previousType);
  }

  /** The text that is complete with this token; empty when none is. */
  push(token: number): string {
    const bytes = this.#withUnfinished(this.#bytes(token));
    if (bytes.length === 0) return "";
    const end = bytes.length - unfinishedBytes(bytes);
    if (end === bytes.length) {
      this.#unfinished = NOTHING;
      return decoder.decode(bytes);
    }
    this.#unfinished = bytes.slice(end);
    return end === 0 ? "" : decoder.decode(bytes.subarray(0, end));
  }

  /** The rest: U+FFFD when the last character was not finished. The decoder can then be used for what follows. */
  flush(): string {
    const text = decoder.decode(this.#unfinished);
    this.#unfinished = NOTHING;
    return text;
  }

  /** What the token adds to the text. */
  #bytes(token: number): Uint8Array {
    const bytes = this.#tokenizer.tokenBytes(token, { special: this.#special });
    const type = this.#tokenizer.tokenType(token);
    const drops = this.#leadingSpace.drops({ type, empty: bytes.length === 0 });
    return drops && bytes[0] === SPACE ? bytes.subarray(1) : bytes;
  }

  #withUnfinished(piece: Uint8Array): Uint8Array {
    if (this.#unfinished.length === 0) return piece;
    const bytes = new Uint8Array(this.#unfinished.length + piece.length);
    bytes.set(this.#unfinished);
    bytes.set(piece, this.#unfinished.length);
    return bytes;
  }
}

/** How many bytes at the end begin a character that more bytes could finish (The Unicode Standard, table 3-7). */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let count = 1; count <= Math.min(UNFINISHED_MAX, bytes.length); count++) {
    const lead = bytes[bytes.length - count];
    if ((lead & 0xc0) === 0x80) continue;
    return count < characterBytes(lead) && secondFits(bytes, bytes.length - count) ? count : 0;
  }
  return 0;
}

/** How many bytes a character takes that begins with this one; 0 when none does. */
function characterBytes(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/**
 * Whether the second byte, if it is there, may follow the first: not in overlong forms, surrogates and beyond U+10FFFF.
 */
function secondFits(bytes: Uint8Array, at: number): boolean {
  const second = bytes[at + 1];
  if (second === undefined) return true;
  switch (bytes[at]) {
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second <= 0x9f;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second <= 0x8f;
    default:
      return true;
  }
}
