/** How text is cut into words: our matcher against the runtime's regular expressions, and what those get wrong. */

import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { runWhole } from "../../src/time_slice.ts";
import { compilePattern, matchAt, unitsAt } from "../../src/tokenizer/pattern.ts";
import { compilePatterns, preTokenizers, splitWords } from "../../src/tokenizer/pretokenize.ts";
import { kindOf, kindTable } from "../../src/tokenizer/unicode.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { randomText } from "./random_text.ts";

/** The words of a text. */
function split(patterns: readonly string[], text: string): string[] {
  const ends = runWhole(splitWords(runWhole(compilePatterns({ patterns })), { text, start: 0, end: text.length }));
  return wordsOf(text, [...ends.toArray()]);
}

function wordsOf(text: string, ends: number[]): string[] {
  return ends.map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end));
}

/** The same by `RegExp`, each pattern on the pieces the one before it made. */
function splitByRegExp(patterns: readonly string[], text: string): string[] {
  let pieces = text === "" ? [] : [text];
  for (const pattern of patterns) {
    const source = pattern.replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}");
    const expression = new RegExp(source, "gu");
    pieces = pieces.flatMap((piece) => {
      const ends = [...piece.matchAll(expression)].flatMap((match) => [match.index, match.index + match[0].length]);
      return wordsOf(piece, [...ends, piece.length]).filter((word) => word !== "");
    });
  }
  return pieces;
}

/** Only characters that every version of Unicode since ours agrees on: assigned, and not U+0295. */
function agreed(text: string): string {
  const table = kindTable();
  return [...text].filter((character) => {
    const codePoint = character.codePointAt(0)!;
    return codePoint !== 0x295 && (kindOf(table, codePoint) !== 10 || /\p{Cc}|\p{Cf}|\p{Co}/u.test(character));
  }).join("");
}

/** Texts in which the patterns differ: contractions, capitals, digits, runs of spaces and line breaks. */
function patternText(random: () => number): string {
  const parts = [
    "'s",
    "'LL",
    "'x",
    "Hello",
    "iPhone",
    "\u00c9t\u00e9",
    "e\u0301a",
    "1",
    "22",
    "333",
    "4444",
    " ",
    "  ",
    "\n",
  ];
  parts.push(
    "\r\n",
    "\t",
    "\u0085",
    "\ufeff",
    "\u3000",
    "...",
    "!?",
    "$",
    "=",
    "\u4f60\u597d",
    "\u30ab",
    "\uff01",
    "/",
    "\u{1f600}",
  );
  return Array.from({ length: random() % 12 }, () => parts[random() % parts.length]).join("");
}

describe("splitting into words", () => {
  for (const [name, { patterns }] of Object.entries(preTokenizers)) {
    it(`for ${name} is what the patterns say`, () => {
      const random = seededRandom(30);
      for (let i = 0; i < 150; i++) {
        const text = agreed(i % 2 === 0 ? randomText(random, 40) : patternText(random));
        assert.deepEqual(split(patterns, text), splitByRegExp(patterns, text));
        assert.equal(split(patterns, text).join(""), text);
      }
    });
  }

  it("counts U+0085 as white space and U+FEFF not, other than JavaScript", () => {
    const { patterns } = preTokenizers["gpt-2"];
    assert.deepEqual(split(patterns, "a\u0085\u0085b"), ["a", "\u0085", "\u0085", "b"]);
    assert.deepEqual(split(patterns, "a\ufeff\ufeffb"), ["a", "\ufeff\ufeff", "b"]);
  });

  it("never cuts a character beyond the BMP in two", () => {
    assert.deepEqual(split(["[^\u{10400}]"], "\u{10400}a\u{10400}"), ["\u{10400}", "a", "\u{10400}"]);
  });

  it("is by Unicode 15.1 in every runtime", () => {
    const { patterns } = preTokenizers["gpt-2"];
    // Letters since Unicode 16 and 17, which are no letters yet here.
    for (const letter of ["\u{105c0}", "\ua7cb", "\u{10940}"]) {
      assert.deepEqual(split(patterns, `a${letter}b`), ["a", letter, "b"]);
    }
    assert.deepEqual(split(patterns, "a\u{31350}b"), ["a\u{31350}b"]);
  });

  it("knows the differences between the families", () => {
    const words = (name: string) => split(preTokenizers[name].patterns, "It'S 12345\r\n  \n x\u00e9Y");
    assert.deepEqual(words("gpt-2"), ["It", "'", "S", " 12345", "\r\n  \n", " x\u00e9Y"]);
    assert.deepEqual(words("qwen2"), ["It", "'S", " ", "1", "2", "3", "4", "5", "\r\n  \n", " x\u00e9Y"]);
    assert.deepEqual(words("llama-bpe"), ["It", "'S", " ", "123", "45", "\r\n  \n", " x\u00e9Y"]);
    assert.deepEqual(words("tekken").slice(-2), [" x\u00e9", "Y"]);
    assert.deepEqual(words("starcoder").slice(0, 6), ["It", "'", "S", " ", "1", "2"]);
  });
});

describe("splitting takes linear time for runs that a backtracking search would try from every place", () => {
  const families = new Map(Object.entries(preTokenizers).map(([name, { patterns }]) => [patterns, name]));
  for (const [patterns, name] of families) {
    it(`for ${name} and those like it`, { timeout: 60_000 }, () => {
      for (const unit of [" ", "\n", "A", "a", "'", "5", "\u4f60", "\u0301"]) {
        const before = process.cpuUsage();
        const words = split(patterns, `${unit.repeat(40_000)}\u4f60 5${unit.repeat(40_000)}x`);
        const { user, system } = process.cpuUsage(before);
        assert.ok(words.length > 0);
        // Processor time, because other programs need the machine too. Quadratic time would be many seconds.
        assert.ok(user + system < 2e6, `${(user + system) / 1000} ms for a run of ${JSON.stringify(unit)}`);
      }
    });
  }
});

describe("patterns", () => {
  it("match as RegExp does, with characters beyond the BMP too", () => {
    const sources = [
      "\\p{L}{1,3}\\p{L}",
      "\\p{L}*[\u{10400}b]x?",
      "(?:a|\\p{L})?\\p{L}$",
      "\\p{L}+(?=x)",
      "(?<=a)\\p{L}+",
      "(?<!\u{10400})b+",
    ];
    const random = seededRandom(31);
    for (let i = 0; i < 1500; i++) {
      const text = Array.from({ length: random() % 6 }, () => ["a", "b", "x", " ", "\u{10400}"][random() % 5]).join("");
      const source = sources[random() % sources.length];
      const pattern = compilePattern(source);
      for (let at = 0; at <= text.length; at += unitsAt(text, at)) {
        const expression = new RegExp(source, "uy");
        expression.lastIndex = at;
        const found = matchAt(pattern, { text, start: 0, end: text.length }, at);
        assert.equal(found, expression.test(text) ? expression.lastIndex : -1, `${source} in ${text} at ${at}`);
      }
    }
  });

  it("are refused when they use what is not understood", () => {
    const sources = [
      "a.c",
      "(a)",
      "(?<name>a)",
      "a++",
      "[a",
      "\\d",
      "\\w+",
      "\\p{Script=Han}",
      "\\p{constructor}",
      "a|)",
      "(?:a",
      "*a",
    ];
    for (const source of sources) {
      assert.throws(() => compilePattern(source), SyntaxError, source);
    }
  });
});
