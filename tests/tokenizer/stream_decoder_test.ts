/** Text from tokens that arrive one by one. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamDecoder, type StreamDecoderOptions, type Tokenizer } from "../../src/tokenizer/mod.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { randomText } from "./random_text.ts";
import { bool, bpeKeys, spmKeys, tokenizerOf, TYPES } from "./vocabularies.ts";

const bytesOnly = tokenizerOf(bpeKeys([]));

/** The pieces of text after each token and at the end. */
function pieces(tokenizer: Tokenizer, tokens: Iterable<number>, options?: StreamDecoderOptions): string[] {
  const decoder = new StreamDecoder(tokenizer, options);
  const texts = Array.from(tokens, (token) => decoder.push(token));
  return [...texts, decoder.flush()];
}

describe("StreamDecoder", () => {
  it("never gives half a character", () => {
    const tokens = bytesOnly.encode("a\u00e4\u4f60\u{1f600}");
    assert.deepEqual(pieces(bytesOnly, tokens), ["a", "", "\u00e4", "", "", "\u4f60", "", "", "", "\u{1f600}", ""]);
  });

  it("gives what decode gives for the whole", () => {
    const random = seededRandom(40);
    for (let i = 0; i < 200; i++) {
      const tokens = bytesOnly.encode(randomText(random, 40));
      assert.equal(pieces(bytesOnly, tokens).join(""), bytesOnly.decode(tokens));
    }
  });

  it("gives what TextDecoder gives for bytes that are not UTF-8", () => {
    const random = seededRandom(41);
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const leads = [
      0xc0,
      0xc2,
      0xdf,
      0xe0,
      0xe1,
      0xed,
      0xef,
      0xf0,
      0xf1,
      0xf4,
      0xf5,
      0xff,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0x41,
    ];
    for (let i = 0; i < 3000; i++) {
      const bytes = Array.from(
        { length: random() % 10 },
        () => random() % 8 === 0 ? random() & 255 : leads[random() % leads.length],
      );
      const whole = decoder.decode(Uint8Array.from(bytes));
      // The tokens of this vocabulary are the bytes.
      assert.equal(pieces(bytesOnly, bytes).join(""), whole, bytes.map((byte) => byte.toString(16)).join(" "));
      assert.equal(bytesOnly.decode(bytes), whole);
    }
  });

  it("does not wait for a character that cannot be finished any more", () => {
    assert.deepEqual(pieces(bytesOnly, [0xe0, 0x80, 0x41]), ["", "\ufffd\ufffd", "A", ""]);
    for (const bytes of [[0xed, 0xa0], [0xf0, 0x80], [0xf4, 0x90]]) {
      assert.deepEqual(pieces(bytesOnly, bytes), ["", "\ufffd\ufffd", ""]);
    }
    for (const byte of [0x80, 0xc0, 0xc1, 0xf5, 0xff]) assert.deepEqual(pieces(bytesOnly, [byte]), ["\ufffd", ""]);
    assert.deepEqual(pieces(bytesOnly, [0xc3, 0x41]), ["", "\ufffdA", ""]);
  });

  it("flushes a character that was not finished, and goes on afterwards", () => {
    const decoder = new StreamDecoder(bytesOnly);
    assert.equal(decoder.push(0xf0), "");
    assert.equal(decoder.push(0x9f), "");
    assert.equal(decoder.flush(), "\ufffd");
    assert.equal(decoder.flush(), "");
    assert.equal(decoder.push(0x41), "A");
  });

  it("keeps byte order marks", () => {
    const tokens = bytesOnly.encode("\ufeffa\ufeff");
    assert.equal(pieces(bytesOnly, tokens).join(""), "\ufeffa\ufeff");
    assert.equal(bytesOnly.decode(tokens), "\ufeffa\ufeff");
  });

  it("drops the space that SentencePiece puts at the start, but not when the text goes on", () => {
    const keys = spmKeys(["\u2581", "a", "\u2581a", { text: "<x>", type: TYPES.userDefined }]);
    const tokenizer = tokenizerOf(keys);
    const [a, spaceA, special, end] = [260, 261, 262, 2];
    assert.deepEqual(pieces(tokenizer, [spaceA, spaceA]), ["a", " a", ""]);
    assert.deepEqual(pieces(tokenizer, [1, spaceA]), ["", "a", ""]);
    assert.deepEqual(pieces(tokenizer, [spaceA], { previousToken: a }), [" a", ""]);
    assert.deepEqual(pieces(tokenizer, [spaceA], { previousToken: end }), ["a", ""]);
    assert.deepEqual(pieces(tokenizer, [a, special, spaceA, spaceA]), ["a", "<x>", "a", " a", ""]);
    assert.deepEqual(pieces(tokenizer, [a, end, spaceA], { special: true }), ["a", "</s>", "a", ""]);
    // Text made of bytes has that space as well; a second one belongs to the text.
    assert.deepEqual(pieces(tokenizer, [259, 259, 3 + 0xc3, 3 + 0xa4]), ["", " ", "", "\u00e4", ""]);
    const without = tokenizerOf({ ...keys, add_space_prefix: bool(false) });
    assert.deepEqual(pieces(without, [spaceA]), [" a", ""]);
  });

  it("gives what decode gives with SentencePiece", () => {
    const random = seededRandom(42);
    const tokenizer = tokenizerOf(
      spmKeys(["\u2581", "a", "\u2581a", "b", "ab", { text: "<x>", type: TYPES.userDefined }]),
    );
    for (let i = 0; i < 300; i++) {
      const tokens = Array.from({ length: random() % 8 }, () => random() % tokenizer.vocabularySize);
      for (const special of [false, true]) {
        assert.equal(pieces(tokenizer, tokens, { special }).join(""), tokenizer.decode(tokens, { special }));
      }
    }
  });
});
