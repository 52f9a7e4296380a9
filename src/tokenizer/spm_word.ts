/** Merges the characters of one word by the scores of the tokens they make: the inner part of SentencePiece's BPE. */

import type { IntList } from "./int_list.ts";
import { type MergeRules, PairMerger, type Symbols } from "./pair_merger.ts";
import { mayArise, type Vocabulary } from "./vocabulary.ts";

/** What merging needs to know. */
export interface SpmWordParts {
  readonly vocabulary: Vocabulary;
  /** The rank of each token's score, 0 for the highest. */
  readonly ranks: Int32Array;
  /** The token of each byte, -1 where there is none. */
  readonly byteTokens: Int32Array;
  /** The token for characters that have none and whose bytes have none; -1 to leave them out. */
  readonly unknown: number;
}

/** The bytes `[start, end)` of a word. */
export interface Word {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** What stands for the token of a symbol that is still one character: it is looked up only if it stays one. */
const CHARACTER = -1;

/** Merges the characters of a word. */
export class SpmWordMerger implements MergeRules {
  readonly #parts: SpmWordParts;
  readonly #merger: PairMerger;
  /** Where each symbol begins; a symbol ends where the next one begins. */
  readonly #starts: Int32Array;
  /** The first symbol whose token is not in the list yet; -1 when all are. */
  #finished = -1;
  #word: Word = { bytes: new Uint8Array(0), start: 0, end: 0 };

  /** For words of up to `capacity` characters. */
  constructor(parts: SpmWordParts, capacity: number) {
    this.#parts = parts;
    this.#merger = new PairMerger(this, capacity);
    this.#starts = new Int32Array(capacity);
  }

  start(word: Word): void {
    this.#word = word;
    const { bytes, start, end } = word;
    let count = 0;
    for (let at = start; at < end; at += characterBytes(bytes[at])) this.#starts[count++] = at;
    this.#merger.start(count);
    this.#merger.tokens.fill(CHARACTER, 0, count);
    this.#finished = 0;
  }

  run(steps?: number): boolean {
    return this.#merger.run(steps);
  }

  /** Adds the tokens of at most `symbols` symbols more to the list; whether these were all. */
  finish(tokens: IntList, symbols: number = Infinity): boolean {
    for (let done = 0; done < symbols && this.#finished >= 0; done++) {
      const symbol = this.#finished;
      const merged = this.#merger.tokens[symbol];
      if (merged !== CHARACTER) tokens.push(merged);
      else this.#addCharacter(tokens, this.#starts[symbol], this.#end(this.#merger, symbol));
      this.#finished = this.#merger.next[symbol];
    }
    return this.#finished < 0;
  }

  find(symbols: Symbols, left: number, right: number): number {
    return this.#token(this.#starts[left], this.#end(symbols, right));
  }

  priority(merge: number): number {
    return this.#parts.ranks[merge];
  }

  result(merge: number): number {
    return merge;
  }

  /** Adds the token of a character that was not merged, or those of its bytes. */
  #addCharacter(tokens: IntList, start: number, end: number): void {
    const token = this.#token(start, end);
    if (token >= 0) {
      tokens.push(token);
      return;
    }
    const { byteTokens, unknown } = this.#parts;
    const bytes = this.#word.bytes.subarray(start, end);
    if (bytes.every((byte) => byteTokens[byte] >= 0)) { for (const byte of bytes) tokens.push(byteTokens[byte]); }
    else if (unknown >= 0) tokens.push(unknown);
  }

  #end(symbols: Symbols, symbol: number): number {
    const after = symbols.next[symbol];
    return after < 0 ? this.#word.end : this.#starts[after];
  }

  #token(start: number, end: number): number {
    const { vocabulary } = this.#parts;
    const token = vocabulary.table.find(this.#word.bytes, start, end);
    return token >= 0 && mayArise(vocabulary, token) ? token : -1;
  }
}

/** How many characters a word has. */
export function countCharacters(word: Word): number {
  let count = 0;
  for (let at = word.start; at < word.end; at += characterBytes(word.bytes[at])) count++;
  return count;
}

/** How many bytes the character takes that begins with this one. */
function characterBytes(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
