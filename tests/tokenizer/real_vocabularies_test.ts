/**
 * The tokenizers against llama.cpp, on its own test files: `.inp` has texts between separator lines, `.out` the tokens
 * of each, made with neither start nor end token and without special tokens in the text (`test-tokenizer-0`).
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { embeddedModel, sharedFile, textsOf, tokenizerOfFile } from "./vocabularies.ts";

const SEPARATOR = "\n__ggml_vocab_test__\n";

const vocabularies = [
  "deepseek-coder",
  "deepseek-llm",
  "falcon",
  "gpt-2",
  "llama-spm",
  "mpt",
  "phi-3",
  "refact",
  "starcoder",
];

describe("encode is what llama.cpp does", () => {
  for (const name of vocabularies) {
    const path = `vocab/ggml-vocab-${name}.gguf`;
    const { url, skip } = sharedFile(path);
    it(`for ${name}`, { skip }, () => {
      const tokenizer = tokenizerOfFile(url);
      const texts = readFileSync(sharedFile(`${path}.inp`).url, "utf8").split(SEPARATOR).slice(0, -1);
      const lines = readFileSync(sharedFile(`${path}.out`).url, "utf8").split("\n").slice(0, -1);
      assert.equal(texts.length, lines.length);
      assert.ok(texts.length > 40);
      texts.forEach((text, i) => {
        const expected = lines[i].trim().split(" ").filter((word) => word !== "").map(Number);
        const found = tokenizer.encode(text);
        const shown = () => `${JSON.stringify(text)} became ${JSON.stringify(textsOf(tokenizer, found))}`;
        assert.deepEqual([...found], expected, shown());
        assert.equal(tokenizer.decode(found), text);
      });
    });
  }
});

describe("the embedded model's tokenizer", () => {
  it("has the expected tokens", () => {
    const tokenizer = tokenizerOfFile(embeddedModel);
    assert.equal(tokenizer.kind, "bpe");
    assert.equal(tokenizer.vocabularySize, 1024);
    assert.equal(tokenizer.bosToken, 1017);
    assert.equal(tokenizer.eosToken, 1019);
    assert.equal(tokenizer.eotToken, 1019);
    assert.equal(tokenizer.paddingToken, 1017);
    assert.equal(tokenizer.unknownToken, undefined);
    assert.equal(tokenizer.addBos, false);
    assert.equal(tokenizer.addEos, false);
    assert.deepEqual([...tokenizer.endOfGenerationTokens].sort(), [1017, 1019]);
    assert.deepEqual(tokenizer.warnings, []);
  });

  // By the encoder the model was trained with, mini/bpe.py next to the model's card.
  const expected: [text: string, tokens: number[]][] = [
    ["What is 2+2?", [332, 306, 32, 50, 43, 50, 63]],
    [
      "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n",
      [1018, 280, 10, 332, 306, 32, 50, 43, 50, 63, 1019, 10, 1018, 279, 10],
    ],
    ["4<|im_end|>", [52, 1019]],
    [
      '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
      [1020, 10, 273, 298, 257, 256, 391, 557, 278, 256, 420, 257, 286, 382, 257, 256, 80, 282, 751, 565, 1021],
    ],
    [
      "I'Ve  seen\u00a0it,\n\n\n  \u4f60\u597d \u{1f600} 1234\t ",
      [73, 39, 86, 101, 32, 307, 101, 398, 194, 160, 274, 44, 516, 10, 32, 32, 228, 189, 160, 229, 165, 189]
        .concat([32, 240, 159, 152, 128, 32, 49, 50, 51, 52, 9, 32]),
    ],
    ["Tell me a story about a fox.", [435, 372, 258, 459, 492, 258, 778, 46]],
  ];
  for (const [text, tokens] of expected) {
    it(`encodes ${JSON.stringify(text)} as in training`, () => {
      const tokenizer = tokenizerOfFile(embeddedModel);
      assert.deepEqual([...tokenizer.encode(text, { special: true })], tokens);
      assert.equal(tokenizer.decode(tokens, { special: true }), text);
    });
  }
});
