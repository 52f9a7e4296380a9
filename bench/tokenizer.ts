/**
 * How fast is text made tokens, and tokens text? Tokenizing a prompt is part of the time to its first token, and
 * decoding is part of every token.
 */

import { bench, run, summary } from "mitata";
import { fileURLToPath } from "node:url";
import { bytesSource, readGguf } from "../src/gguf/reader.ts";
import { readFile } from "node:fs/promises";
import { runWhole } from "../src/time_slice.ts";
import { createTokenizer, StreamDecoder } from "../src/tokenizer/mod.ts";

const MODEL = fileURLToPath(new URL("../models/arpeggio-mini-q4_k_m.gguf", import.meta.url));

/** English, as prompts are. */
const WORDS = "The quick brown fox jumps over the lazy dog, and then it asks: what is 2+2? Nobody knows. ";

if (import.meta.main) {
  const { metadata } = await readGguf(bytesSource(await readFile(MODEL)));
  const tokenizer = runWhole(createTokenizer(metadata));
  const text = WORDS.repeat(Math.ceil(10_000 / WORDS.length)).slice(0, 10_000);
  // Without a space it is one word: the worst case of byte pair encoding.
  const word = "abcdefghij".repeat(1000);
  const tokens = tokenizer.encode(text);
  summary(() => {
    bench("encode 10 kB of English", () => tokenizer.encode(text));
    bench("encode 10 kB without a space", () => tokenizer.encode(word));
  });
  bench(`decode ${tokens.length} tokens`, () => tokenizer.decode(tokens));
  bench(`decode ${tokens.length} tokens one by one`, () => {
    const decoder = new StreamDecoder(tokenizer);
    for (const token of tokens) decoder.push(token);
    return decoder.flush();
  });
  bench("make the tokenizer of 1024 tokens", () => runWhole(createTokenizer(metadata)));
  await run();
}
