/** A megabyte of anything: well under two seconds, and back again. */

import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import type { Tokenizer } from "../../src/tokenizer/mod.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { randomText } from "./random_text.ts";
import { embeddedModel, sharedFile, tokenizerOfFile } from "./vocabularies.ts";

const MEGABYTE = 1 << 20;

/**
 * What a megabyte may take of a processor, there and back: twice what the slowest runtime takes, its compiler included.
 */
const LIMIT_MS = 2000;

const random = seededRandom(60);
const randomBytes = Uint8Array.from({ length: MEGABYTE }, () => random() & 255);

const texts: Readonly<Record<string, string>> = {
  "one letter": "a".repeat(MEGABYTE),
  "spaces": " ".repeat(MEGABYTE),
  "spaces and a digit": `${" ".repeat(MEGABYTE)}5`,
  "line breaks": "\n".repeat(MEGABYTE),
  "emoji": "\u{1f600}".repeat(MEGABYTE / 4),
  "random bytes": new TextDecoder("utf-8", { ignoreBOM: true }).decode(randomBytes),
  "random characters": Array.from({ length: 2000 }, () => randomText(random, 400)).join(""),
  "the beginnings of a special token": "<|im_star".repeat(MEGABYTE / 9),
  "special tokens": "<|im_start|>".repeat(MEGABYTE / 12),
};

/** Processor time, because other programs need the machine too; the shortest of up to three attempts. */
function measure(tokenizer: Tokenizer, text: string): number {
  let shortest = Infinity;
  for (let attempt = 0; attempt < 3 && shortest > LIMIT_MS; attempt++) {
    const before = process.cpuUsage();
    const tokens = tokenizer.encode(text, { special: true });
    const back = tokenizer.decode(tokens, { special: true });
    const { user, system } = process.cpuUsage(before);
    shortest = Math.min(shortest, (user + system) / 1000);
    // SentencePiece cannot tell its mark for spaces from a space.
    assert.ok(back === (tokenizer.kind === "spm" ? text.replaceAll("\u2581", " ") : text));
  }
  return shortest;
}

interface File {
  readonly name: string;
  readonly url: URL;
  readonly skip: string | false;
  /** The texts that are hard for this file's tokenizer. */
  readonly whats: readonly string[];
}

const hard = ["one letter", "spaces and a digit", "emoji", "random bytes"];
const files: readonly File[] = [
  { name: "the embedded model", url: embeddedModel, skip: false, whats: Object.keys(texts) },
  { name: "deepseek-llm", ...sharedFile("vocab/ggml-vocab-deepseek-llm.gguf"), whats: hard },
  { name: "llama-spm", ...sharedFile("vocab/ggml-vocab-llama-spm.gguf"), whats: hard },
];

for (const { name, url, skip, whats } of files) {
  describe(`a megabyte with the tokenizer of ${name}`, () => {
    let tokenizer: Tokenizer | undefined;
    for (const what of whats) {
      it(`of ${what}`, { skip, timeout: 60_000 }, () => {
        tokenizer ??= tokenizerOfFile(url);
        const took = measure(tokenizer, texts[what]);
        assert.ok(took < LIMIT_MS, `${took} ms`);
      });
    }
  });
}
