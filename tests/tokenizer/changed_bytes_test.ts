/** The embedded model's tokenizer with single bytes changed: no input is a crash. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { GgufError } from "../../src/errors.ts";
import { parseGguf } from "../../src/gguf/parse.ts";
import { runWhole } from "../../src/time_slice.ts";
import { createTokenizer } from "../../src/tokenizer/mod.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { embeddedModel } from "./vocabularies.ts";

describe("the embedded model's tokenizer with one byte changed", () => {
  it("is an error of ours or a tokenizer that works", () => {
    const file = readFileSync(embeddedModel);
    const { metadata } = runWhole(parseGguf(file));
    const start = metadata.offsetOf("tokenizer.ggml.model")!;
    const end = metadata.offsetOf("tokenizer.chat_template")!;
    const random = seededRandom(80);
    const outcomes = { works: 0, refused: 0 };
    for (let i = 0; i < 300; i++) {
      const offset = start + random() % (end - start);
      const before = file[offset];
      file[offset] ^= 1 + random() % 255;
      try {
        const tokenizer = runWhole(createTokenizer(runWhole(parseGguf(file)).metadata));
        const text = "Hello <|im_end|> w\u00f6rld 123 <tool_call>";
        tokenizer.decode(tokenizer.encode(text, { special: true }), { special: true });
        outcomes.works++;
      } catch (error) {
        assert.ok(error instanceof GgufError, `byte ${offset}: ${error}`);
        outcomes.refused++;
      }
      file[offset] = before;
    }
    assert.ok(outcomes.works > 10 && outcomes.refused > 10, JSON.stringify(outcomes));
  });
});
