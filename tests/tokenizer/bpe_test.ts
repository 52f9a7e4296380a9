/** Byte-level BPE on small vocabularies, against an encoder that does the same in the simplest way. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runWhole } from "../../src/time_slice.ts";
import { byteAlphabet } from "../../src/tokenizer/byte_alphabet.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { randomText } from "./random_text.ts";
import { bool, bpeKeys, ints, string, strings, textsOf, tokenizerOf, TYPES, uint, written } from "./vocabularies.ts";

type Merges = [left: string, right: string][];

/** Merges of random neighbours, as training makes them: each one a new token of two that are there. */
function randomMerges(random: () => number, count: number): Merges {
  const texts = [..." abc"];
  const merges: Merges = [];
  while (merges.length < count) {
    const left = texts[random() % texts.length];
    const right = texts[random() % texts.length];
    if (texts.includes(left + right) || left.length + right.length > 12) continue;
    merges.push([left, right]);
    texts.push(left + right);
  }
  return merges;
}

/** GPT-2's encoder for one word: the first merge of the list that is possible, leftmost, again and again. */
function encodeSimply(word: string, merges: Merges): string[] {
  const ranks = new Map(merges.map(([left, right], rank) => [`${written(left)} ${written(right)}`, rank]));
  const symbols = [...written(word)];
  for (;;) {
    let best = { rank: Infinity, at: -1 };
    for (let at = 0; at + 1 < symbols.length; at++) {
      const rank = ranks.get(`${symbols[at]} ${symbols[at + 1]}`) ?? Infinity;
      if (rank < best.rank) best = { rank, at };
    }
    if (best.at < 0) return symbols;
    symbols.splice(best.at, 2, symbols[best.at] + symbols[best.at + 1]);
  }
}

/** The text of token 0 to 255 of `bpeKeys`, and "<unk>". */
function tokenText(token: number): string {
  return token < 256 ? String.fromCharCode(byteAlphabet()[token]) : "<unk>";
}

describe("byte-level BPE", () => {
  it("merges in the order of the list, leftmost first", () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = seededRandom(seed);
      const merges = randomMerges(random, 40);
      const tokenizer = tokenizerOf(bpeKeys(merges));
      for (let i = 0; i < 40; i++) {
        // Letters only, so that a text is one word; beyond 24 the cache of words does not take it.
        const word = Array.from({ length: random() % 40 }, () => "abc"[random() % 3]).join("");
        assert.deepEqual(textsOf(tokenizer, tokenizer.encode(word)), encodeSimply(word, merges), word);
        assert.deepEqual(textsOf(tokenizer, tokenizer.encode(word)), encodeSimply(word, merges), `${word} again`);
      }
    }
  });

  it("merges words that are too long for one step as well", () => {
    const random = seededRandom(9);
    const merges = randomMerges(random, 30);
    const tokenizer = tokenizerOf(bpeKeys(merges));
    const word = Array.from({ length: 700 }, () => "abc"[random() % 3]).join("");
    assert.deepEqual(textsOf(tokenizer, tokenizer.encode(word)), encodeSimply(word, merges));
  });

  it("gives back every text", () => {
    const random = seededRandom(10);
    const tokenizer = tokenizerOf(bpeKeys(randomMerges(random, 60)));
    for (let i = 0; i < 400; i++) {
      const text = randomText(random, 60);
      assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
      assert.equal(tokenizer.decode(tokenizer.encode(text, { special: true }), { special: true }), text);
    }
  });

  it("takes lone surrogates for U+FFFD, as TextEncoder does", () => {
    const tokenizer = tokenizerOf(bpeKeys([]));
    for (const text of ["\ud800", "a\udc00b", "\udc00\ud800", "x\ud83d", "\ud83d\ud83d\ude00"]) {
      const bytes = new TextEncoder().encode(text);
      assert.equal(tokenizer.decode(tokenizer.encode(text)), new TextDecoder().decode(bytes));
    }
  });

  it("keeps words apart that are tokens only with ignore_merges", () => {
    // "abc" is a token, but no merge leads there from "ab" and "c" because "bc" comes first.
    const merges: Merges = [["b", "c"], ["a", "b"], ["ab", "c"]];
    const keys = bpeKeys(merges);
    assert.deepEqual(textsOf(tokenizerOf(keys), tokenizerOf(keys).encode("abc")), ["a", "bc"]);
    const llama = tokenizerOf({ ...keys, pre: string("llama-bpe"), bos_token_id: uint(1) });
    assert.deepEqual(textsOf(llama, llama.encode("abc abc")), ["abc", "\u0120", "a", "bc"]);
    assert.equal(llama.addBos, true);
    const long = `a${"bc".repeat(400)}`;
    assert.equal(llama.encode(long).length, 401);
  });

  it("adds start and end only when asked, and says when there is none", () => {
    const tokenizer = tokenizerOf({
      ...bpeKeys([]),
      bos_token_id: uint(5),
      eos_token_id: uint(6),
      add_eos_token: bool(true),
    });
    assert.deepEqual([...tokenizer.encode("")], []);
    assert.deepEqual([...tokenizer.encode("!", { addBos: true, addEos: true })], [5, 0x21, 6]);
    assert.equal(tokenizer.addBos, false);
    assert.equal(tokenizer.addEos, true);
    const bare = tokenizerOf(bpeKeys([]));
    assert.equal(bare.bosToken, undefined);
    assert.throws(
      () => bare.encode("a", { addBos: true }),
      new RangeError(
        "Expected addBos to be false for a tokenizer without bosToken but found true",
      ),
    );
  });

  it("never makes a control token by merging", () => {
    const keys = bpeKeys([["a", "b"], ["ab", "c"]]);
    const types = Array<number>(258).fill(TYPES.normal).with(257, TYPES.control);
    const tokenizer = tokenizerOf({ ...keys, token_type: ints(types) });
    assert.deepEqual(textsOf(tokenizer, tokenizer.encode("abc")), ["ab", "c"]);
    const whole = tokenizerOf({ ...keys, token_type: ints(types), pre: string("llama-bpe") });
    assert.deepEqual(textsOf(whole, whole.encode("abc")), ["ab", "c"]);
  });

  it("writes the unknown token for bytes without one, if that is not a control token", () => {
    const unknown = 256;
    const keys = {
      ...bpeKeys([], [{ text: "<unk>", type: TYPES.unknown }]),
      tokens: strings(Array.from({ length: 257 }, (_, token) => token === 0x41 ? "not A" : tokenText(token))),
      unknown_token_id: uint(unknown),
    };
    assert.deepEqual([...tokenizerOf(keys).encode("BAB")], [0x42, unknown, 0x42]);
    const dropping = tokenizerOf({ ...keys, eos_token_id: uint(unknown) });
    assert.deepEqual([...dropping.encode("BAB")], [0x42, 0x42]);
    assert.match(dropping.warnings.join(), /no token for the bytes 0x41:/);
  });

  it("reports what a token is", () => {
    const tokenizer = tokenizerOf(
      bpeKeys([[" ", "a"]], [{ text: "<x>", type: TYPES.control }, { text: "<0x41>", type: TYPES.byte }]),
    );
    assert.equal(tokenizer.tokenText(256), "\u0120a");
    assert.deepEqual(tokenizer.tokenBytes(256), new TextEncoder().encode(" a"));
    assert.deepEqual(tokenizer.tokenBytes(255), Uint8Array.of(255));
    assert.equal(tokenizer.tokenType(257), "control");
    assert.deepEqual(tokenizer.tokenBytes(257), new Uint8Array(0));
    assert.deepEqual(tokenizer.tokenBytes(257, { special: true }), new TextEncoder().encode("<x>"));
    assert.deepEqual(tokenizer.tokenBytes(258), Uint8Array.of(0x41));
    for (const token of [-1, 259, 0.5, NaN]) {
      const error = new RangeError(`Expected token to be an integer in [0, 259) but found ${token}`);
      assert.throws(() => tokenizer.tokenBytes(token), error);
      assert.throws(() => tokenizer.decode([token]), error);
    }
    // @ts-expect-error: what JavaScript callers may do
    assert.throws(() => tokenizer.encode(5), new TypeError("Expected text to be a string but found number"));
  });

  it("encodes several texts at once in steps", () => {
    const random = seededRandom(11);
    const tokenizer = tokenizerOf(bpeKeys(randomMerges(random, 40)));
    const texts = Array.from({ length: 6 }, () => randomText(random, 3000));
    const expected = texts.map((text) => [...tokenizer.encode(text)]);
    const running = new Map(texts.map((text, i) => [i, tokenizer.encodeSliced(text)]));
    const found: number[][] = [];
    while (running.size > 0) {
      for (const [i, work] of running) {
        const step = work.next();
        if (!step.done) continue;
        found[i] = [...step.value];
        running.delete(i);
      }
    }
    assert.deepEqual(found, expected);
    assert.deepEqual([...runWhole(tokenizer.encodeSliced(texts[0]))], expected[0]);
  });
});

describe("the pre-tokenizer's name", () => {
  it("when missing or unknown is a warning that says what is used instead", () => {
    const keys = bpeKeys([]);
    assert.deepEqual(tokenizerOf(keys).warnings, []);
    assert.match(
      tokenizerOf({ ...keys, pre: undefined }).warnings.join(),
      /does not name its pre-tokenizer.*"default"/,
    );
    for (const name of ["gpt-7", "constructor", "__proto__", ""]) {
      const { warnings } = tokenizerOf({ ...keys, pre: string(name) });
      assert.equal(warnings.length, 1);
      assert.ok(warnings[0].startsWith(`Unknown pre-tokenizer ${JSON.stringify(name)}`), warnings[0]);
      assert.match(warnings[0], /as for "llama-bpe"/);
    }
  });
});
