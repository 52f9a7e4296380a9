/** Tokens with a role: which ones they are, and how they are found in text. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../gguf/seeded_random.ts";
import { bpeKeys, type ExtraToken, type Keys, string, textsOf, tokenizerOf, TYPES, uint } from "./vocabularies.ts";

const { control, userDefined, normal, unknown } = TYPES;

function extra(type: number, ...texts: string[]): ExtraToken[] {
  return texts.map((text) => ({ text, type }));
}

/** The texts of the tokens that end generation. */
function endings(tokens: ExtraToken[], keys: Keys = {}): string[] {
  const tokenizer = tokenizerOf({ ...bpeKeys([], tokens), ...keys });
  return textsOf(tokenizer, tokenizer.endOfGenerationTokens).sort();
}

describe("the end of generation", () => {
  it("is at the tokens the file names", () => {
    const keys = { eos_token_id: uint(65), eot_token_id: uint(66), eom_token_id: uint(67), fim_pad_token_id: uint(68) };
    assert.deepEqual(endings([], keys), ["A", "B", "C", "D"]);
    assert.deepEqual(
      endings([], { bos_token_id: uint(65), padding_token_id: uint(66), fim_mid_token_id: uint(67) }),
      [],
    );
  });

  it("is at control tokens with a well-known text", () => {
    const texts = ["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<|fim_pad|>"];
    assert.deepEqual(endings(extra(control, ...texts, "<|im_start|>", "<|user|>")), texts.toSorted());
  });

  it("is at such tokens whatever type a conversion gave them, and then no text makes them", () => {
    for (const type of [normal, userDefined, unknown]) {
      const tokenizer = tokenizerOf(bpeKeys([], extra(type, "<|im_end|>")));
      assert.deepEqual([...tokenizer.endOfGenerationTokens], [256]);
      assert.equal(tokenizer.eotToken, 256);
      assert.equal(tokenizer.tokenType(256), "control");
      assert.equal(tokenizer.encode("<|im_end|>").length, 10);
    }
  });

  it("is not at ordinary text that only looks like it", () => {
    assert.deepEqual(endings(extra(normal, "</s>", "<eos>", "[EOS]")), []);
    assert.deepEqual(endings(extra(userDefined, "</s>")), ["</s>"]);
  });

  it("is not at the end of a message where turns end otherwise", () => {
    assert.deepEqual(endings(extra(control, "<|end|>")), ["<|end|>"]);
    assert.deepEqual(endings(extra(control, "<|end|>", "<|return|>", "<|call|>")), ["<|call|>", "<|return|>"]);
    assert.deepEqual(endings(extra(control, "<|end|>", "<|call|>")), ["<|call|>", "<|end|>"]);
    assert.deepEqual(endings(extra(control, "<|end|>", "<|return|>")), ["<|end|>", "<|return|>"]);
    assert.deepEqual(endings(extra(control, "<|end|>", "<|calls|>", "<|flush|>")), ["<|calls|>", "<|flush|>"]);
    assert.deepEqual(endings(extra(control, "</s>", "<|tool_response>")), ["<|tool_response>"]);
  });
});

describe("named tokens", () => {
  it("are found by their texts where the file does not name them", () => {
    const tokenizer = tokenizerOf(
      bpeKeys([], extra(control, "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<reponame>")),
    );
    const { fimPrefixToken, fimSuffixToken, fimMiddleToken, fimRepositoryToken, maskToken } = tokenizer;
    assert.deepEqual([fimPrefixToken, fimSuffixToken, fimMiddleToken, fimRepositoryToken], [256, 257, 258, 259]);
    assert.equal(maskToken, undefined);
    assert.equal(tokenizerOf(bpeKeys([], extra(normal, "<PRE>"))).fimPrefixToken, undefined);
  });

  it("are those of the file where it names them, by old keys too", () => {
    const tokens = extra(control, "<|fim_prefix|>", "<other>");
    const named = (keys: Keys) => tokenizerOf({ ...bpeKeys([], tokens), ...keys }).fimPrefixToken;
    assert.equal(named({}), 256);
    assert.equal(named({ prefix_token_id: uint(257) }), 257);
    assert.equal(named({ prefix_token_id: uint(256), fim_pre_token_id: uint(257) }), 257);
  });
});

describe("special tokens in text", () => {
  it("are user-defined ones always and control and unknown ones only when asked for", () => {
    const tokens = [...extra(control, "<c>"), ...extra(userDefined, "<u>"), ...extra(unknown, "<k>")];
    const tokenizer = tokenizerOf(bpeKeys([], tokens));
    const found = (special: boolean) => [...tokenizer.encode("<c><u><k>", { special })].filter((token) => token >= 256);
    assert.deepEqual(found(false), [257]);
    assert.deepEqual(found(true), [256, 257, 258]);
    assert.equal(tokenizer.decode(tokenizer.encode("<c><u><k>")), "<c><u><k>");
    assert.equal(tokenizer.decode([256, 257, 258]), "<u>");
    assert.equal(tokenizer.decode([256, 257, 258], { special: true }), "<c><u><k>");
  });

  it("are the longest first, wherever they stand, and the leftmost of the same length", () => {
    const tokenizer = tokenizerOf(bpeKeys([], extra(userDefined, "ab", "bcd", "aa", "aaaa", "xy")));
    const found = (text: string) => textsOf(tokenizer, tokenizer.encode(text));
    assert.deepEqual(found("abcd"), ["a", "bcd"]);
    assert.deepEqual(found("aaaaaaa"), ["aaaa", "aa", "a"]);
    assert.deepEqual(found("xyabxy"), ["xy", "ab", "xy"]);
    // "ab" gives way to "bcd", and nothing shorter begins there; "aa" gives way where one "a" is left.
    assert.deepEqual(found("aabcd"), ["aa", "bcd"]);
  });

  it("are what replacing one text after the other finds, longest first", () => {
    const random = seededRandom(50);
    for (let i = 0; i < 300; i++) {
      const letters = (count: number) => Array.from({ length: count }, () => "abc"[random() % 3]).join("");
      const texts = new Set(Array.from({ length: 1 + random() % 6 }, () => letters(2 + random() % 4)));
      // Which of two of the same length comes first is nobody's promise.
      const tokens = [...new Map([...texts].map((text) => [text.length, text])).values()];
      const tokenizer = tokenizerOf(bpeKeys([], extra(userDefined, ...tokens)));
      const text = letters(random() % 40);
      let pieces: string[] = [text];
      for (const token of tokens.toSorted((a, b) => b.length - a.length)) {
        pieces = pieces.flatMap((piece) => tokens.includes(piece) ? [piece] : piece.split(new RegExp(`(${token})`)));
      }
      const expected = pieces.flatMap((piece) => tokens.includes(piece) ? [piece] : [...piece]);
      assert.deepEqual(textsOf(tokenizer, tokenizer.encode(text)), expected, `${text} with ${tokens}`);
    }
  });

  it("swallow the white space behind them in Phi-3", () => {
    const tokens = extra(control, "<|user|>", "<|endoftext|>");
    const keys = { ...bpeKeys([], tokens), "general.name": string("Phi-3 mini") };
    const found = (keys: Keys) => {
      const tokenizer = tokenizerOf(keys);
      return textsOf(tokenizer, tokenizer.encode("<|user|> \n<|endoftext|> a<|user|>\u00a0", { special: true })).join(
        " ",
      );
    };
    assert.equal(found(keys), "<|user|> <|endoftext|> \u0120 a <|user|> \u00c2 \u0142");
    assert.equal(
      found({ ...keys, "general.name": undefined }),
      "<|user|> \u0120 \u010a <|endoftext|> \u0120 a <|user|> \u00c2 \u0142",
    );
  });

  it("may be characters beyond the BMP and byte order marks", () => {
    const tokenizer = tokenizerOf(bpeKeys([], extra(userDefined, "\u{1f600}", "\ufeff", "\u{1f600}\u{1f601}")));
    assert.deepEqual([...tokenizer.encode("\u{1f600}\u{1f600}\u{1f601}\ufeff")], [256, 258, 257]);
  });
});
