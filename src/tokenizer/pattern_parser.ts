/**
 * Reads the regular expressions of split patterns, as the tokenizers' authors publish them. Understands what these use
 * and refuses everything else: alternatives, classes, properties, `? * + {m,n}` (greedy), groups that are optional or
 * not, and looking at one code point ahead or behind. What it means to match is in pattern.ts.
 */

import { CodePointSet, type CodePointSetParts } from "./code_point_set.ts";
import { kindBits, type Property } from "./unicode.ts";

/** A step of a match. `next` is the step after it, `undefined` at the end of the pattern. */
export type PatternNode =
  /** `min` to `max` code points of a set, as many as possible. */
  | { readonly kind: "repeat"; set: CodePointSet; min: number; max: number; next: PatternNode | undefined }
  /** The first alternative with which the rest matches; each leads to the rest by itself, `undefined` being the end. */
  | { readonly kind: "choice"; alternatives: (PatternNode | undefined)[] }
  /** Whether the code point ahead or behind is one of the set. There is none at the ends of the text. */
  | { readonly kind: "look"; set: CodePointSet; ahead: boolean; wanted: boolean; next: PatternNode | undefined }
  /** The end of the text. */
  | { readonly kind: "end"; next: PatternNode | undefined };

/** What a pattern is written as, before its steps know what follows them. */
type Item = (next: PatternNode | undefined) => PatternNode;

const escapes: Readonly<Record<string, number>> = { r: 0x0d, n: 0x0a, t: 0x09, f: 0x0c, v: 0x0b };

/** The first step of the pattern. */
export function parsePattern(source: string): PatternNode {
  const parser = new Parser(source);
  const alternatives = parser.alternatives();
  parser.expectEnd();
  return choice(alternatives, undefined);
}

class Parser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  expectEnd(): void {
    if (this.#at < this.#source.length) throw this.#error("the end");
  }

  /** Alternatives up to the end or a closing parenthesis. */
  alternatives(): Item[][] {
    const alternatives: Item[][] = [[]];
    while (this.#at < this.#source.length && !this.#source.startsWith(")", this.#at)) {
      if (this.#take("|")) alternatives.push([]);
      else alternatives[alternatives.length - 1].push(this.#item());
    }
    return alternatives;
  }

  #item(): Item {
    for (const [start, ahead, wanted] of lookStarts) {
      if (!this.#take(start)) continue;
      const set = this.#set();
      if (!this.#take(")")) throw this.#error('")"');
      return (next) => ({ kind: "look", set, ahead, wanted, next });
    }
    if (this.#take("(?:")) {
      const alternatives = this.alternatives();
      if (!this.#take(")")) throw this.#error('")"');
      if (this.#take("?")) alternatives.push([]);
      return (next) => choice(alternatives, next);
    }
    if (this.#take("$")) return (next) => ({ kind: "end", next });
    const set = this.#set();
    const [min, max] = this.#quantifier();
    return (next) => ({ kind: "repeat", set, min, max, next });
  }

  /** A class, an escape or a literal. */
  #set(): CodePointSet {
    const parts: CodePointSetParts = { kinds: 0, ranges: [], negated: false };
    if (this.#take("[")) {
      parts.negated = this.#take("^");
      while (!this.#take("]")) this.#member(parts);
    } else if (this.#take("\\S")) {
      parts.kinds = kindBits.White_Space;
      parts.negated = true;
    } else if (/[()?*+{}\]^.]/.test(this.#source[this.#at] ?? "(")) {
      throw this.#error("something to match");
    } else {
      this.#member(parts);
    }
    return new CodePointSet(parts);
  }

  /** One member of a class: a property, a code point or a range. */
  #member(parts: CodePointSetParts): void {
    if (this.#take("\\s")) {
      parts.kinds |= kindBits.White_Space;
      return;
    }
    const property = /^\\p\{(\w+)\}/.exec(this.#source.slice(this.#at, this.#at + 16));
    if (property !== null) {
      const name = property[1];
      if (!Object.hasOwn(kindBits, name)) throw this.#error("a known property");
      parts.kinds |= kindBits[name as Property];
      this.#at += property[0].length;
      return;
    }
    const first = this.#codePoint();
    const last = /^-[^\]]/.test(this.#source.slice(this.#at, this.#at + 2)) && this.#take("-")
      ? this.#codePoint()
      : first;
    parts.ranges.push([first, last]);
  }

  #codePoint(): number {
    const escaped = this.#take("\\");
    const codePoint = this.#source.codePointAt(this.#at);
    if (codePoint === undefined) throw this.#error("a character");
    const character = String.fromCodePoint(codePoint);
    this.#at += character.length;
    if (!escaped || !/[a-zA-Z0-9]/.test(character)) return codePoint;
    if (!Object.hasOwn(escapes, character)) throw this.#error("a known escape");
    return escapes[character];
  }

  #quantifier(): [min: number, max: number] {
    if (this.#take("?")) return [0, 1];
    if (this.#take("*")) return [0, Infinity];
    if (this.#take("+")) return [1, Infinity];
    const counts = /^\{(\d+)(?:,(\d+))?\}/.exec(this.#source.slice(this.#at, this.#at + 12));
    if (counts === null) return [1, 1];
    this.#at += counts[0].length;
    return [Number(counts[1]), Number(counts[2] ?? counts[1])];
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #error(expected: string): SyntaxError {
    return new SyntaxError(`Expected ${expected} at character ${this.#at} of the pattern ${this.#source}`);
  }
}

const lookStarts = [["(?=", true, true], ["(?!", true, false], ["(?<=", false, true], ["(?<!", false, false]] as const;

/** The step that tries one alternative after the other; none is needed for a single one that does something. */
function choice(alternatives: Item[][], next: PatternNode | undefined): PatternNode {
  const heads = alternatives.map((items) =>
    items.reduceRight<PatternNode | undefined>((rest, item) => item(rest), next)
  );
  if (heads.length === 1 && heads[0] !== undefined) return heads[0];
  return { kind: "choice", alternatives: heads };
}
