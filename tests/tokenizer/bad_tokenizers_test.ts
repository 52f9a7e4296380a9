/** Tokenizers that make no sense: each is a GgufError that names the key and the byte of the wrong value. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GgufError } from "../../src/errors.ts";
import type { MetadataValue } from "../../src/gguf/write.ts";
import { runWhole } from "../../src/time_slice.ts";
import { createTokenizer } from "../../src/tokenizer/mod.ts";
import {
  bool,
  bpeKeys,
  floats,
  ints,
  type Keys,
  metadataOf,
  spmKeys,
  string,
  strings,
  textsOf,
  tokenizerOf,
  TYPES,
  uint,
} from "./vocabularies.ts";

const bpe = bpeKeys([["a", "b"], ["ab", "c"]]);
const spm = spmKeys(["\u2581", "a", "b", "ab"]);
const bpeSize = 258;
const spmSize = 263;

/** Asserts the error. `index` is the element of an array that is wrong; `null` when the key is missing. */
function refuses(keys: Keys, expected: { key: string; message: RegExp; index?: number | null }): void {
  const metadata = metadataOf(keys);
  const key = `tokenizer.ggml.${expected.key}`;
  assert.throws(() => runWhole(createTokenizer(metadata)), (error) => {
    assert.ok(error instanceof GgufError, String(error));
    assert.match(error.message, expected.message);
    assert.equal(error.key, key, error.message);
    const { index } = expected;
    const at = index === null ? undefined : metadata.errorAt(key, "", index === undefined ? {} : { index }).offsetBytes;
    assert.equal(error.offsetBytes, at, error.message);
    assert.equal(index === null, at === undefined, "an offset where the key is there");
    return true;
  });
}

/** Strings with one of them replaced. */
function changed(value: MetadataValue | undefined, index: number, text: string | Uint8Array): MetadataValue {
  assert.ok(value?.type === "array" && value.elementType === "string");
  return strings(Array.from(value.value).with(index, text));
}

describe("the model", () => {
  it("must be named and supported", () => {
    refuses({ ...bpe, model: undefined }, { key: "model", message: /needed for the tokenizer/, index: null });
    for (const model of ["bert", "t5", "constructor", ""]) {
      refuses({ ...bpe, model: string(model) }, {
        key: "model",
        message: /supported \("gpt2" or "llama"; .* but found "/,
      });
    }
    refuses({ ...bpe, model: uint(5) }, { key: "model", message: /Expected a string but found the type uint32/ });
  });
});

describe("the vocabulary", () => {
  it("must be there, not empty, and of strings", () => {
    refuses({ ...bpe, tokens: undefined }, { key: "tokens", message: /needed for the tokenizer/, index: null });
    refuses({ ...bpe, tokens: strings([]) }, { key: "tokens", message: /at least one token/ });
    refuses({ ...bpe, tokens: ints([1]) }, {
      key: "tokens",
      message: /array of strings but found the type array<int32>/,
    });
  });

  it("must have no token twice", () => {
    const index = 200;
    refuses({ ...bpe, tokens: changed(bpe.tokens, index, "!") }, {
      key: "tokens",
      message: /"!" as 33 and as 200/,
      index,
    });
    refuses({ ...spm, tokens: changed(spm.tokens, 262, "b") }, {
      key: "tokens",
      message: /"b" as 261 and as 262/,
      index: 262,
    });
  });

  it("may have empty tokens, which get a name as in llama.cpp", () => {
    const tokens = changed(changed(bpe.tokens, 1, ""), 2, "");
    const tokenizer = tokenizerOf({ ...bpe, tokens });
    assert.equal(tokenizer.tokenText(1), "[EMPTY_1]");
    assert.equal(tokenizer.tokenText(2), "[EMPTY_2]");
    const again = changed(tokens, 0, "[EMPTY_1]");
    refuses({ ...bpe, tokens: again }, { key: "tokens", message: /"\[EMPTY_1\]" as 0 and as 1/, index: 1 });
  });

  it("may have tokens that are not UTF-8", () => {
    const tokens = changed(spm.tokens, 262, Uint8Array.of(0xe2, 0x96, 0xff));
    const tokenizer = tokenizerOf({ ...spm, tokens, token_type: undefined });
    assert.equal(tokenizer.tokenText(262), "\ufffd\ufffd");
    assert.deepEqual(tokenizer.tokenBytes(262), Uint8Array.of(0xe2, 0x96, 0xff));
    assert.equal(tokenizer.decode(tokenizer.encode("a\ufffdb")), "a\ufffdb");
  });

  it("must not be made to collide", () => {
    // Texts whose hashes agree in the bits that choose the slot: found by trying, as an attacker would.
    const texts: string[] = [];
    for (let i = 0; texts.length < 600; i++) {
      const text = i.toString(36);
      if ((hash(text) & 0xfff) === 0) texts.push(text);
    }
    refuses({ ...spm, tokens: strings(texts), token_type: undefined, scores: undefined }, {
      key: "tokens",
      message: /made to collide/,
      index: 513,
    });
  });
});

/** FNV-1a, as in byte_table.ts. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}

describe("scores and types", () => {
  it("must be as many as tokens", () => {
    for (const size of [0, 1, spmSize - 1, spmSize + 1]) {
      const zeros = Array<number>(size).fill(0);
      const message = new RegExp(`Expected an array of ${spmSize} elements but found ${size} `);
      refuses({ ...spm, scores: floats(zeros) }, { key: "scores", message });
      refuses({ ...spm, token_type: ints(zeros) }, { key: "token_type", message });
    }
  });

  it("must be of the right type", () => {
    const zeros = Array<number>(spmSize).fill(0);
    refuses({ ...spm, scores: string("x") }, {
      key: "scores",
      message: /array of float32 or int32 but found the type string/,
    });
    refuses({ ...spm, scores: strings(zeros.map(String)) }, { key: "scores", message: /found the type array<string>/ });
    refuses({ ...spm, token_type: floats(zeros) }, {
      key: "token_type",
      message: /array of int32 or uint32 .* array<float32>/,
    });
    const bytes: MetadataValue = { type: "array", elementType: "uint8", value: zeros };
    refuses({ ...spm, token_type: bytes }, { key: "token_type", message: /array<uint8>/ });
  });

  it("must be numbers, and there for SentencePiece", () => {
    const scores = floats(Array<number>(spmSize).fill(0).with(7, NaN));
    refuses({ ...spm, scores }, { key: "scores", message: /NaN for token 7/, index: 7 });
    refuses({ ...spm, scores: undefined }, { key: "scores", message: /the file does not have them/, index: null });
    assert.equal(tokenizerOf({ ...spm, scores: ints(Array<number>(spmSize).fill(0)) }).vocabularySize, spmSize);
  });

  it("that llama.cpp does not know are undefined", () => {
    const types = ints(Array<number>(bpeSize).fill(TYPES.normal).with(5, 77).with(6, -1));
    const tokenizer = tokenizerOf({ ...bpe, token_type: types });
    assert.deepEqual([4, 5, 6].map((token) => tokenizer.tokenType(token)), ["normal", "undefined", "undefined"]);
  });
});

describe("byte tokens", () => {
  it("must be <0x00> to <0xFF>", () => {
    const wrong = [
      "<0x-1>",
      "<0x+1>",
      "<0x 1>",
      "<0x1>",
      "<0x001>",
      "<0xG0>",
      "<0X41>",
      "<0x4g>",
      "0x41",
      "A",
      "<0x41",
      "<0x\u00e9>",
      "<0x41>x",
      "x<0x41>",
    ];
    for (const text of wrong) {
      const index = 100;
      const expected = { key: "tokens", message: /byte token 100 to be "<0x00>" to "<0xFF>" but found/, index };
      refuses({ ...spm, tokens: changed(spm.tokens, index, text) }, expected);
      const token_type = ints(Array<number>(bpeSize).fill(TYPES.normal).with(index, TYPES.byte));
      refuses({
        ...bpe,
        tokens: changed(bpe.tokens, index, text === "A" ? "AA" : text),
        token_type,
        merges: strings([]),
      }, expected);
    }
  });

  it("must be one for each byte", () => {
    const tokens = changed(spm.tokens, 100, "<0x4b>");
    refuses({ ...spm, tokens }, { key: "tokens", message: /one token for each byte but found 78 and 100/, index: 100 });
  });

  it("may be missing or written in small letters", () => {
    const tokens = changed(spm.tokens, 3 + 0xab, "<0xab>");
    const tokenizer = tokenizerOf({ ...spm, tokens });
    assert.deepEqual(tokenizer.tokenBytes(3 + 0xab), Uint8Array.of(0xab));
    assert.equal(tokenizer.decode(tokenizer.encode("\u00ab")), "\u00ab");
  });
});

describe("merges", () => {
  it("must be there and strings", () => {
    refuses({ ...bpe, merges: undefined }, { key: "merges", message: /needed for byte-level BPE/, index: null });
    refuses({ ...bpe, merges: ints([1]) }, { key: "merges", message: /array of strings/ });
  });

  it("must be two tokens with a space between them", () => {
    for (const merge of ["", "a", " ", "ab ", " ab", "abc"]) {
      const merges = strings(["a b", merge]);
      refuses({ ...bpe, merges }, {
        key: "merges",
        message: /Expected merge 1, .*, to be two tokens with a space/,
        index: 1,
      });
    }
  });

  it("must be of tokens, and make a token", () => {
    for (const merge of ["a zz", "zz a", "a b c", "  a", "a  b", `a ${"x".repeat(99)}`]) {
      const merges = strings(["a b", merge]);
      refuses({ ...bpe, merges }, {
        key: "merges",
        message: /Expected merge 1, .*, to be of tokens of the vocab/,
        index: 1,
      });
    }
    refuses({ ...bpe, merges: strings(["b a"]) }, { key: "merges", message: /that make a token/, index: 0 });
  });

  it("may come twice: the first one counts", () => {
    const keys = bpeKeys([["a", "b"], ["b", "c"], ["a", "b"]]);
    const tokenizer = tokenizerOf(keys);
    assert.deepEqual(textsOf(tokenizer, tokenizer.encode("abc")), ["ab", "c"]);
  });
});

describe("ids of tokens", () => {
  const ids = ["bos", "eos", "eot", "eom", "unknown", "seperator", "padding", "mask", "fim_pre", "fim_suf", "fim_mid"];
  ids.push("fim_pad", "fim_rep", "fim_sep", "prefix", "suffix", "middle");
  for (const name of ids) {
    it(`must be in the vocabulary: ${name}`, () => {
      const key = `${name}_token_id`;
      for (const [keys, size] of [[bpe, bpeSize], [spm, spmSize]] as const) {
        for (const id of [size, 0xffffffff]) {
          refuses({ ...keys, [key]: uint(id) }, {
            key,
            message: new RegExp(`in \\[0, ${size - 1}\\] but found ${id} `),
          });
        }
        refuses({ ...keys, [key]: { type: "int32", value: -1 } }, { key, message: /but found -1 / });
        refuses({ ...keys, [key]: { type: "float32", value: 1 } }, { key, message: /Expected an integer/ });
        assert.equal(tokenizerOf({ ...keys, [key]: uint(size - 1) }).vocabularySize, size);
      }
    });
  }

  it("must be there for tokens the file wants added", () => {
    const message = /to name the token it wants added/;
    refuses({ ...bpe, add_bos_token: bool(true) }, { key: "add_bos_token", message });
    refuses({ ...bpe, add_eos_token: bool(true) }, { key: "add_eos_token", message });
    refuses({ ...bpe, add_bos_token: uint(1) }, { key: "add_bos_token", message: /Expected a bool/ });
    assert.equal(tokenizerOf({ ...bpe, pre: string("llama-bpe") }).addBos, false);
  });
});
