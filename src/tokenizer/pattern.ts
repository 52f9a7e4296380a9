/**
 * Matching of split patterns (regular expressions in the subset of pattern_parser.ts). Not `RegExp`, for three reasons:
 * its Unicode version differs between runtimes (unicode.ts); a run of a million spaces must not cost a million entries
 * of a backtracking stack; and `\s` means something else in JavaScript. Recursion is as deep as the pattern is long,
 * whatever the text; the loops over repeats go back by counting.
 */

import { parsePattern, type PatternNode } from "./pattern_parser.ts";

/** A compiled pattern. */
export interface Pattern {
  readonly source: string;
  readonly first: PatternNode;
}

/** A piece of a text: nothing outside of `[start, end)` exists for a match. */
export interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * @throws {SyntaxError} When the pattern uses what pattern_parser.ts does not know.
 */
export function compilePattern(source: string): Pattern {
  return { source, first: parsePattern(source) };
}

/** Where the match that begins at `at` ends; -1 when there is none. The text must be well-formed. */
export function matchAt(pattern: Pattern, piece: Piece, at: number): number {
  return match(pattern.first, piece, at);
}

/** How many code units the code point at `at` takes. */
export function unitsAt(text: string, at: number): number {
  return isHighSurrogate(text.charCodeAt(at)) ? 2 : 1;
}

function match(from: PatternNode | undefined, piece: Piece, start: number): number {
  let at = start;
  let node = from;
  while (node !== undefined) {
    if (node.kind === "repeat") {
      if (node.max !== 1 || node.min !== 1) return matchRepeat(node, piece, at);
      if (at >= piece.end) return -1;
      const codePoint = codePointAt(piece.text, at);
      if (!node.set.has(codePoint)) return -1;
      at += codePoint > 0xffff ? 2 : 1;
      node = node.next;
    } else if (node.kind === "choice") {
      for (const alternative of node.alternatives) {
        const end = match(alternative, piece, at);
        if (end >= 0) return end;
      }
      return -1;
    } else {
      if (node.kind === "end" ? at !== piece.end : looks(node, piece, at) !== node.wanted) return -1;
      node = node.next;
    }
  }
  return at;
}

/** As many code points as possible, then fewer and fewer until the rest matches. */
function matchRepeat(node: PatternNode & { kind: "repeat" }, piece: Piece, start: number): number {
  const { set, min, max, next } = node;
  const { text, end } = piece;
  let at = start;
  let count = 0;
  while (count < max && at < end) {
    const codePoint = codePointAt(text, at);
    if (!set.has(codePoint)) break;
    at += codePoint > 0xffff ? 2 : 1;
    count++;
  }
  if (next === undefined) return count < min ? -1 : at;
  for (; count >= min; count--) {
    const found = match(next, piece, at);
    if (found >= 0) return found;
    if (count > 0) at -= isLowSurrogate(text.charCodeAt(at - 1)) ? 2 : 1;
  }
  return -1;
}

function looks(node: PatternNode & { kind: "look" }, piece: Piece, at: number): boolean {
  const { text, start, end } = piece;
  if (node.ahead) return at < end && node.set.has(codePointAt(text, at));
  if (at <= start) return false;
  return node.set.has(codePointAt(text, isLowSurrogate(text.charCodeAt(at - 1)) ? at - 2 : at - 1));
}

/** `codePointAt` of a well-formed text, inlined by hand: it is most of the work. */
function codePointAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return isHighSurrogate(unit) ? ((unit - 0xd800) << 10) + (text.charCodeAt(at + 1) - 0xdc00) + 0x10000 : unit;
}

function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}
