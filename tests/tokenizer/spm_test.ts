/** SentencePiece's BPE on small vocabularies, against an encoder that does the same in the simplest way. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../gguf/seeded_random.ts";
import { randomText } from "./random_text.ts";
import {
  bool,
  type Keys,
  type Piece,
  sharedFile,
  spmKeys,
  string,
  textsOf,
  tokenizerOf,
  tokenizerOfFile,
} from "./vocabularies.ts";
import { TYPES, uint } from "./vocabularies.ts";

const MARK = "\u2581";

/** The file with the smallest SentencePiece vocabulary that a model was trained with. */
const stories = sharedFile("models/stories260k-f32.gguf");

/** Pieces of random characters; several have the same score, so that the leftmost must win. */
function randomPieces(random: () => number, options: { count: number; spacesInside: boolean }): Piece[] {
  const letters = options.spacesInside ? `ab\u00e4${MARK}` : "ab\u00e4";
  const texts = new Set<string>([MARK, "a", "b"]);
  while (texts.size < options.count) {
    const letter = () => letters[random() % letters.length];
    const text = Array.from({ length: 1 + random() % 5 }, letter).join("");
    texts.add(!options.spacesInside && random() % 3 === 0 ? MARK + text : text);
  }
  return [...texts].map((text) => ({ text, score: -(random() % 8) }));
}

/**
 * Merges the pair with the highest score, leftmost, again and again; what is left without a token becomes its bytes.
 */
function encodeSimply(text: string, pieces: Piece[]): string[] {
  const scores = new Map(pieces.map((piece) => [piece.text, piece.score ?? 0]));
  const symbols = [...text.replaceAll(" ", MARK)];
  for (;;) {
    let best = { score: -Infinity, at: -1 };
    for (let at = 0; at + 1 < symbols.length; at++) {
      const score = scores.get(symbols[at] + symbols[at + 1]) ?? -Infinity;
      if (score > best.score) best = { score, at };
    }
    if (best.at < 0) break;
    symbols.splice(best.at, 2, symbols[best.at] + symbols[best.at + 1]);
  }
  const bytes = (symbol: string) =>
    Array.from(new TextEncoder().encode(symbol), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  return symbols.flatMap((symbol) => scores.has(symbol) ? [symbol] : bytes(symbol));
}

/** What decoding gives: SentencePiece writes spaces as U+2581 and cannot tell them apart afterwards. */
function expectedBack(text: string): string {
  return text.replaceAll(MARK, " ");
}

describe("SentencePiece's BPE", () => {
  for (const spacesInside of [false, true]) {
    const where = spacesInside ? "anywhere in" : "at the start of";
    it(`merges by score, leftmost first, with spaces ${where} tokens`, () => {
      for (let seed = 1; seed <= 8; seed++) {
        const random = seededRandom(seed);
        const pieces = randomPieces(random, { count: 60, spacesInside });
        const tokenizer = tokenizerOf(spmKeys(pieces));
        for (let i = 0; i < 60; i++) {
          const text = Array.from({ length: 1 + random() % 50 }, () => "aab\u00e4 x"[random() % 6]).join("");
          assert.deepEqual(textsOf(tokenizer, tokenizer.encode(text)), encodeSimply(` ${text}`, pieces), text);
        }
      }
    });
  }

  it("merges words that are too long for one step as well", () => {
    const random = seededRandom(20);
    const pieces = randomPieces(random, { count: 50, spacesInside: false });
    const tokenizer = tokenizerOf(spmKeys(pieces));
    const text = Array.from({ length: 900 }, () => "ab\u00e4x"[random() % 4]).join("");
    assert.deepEqual(textsOf(tokenizer, tokenizer.encode(text)), encodeSimply(` ${text}`, pieces));
  });

  it("gives back every text, but for the mark it writes spaces with", () => {
    const random = seededRandom(21);
    const pieces = randomPieces(random, { count: 50, spacesInside: true });
    for (const addSpacePrefix of [true, false]) {
      const tokenizer = tokenizerOf({ ...spmKeys(pieces), add_space_prefix: bool(addSpacePrefix) });
      for (let i = 0; i < 300; i++) {
        const text = randomText(random, 60);
        assert.equal(tokenizer.decode(tokenizer.encode(text)), expectedBack(text));
        assert.equal(tokenizer.decode(tokenizer.encode(text, { addBos: true, addEos: true })), expectedBack(text));
      }
    }
  });

  it("gives back every text with a trained vocabulary", { skip: stories.skip }, () => {
    const random = seededRandom(22);
    const tokenizer = tokenizerOfFile(stories.url);
    for (let i = 0; i < 300; i++) {
      const text = randomText(random, 60);
      assert.equal(tokenizer.decode(tokenizer.encode(text)), expectedBack(text));
    }
  });

  it("puts a space before text at the start and behind special tokens, and takes it away again", () => {
    const keys = spmKeys([MARK, "a", `${MARK}a`, { text: "<x>", type: TYPES.userDefined }]);
    const tokenizer = tokenizerOf(keys);
    const text = "a<x>a</s> a<x><x>a";
    const tokens = tokenizer.encode(text, { special: true });
    assert.deepEqual(textsOf(tokenizer, tokens), [
      `${MARK}a`,
      "<x>",
      `${MARK}a`,
      "</s>",
      MARK,
      `${MARK}a`,
      "<x>",
      "<x>",
      `${MARK}a`,
    ]);
    assert.equal(tokenizer.decode(tokens, { special: true }), text);
    const without = tokenizerOf({ ...keys, add_space_prefix: bool(false) });
    assert.deepEqual(textsOf(without, without.encode("a a<x>a")), ["a", `${MARK}a`, "<x>", "a"]);
    assert.equal(without.decode(without.encode(" a")), " a");
  });

  it("has the usual start, end and unknown tokens and adds the start where the file does not say", () => {
    const tokenizer = tokenizerOf(spmKeys(["a"]));
    assert.deepEqual([tokenizer.unknownToken, tokenizer.bosToken, tokenizer.eosToken], [0, 1, 2]);
    assert.deepEqual([tokenizer.addBos, tokenizer.addEos, tokenizer.addSpacePrefix], [true, false, true]);
    assert.deepEqual([...tokenizer.encode("", { addBos: true, addEos: true })], [1, 2]);
    const tiny = tokenizerOf({ ...spmKeys([]), tokens: undefined, ...onlyTokens(["<unk>", "a"]) });
    assert.deepEqual([tiny.unknownToken, tiny.bosToken, tiny.eosToken], [0, 1, undefined]);
  });

  it("writes the unknown token for characters whose bytes have no tokens", () => {
    const tokenizer = tokenizerOf(spmKeys([MARK, "a"], { bytes: false }));
    assert.deepEqual(textsOf(tokenizer, tokenizer.encode("a\u4f60\u00e4a")), [MARK, "a", "<unk>", "<unk>", "a"]);
    assert.equal(tokenizer.decode(tokenizer.encode("a\u4f60 a")), "a a");
    assert.deepEqual(tokenizer.warnings, []);
    for (const unknown of [1, 2]) {
      const dropping = tokenizerOf({ ...spmKeys([MARK, "a"], { bytes: false }), unknown_token_id: uint(unknown) });
      assert.deepEqual(textsOf(dropping, dropping.encode("a\u4f60a")), [MARK, "a", "a"]);
      assert.match(dropping.warnings.join(), /no token for 256 of the 256 bytes/);
    }
  });

  it("never makes control, unknown or byte tokens of text that looks like them", () => {
    const parts = [
      "<",
      "s",
      ">",
      "<s",
      "/",
      "</",
      "</s",
      "0",
      "<0",
      "x",
      "<0x",
      "4",
      "<0x4",
      "1",
      "<0x41",
      "u",
      "n",
      "k",
    ];
    const tokenizer = tokenizerOf(spmKeys([MARK, ...parts, "<u", "<un", "<unk"]));
    for (const text of ["<s>", "</s>", "<unk>", "<0x41>"]) {
      assert.ok(tokenizer.encode(text).every((token) => tokenizer.tokenType(token) === "normal"), text);
      assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
    }
    assert.deepEqual(textsOf(tokenizer, tokenizer.encode("</s>", { special: true })), ["</s>"]);
  });

  it("drops extra spaces where the file says so", () => {
    const tokenizer = tokenizerOf({ ...spmKeys([MARK, "a", `${MARK}a`]), remove_extra_whitespaces: bool(true) });
    assert.equal(tokenizer.decode(tokenizer.encode("  a   a ")), "a a");
    assert.deepEqual([...tokenizer.encode("   ")], []);
  });

  it("reads files without types", () => {
    const tokenizer = tokenizerOf({ ...spmKeys([MARK, "a"]), token_type: undefined });
    const types = [0, 1, 2, 3, 260].map((token) => tokenizer.tokenType(token));
    assert.deepEqual(types, ["unknown", "control", "control", "byte", "normal"]);
    assert.equal(tokenizer.decode(tokenizer.encode("a\u4f60<s>")), "a\u4f60<s>");
  });

  it("decodes tokens that stand for nothing to nothing", () => {
    const pieces = [MARK, "a", { text: "gone", type: TYPES.unused }, { text: "odd", type: TYPES.undefined }];
    const tokenizer = tokenizerOf(spmKeys(pieces));
    assert.equal(tokenizer.decode([260, 261, 262, 260]), "aa");
    // The space at the start is still to come.
    assert.equal(tokenizer.decode([261, 262, 259, 259]), " ");
    assert.ok(!textsOf(tokenizer, tokenizer.encode("gone odd")).includes("gone"));
  });
});

function onlyTokens(texts: string[]): Keys {
  const { token_type, scores } = spmKeys([], { bytes: false });
  const cut = (value: Keys[string]) => {
    assert.ok(value?.type === "array" && (value.elementType === "int32" || value.elementType === "float32"));
    return { ...value, value: Array.from(value.value).slice(0, texts.length) };
  };
  return {
    tokens: { type: "array", elementType: "string", value: texts },
    token_type: cut(token_type),
    scores: cut(scores),
    pre: string("default"),
  };
}
