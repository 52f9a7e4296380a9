/**
 * Finds the special tokens in a text before it is cut into words: user-defined ones always, control and unknown ones
 * where the caller trusts the text. As in llama.cpp the longest text wins wherever it stands, then the next longest in
 * what is left; but in one pass over the text, however many such tokens there are.
 */

import { decodeUtf8 } from "../gguf/utf8.ts";
import { IntList } from "./int_list.ts";
import { isMatchedWhole } from "./special_tokens.ts";
import { typeNumbers, type Vocabulary } from "./vocabulary.ts";

/** A stretch of the text, and the token it is; `undefined` for ordinary text. */
export interface Fragment {
  readonly start: number;
  readonly end: number;
  readonly token: number | undefined;
}

/** A node of the tree of token texts; the way to it spells a text. */
interface TrieNode {
  readonly children: Map<number, TrieNode>;
  token: number | undefined;
  /** Whether the token is looked for only in trusted text. */
  trustedOnly: boolean;
}

interface Match {
  readonly start: number;
  readonly length: number;
  readonly token: number;
}

/** How many characters or matches are looked at between two yields. */
const STEPS = 16_384;

/** How many special tokens are prepared between two yields. */
const TOKENS_PER_STEP = 64;

/** What stands in `taken` for text that belongs to a token, and for text that is swallowed. */
const TAKEN = 1;
const SWALLOWED = 2;

/** The special tokens of a vocabulary, ready to be looked for. */
export class SpecialMatcher {
  readonly #root: TrieNode;
  readonly #stripsRight: ReadonlySet<number>;
  /** Whether a text begins with the character, for all below U+0080: most of most texts is settled by it. */
  readonly #asciiStarts: Uint8Array;

  private constructor(root: TrieNode, stripsRight: ReadonlySet<number>) {
    this.#root = root;
    this.#asciiStarts = Uint8Array.from({ length: 0x80 }, (_, unit) => Number(root.children.has(unit)));
    this.#stripsRight = stripsRight;
  }

  /** `stripsRight` are the tokens that swallow the whitespace behind them. */
  static *create(vocabulary: Vocabulary, stripsRight: ReadonlySet<number>): Generator<void, SpecialMatcher> {
    const root = trieNode();
    let found = 0;
    for (let token = 0; token < vocabulary.size; token++) {
      if (token % STEPS === 0) yield;
      const type = vocabulary.types[token];
      if (!isMatchedWhole(type)) continue;
      if (++found % TOKENS_PER_STEP === 0) yield;
      const bytes = vocabulary.table.bytes(token);
      // What is not UTF-8 is in no text.
      const text = decodeUtf8(bytes, { start: 0, end: bytes.length }) ?? "";
      if (text === "") continue;
      let node = root;
      for (let i = 0; i < text.length; i++) node = child(node, text.charCodeAt(i));
      node.token = token;
      node.trustedOnly = type !== typeNumbers.userDefined;
    }
    return new SpecialMatcher(root, stripsRight);
  }

  /** Cuts a well-formed text at its special tokens. */
  *split(text: string, options: { trusted: boolean }): Generator<void, Fragment[]> {
    const { trusted } = options;
    const starts = yield* this.#findLongest(text, trusted);
    if (starts.size === 0) return text === "" ? [] : [{ start: 0, end: text.length, token: undefined }];
    const taken = new Uint8Array(text.length);
    const chosen: Match[] = [];
    let steps = 0;
    // Shorter matches may be added on the way, so the next length is looked up each time.
    for (let length = greatest(starts); length > 0; length = greatest(starts)) {
      const candidates = ascending(starts.get(length)!);
      starts.delete(length);
      for (const start of candidates) {
        if (++steps % STEPS === 0) yield;
        if (taken[start] !== 0) continue;
        // What is taken is at least as long as this: if it overlaps, it covers an end.
        const free = taken[start + length - 1] === 0;
        const lengthMax = free ? length : taken.indexOf(TAKEN, start) - start;
        const match = this.#longestAt(text, { start, lengthMax, trusted });
        if (match === undefined) continue;
        if (free) this.#take(match, { text, taken, chosen });
        else addStart(starts, match);
      }
    }
    return fragments(chosen.sort((a, b) => a.start - b.start), { text, taken });
  }

  /** Where a match begins, by the length of the longest that begins there. */
  *#findLongest(text: string, trusted: boolean): Generator<void, Map<number, IntList>> {
    const starts = new Map<number, IntList>();
    const { children } = this.#root;
    if (children.size === 0) return starts;
    for (let start = 0; start < text.length; start++) {
      if (start % STEPS === STEPS - 1) yield;
      const unit = text.charCodeAt(start);
      if (unit < 0x80 ? this.#asciiStarts[unit] === 0 : !children.has(unit)) continue;
      const match = this.#longestAt(text, { start, lengthMax: text.length - start, trusted });
      if (match !== undefined) addStart(starts, match);
    }
    return starts;
  }

  #longestAt(text: string, options: { start: number; lengthMax: number; trusted: boolean }): Match | undefined {
    const { start, lengthMax, trusted } = options;
    let found: TrieNode | undefined;
    let foundLength = 0;
    let node: TrieNode | undefined = this.#root;
    for (let length = 1; length <= lengthMax; length++) {
      node = node.children.get(text.charCodeAt(start + length - 1));
      if (node === undefined) break;
      if (node.token === undefined || (node.trustedOnly && !trusted)) continue;
      found = node;
      foundLength = length;
    }
    return found === undefined ? undefined : { start, length: foundLength, token: found.token! };
  }

  #take(match: Match, where: { text: string; taken: Uint8Array; chosen: Match[] }): void {
    const { text, taken, chosen } = where;
    chosen.push(match);
    let end = match.start + match.length;
    taken.fill(TAKEN, match.start, end);
    if (!this.#stripsRight.has(match.token)) return;
    while (end < text.length && taken[end] === 0 && isAsciiSpace(text.charCodeAt(end))) taken[end++] = SWALLOWED;
  }
}

/** The tokens, and the text between them that was not swallowed. */
function fragments(chosen: readonly Match[], where: { text: string; taken: Uint8Array }): Fragment[] {
  const { text, taken } = where;
  const found: Fragment[] = [];
  let at = 0;
  const addText = (end: number) => {
    while (at < end && taken[at] === SWALLOWED) at++;
    if (at < end) found.push({ start: at, end, token: undefined });
  };
  for (const { start, length, token } of chosen) {
    addText(start);
    at = start + length;
    found.push({ start, end: at, token });
  }
  addText(text.length);
  return found;
}

function trieNode(): TrieNode {
  return { children: new Map(), token: undefined, trustedOnly: true };
}

function child(node: TrieNode, unit: number): TrieNode {
  let next = node.children.get(unit);
  if (next === undefined) node.children.set(unit, next = trieNode());
  return next;
}

function addStart(starts: Map<number, IntList>, match: Match): void {
  let list = starts.get(match.length);
  if (list === undefined) starts.set(match.length, list = new IntList());
  list.push(match.start);
}

/** Sorted; the lists are, except where shorter matches were added later. */
function ascending(starts: IntList): Int32Array {
  const sorted = starts.toArray();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] < sorted[i - 1]) return sorted.sort();
  return sorted;
}

function greatest(byLength: ReadonlyMap<number, unknown>): number {
  let length = 0;
  for (const candidate of byLength.keys()) if (candidate > length) length = candidate;
  return length;
}

/** C's `isspace`, by which llama.cpp swallows. */
function isAsciiSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}
