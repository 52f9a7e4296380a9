/**
 * Which space of a decoded text is not part of it. Where a file has `add_space_prefix`, `encode` puts a space before
 * text at the start and behind special tokens, so that words are the same tokens everywhere; decoding takes that space
 * away again.
 */

import type { TokenType } from "./tokenizer.ts";

/** Follows a sequence of tokens. */
export class LeadingSpace {
  readonly #addSpacePrefix: boolean;
  #pending: boolean;

  /** `previousType` is the type of the token before the first one; without it the text begins here. */
  constructor(addSpacePrefix: boolean, previousType?: TokenType) {
    this.#addSpacePrefix = addSpacePrefix;
    this.#pending = addSpacePrefix && (previousType === undefined || isSeparate(previousType));
  }

  /** Whether the next token's first byte, if it is a space, is to be dropped. `empty` tokens have no bytes. */
  drops(token: { type: TokenType; empty: boolean }): boolean {
    if (!this.#addSpacePrefix) return false;
    if (isSeparate(token.type)) {
      this.#pending = true;
      return false;
    }
    if (token.empty) return false;
    const drops = this.#pending;
    this.#pending = false;
    return drops;
  }
}

/** Whether `encode` begins anew behind a token of this type. */
function isSeparate(type: TokenType): boolean {
  return type === "control" || type === "user-defined";
}
