/** The typed getters: values, defaults, and errors that name key and byte. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GgufError } from "../../src/errors.ts";
import type { Metadata } from "../../src/gguf/metadata.ts";
import { parseGguf } from "../../src/gguf/parse.ts";
import { writeGguf } from "../../src/gguf/write.ts";
import { runWhole } from "../../src/time_slice.ts";
import { array, file, join, pair, text, u32, u64 } from "./raw_bytes.ts";

const MAX = Number.MAX_SAFE_INTEGER;

function sample(): Metadata {
  const bytes = writeGguf({
    tensors: [],
    metadata: [
      ["name", { type: "string", value: "Ĝis 🦊" }],
      ["small", { type: "uint8", value: 200 }],
      ["negative", { type: "int32", value: -5 }],
      ["safe", { type: "uint64", value: MAX }],
      ["unsafe", { type: "uint64", value: 2n ** 53n }],
      ["unsafe.negative", { type: "int64", value: -(2n ** 60n) }],
      ["float", { type: "float32", value: 0.5 }],
      ["double", { type: "float64", value: 0.1 }],
      ["nan", { type: "float32", value: NaN }],
      ["yes", { type: "bool", value: true }],
      ["tokens", { type: "array", elementType: "string", value: ["a", "", "\ufeff", "Ġthe", "日本"] }],
      ["scores", { type: "array", elementType: "float32", value: [0, -1.5, 3] }],
      ["types", { type: "array", elementType: "int32", value: [1, 2, -3] }],
      ["wide", { type: "array", elementType: "int64", value: [-MAX, MAX] }],
      ["too wide", { type: "array", elementType: "uint64", value: [1, 2n ** 53n] }],
      ["flags", { type: "array", elementType: "bool", value: [true, false] }],
      ["empty", { type: "array", elementType: "uint16", value: [] }],
      ["nested", {
        type: "array",
        elementType: "array",
        value: [{ type: "array", elementType: "uint8", value: [1, 2] }, {
          type: "array",
          elementType: "string",
          value: ["x"],
        }],
      }],
    ],
  });
  return runWhole(parseGguf(bytes)).metadata;
}

const metadata = sample();

/** Asserts a GgufError about this key, at the place where its value (or the element) begins. */
function refuses(key: string, get: () => unknown, expected: { message: RegExp; offset?: number | undefined }): void {
  assert.throws(get, (error) => {
    assert.ok(error instanceof GgufError, String(error));
    assert.equal(error.key, key);
    assert.match(error.message, expected.message);
    assert.equal(error.offsetBytes, "offset" in expected ? expected.offset : metadata.offsetOf(key));
    return true;
  });
}

describe("Metadata", () => {
  it("lists keys and types in the order of the file", () => {
    assert.equal(metadata.size, 18);
    assert.deepEqual([...metadata.keys()].slice(0, 3), ["name", "small", "negative"]);
    assert.equal(metadata.typeOf("small"), "uint8");
    assert.equal(metadata.typeOf("tokens"), "array<string>");
    assert.equal(metadata.typeOf("missing"), undefined);
    assert.equal(metadata.has("yes"), true);
    assert.equal(metadata.has("toString"), false);
    // magic, version, two counts; length and bytes of "name"; its type.
    assert.equal(metadata.offsetOf("name"), 24 + 8 + 4 + 4);
  });

  it("returns the default for a missing key, and says what is missing for what without one", () => {
    assert.equal(metadata.getUint("missing", { default: 7 }), 7);
    assert.equal(metadata.getString("missing", { default: undefined }), undefined);
    assert.equal(metadata.getFloat("missing", { default: null }), null);
    assert.equal(metadata.getBoolean("missing", { default: true }), true);
    assert.equal(metadata.getStrings("missing", { default: undefined }), undefined);
    assert.deepEqual(metadata.getNumbers("missing", { default: [] }), []);
    refuses("missing", () => metadata.getUint("missing", { purpose: "the number of layers" }), {
      message: /needed for the number of layers.*"missing"/,
      offset: undefined,
    });
    refuses("missing", () => metadata.get("missing"), { message: /does not have it/, offset: undefined });
  });

  it("a default does not excuse a wrong type", () => {
    refuses("name", () => metadata.getUint("name", { default: 7 }), {
      message: /an integer but found the type string/,
    });
  });
});

describe("Metadata.getString()", () => {
  it("returns text", () => assert.equal(metadata.getString("name"), "Ĝis 🦊"));
  it("refuses other types and what is not UTF-8", () => {
    refuses("tokens", () => metadata.getString("tokens"), { message: /a string but found the type array<string>/ });
    const bytes = file({ pairs: [pair("k", "string", join(u64(2), Uint8Array.of(0xc3, 0x28)))] });
    const broken = runWhole(parseGguf(bytes)).metadata;
    refuses("k", () => broken.getString("k"), { message: /UTF-8/, offset: 37 });
    assert.deepEqual(broken.get("k"), { type: "string", value: Uint8Array.of(0xc3, 0x28) });
  });
});

describe("Metadata.getUint()", () => {
  it("returns any integer type in the range", () => {
    assert.equal(metadata.getUint("small"), 200);
    assert.equal(metadata.getUint("safe"), MAX);
    assert.equal(metadata.getUint("negative", { min: -5 }), -5);
    assert.equal(metadata.getUint("small", { min: 200, max: 200 }), 200);
  });
  it("refuses other types and what is out of range", () => {
    refuses("float", () => metadata.getUint("float"), { message: /an integer but found the type float32/ });
    refuses("yes", () => metadata.getUint("yes"), { message: /found the type bool/ });
    refuses("negative", () => metadata.getUint("negative"), { message: /in \[0, 9007199254740991\] but found -5/ });
    refuses("small", () => metadata.getUint("small", { max: 199 }), { message: /in \[0, 199\] but found 200/ });
    refuses("small", () => metadata.getUint("small", { min: 201 }), { message: /found 200/ });
    refuses("unsafe", () => metadata.getUint("unsafe"), { message: /found 9007199254740992/ });
    refuses("unsafe.negative", () => metadata.getUint("unsafe.negative", { min: -Infinity }), {
      message: /found -11529/,
    });
    assert.deepEqual(metadata.get("unsafe"), { type: "uint64", value: 2n ** 53n });
  });
});

describe("Metadata.getFloat()", () => {
  it("returns float32 and float64", () => {
    assert.equal(metadata.getFloat("float"), 0.5);
    assert.equal(metadata.getFloat("double", { min: 0, max: 1 }), 0.1);
  });
  it("refuses integers, what is out of range, and what is not finite", () => {
    refuses("small", () => metadata.getFloat("small"), { message: /a float but found the type uint8/ });
    refuses("double", () => metadata.getFloat("double", { max: 0 }), { message: /found 0.1/ });
    refuses("nan", () => metadata.getFloat("nan"), { message: /a finite number but found NaN/ });
  });
});

describe("Metadata.getBoolean()", () => {
  it("returns a bool and refuses other types", () => {
    assert.equal(metadata.getBoolean("yes"), true);
    refuses("small", () => metadata.getBoolean("small"), { message: /a bool but found the type uint8/ });
  });
});

describe("Metadata.getStrings()", () => {
  it("returns texts, bytes and places", () => {
    const tokens = metadata.getStrings("tokens", { length: 5 });
    assert.equal(tokens.length, 5);
    assert.deepEqual(Array.from({ length: tokens.length }, (_, i) => tokens.get(i)), [
      "a",
      "",
      "\ufeff",
      "Ġthe",
      "日本",
    ]);
    assert.deepEqual([...tokens.bytes(3)], [0xc4, 0xa0, 0x74, 0x68, 0x65]);
    assert.equal(tokens.bytes(1).length, 0);
    assert.equal(tokens.offsetOf(0), metadata.offsetOf("tokens")! + 4 + 8 + 8);
    assert.equal(tokens.offsetOf(1), tokens.offsetOf(0) + 1 + 8);
    for (const index of [-1, 5, 0.5, NaN]) assert.throws(() => tokens.get(index), RangeError);
  });
  it("refuses other types and lengths", () => {
    refuses("scores", () => metadata.getStrings("scores"), {
      message: /array of strings but found the type array<float32>/,
    });
    refuses("name", () => metadata.getStrings("name"), { message: /found the type string/ });
    refuses("tokens", () => metadata.getStrings("tokens", { length: 4 }), { message: /4 elements but found 5/ });
  });
  it("refuses one element that is not UTF-8, and still has its bytes", () => {
    const value = array("string", 2, join(text("ok"), u64(1), Uint8Array.of(0xff)));
    const strings = runWhole(parseGguf(file({ pairs: [pair("k", "array", value)] }))).metadata.getStrings("k");
    assert.equal(strings.get(0), "ok");
    refuses("k", () => strings.get(1), { message: /string 1 to be UTF-8/, offset: strings.offsetOf(1) });
    assert.deepEqual([...strings.bytes(1)], [0xff]);
  });
});

describe("Metadata.getNumbers()", () => {
  it("returns typed arrays of the element type", () => {
    assert.deepEqual(metadata.getNumbers("scores"), Float32Array.of(0, -1.5, 3));
    assert.deepEqual(metadata.getNumbers("types", { elementTypes: ["int32", "uint32"] }), Int32Array.of(1, 2, -3));
    assert.deepEqual(metadata.getNumbers("wide"), Float64Array.of(-MAX, MAX));
    assert.deepEqual(metadata.getNumbers("flags", { elementTypes: ["bool"] }), Uint8Array.of(1, 0));
    assert.deepEqual(metadata.getNumbers("empty"), new Uint16Array(0));
  });
  it("refuses other types, lengths and ranges, naming the element", () => {
    refuses("tokens", () => metadata.getNumbers("tokens"), { message: /array of numbers but found .*array<string>/ });
    refuses("flags", () => metadata.getNumbers("flags"), { message: /found the type array<bool>/ });
    refuses("nested", () => metadata.getNumbers("nested"), { message: /found the type array<array>/ });
    refuses("small", () => metadata.getNumbers("small"), { message: /found the type uint8/ });
    refuses("scores", () => metadata.getNumbers("scores", { elementTypes: ["int32", "uint32"] }), {
      message: /an array of int32 or uint32 but found the type array<float32>/,
    });
    refuses("scores", () => metadata.getNumbers("scores", { length: 2 }), { message: /2 elements but found 3/ });
    refuses("types", () => metadata.getNumbers("types", { min: 0, max: 9 }), {
      message: /element 2 to be in \[0, 9\] but found -3/,
      offset: metadata.offsetOf("types")! + 12 + 2 * 4,
    });
    refuses("too wide", () => metadata.getNumbers("too wide"), {
      message: /element 1 .* found 9007199254740992/,
      offset: metadata.offsetOf("too wide")! + 12 + 8,
    });
  });
});

describe("Metadata.entries() and errorAt()", () => {
  it("print every key, arrays shortened", () => {
    const lines = new Map([...metadata.entries({ elementsMax: 2 })].map((entry) => [entry.key, entry]));
    assert.equal(lines.size, 18);
    assert.deepEqual(lines.get("tokens"), {
      key: "tokens",
      type: "array<string>",
      offsetBytes: metadata.offsetOf("tokens"),
      length: 5,
      text: '["a", "", ...]',
    });
    assert.equal(lines.get("types")?.text, "[1, 2, ...]");
    assert.equal(lines.get("flags")?.text, "[true, false]");
    assert.equal(lines.get("empty")?.text, "[]");
    assert.equal(lines.get("nested")?.text, '[[1, 2], ["x"]]');
    assert.equal(lines.get("unsafe")?.text, "9007199254740992");
    assert.equal(lines.get("name")?.text, '"Ĝis 🦊"');
    assert.equal(lines.get("name")?.length, undefined);
    assert.equal([...metadata.entries({ elementsMax: 0 })].find(({ key }) => key === "types")?.text, "[...]");
  });

  it("print no character that a terminal obeys", () => {
    const bytes = file({ pairs: [pair("k", "string", text("\u001b[2J\u009b2J\u202e\n\u007f"))] });
    const [entry] = runWhole(parseGguf(bytes)).metadata.entries();
    assert.equal(entry.text, '"\\u001b[2J\\u009b2J\\u202e\\n\\u007f"');
  });

  it("place errors of callers", () => {
    assert.equal(metadata.errorAt("small", "Wrong").offsetBytes, metadata.offsetOf("small"));
    assert.equal(metadata.errorAt("scores", "Wrong", { index: 2 }).offsetBytes, metadata.offsetOf("scores")! + 12 + 8);
    const tokens = metadata.getStrings("tokens");
    assert.equal(metadata.errorAt("tokens", "Wrong", { index: 3 }).offsetBytes, tokens.offsetOf(3));
    assert.equal(metadata.errorAt("missing", "Wrong").offsetBytes, undefined);
  });

  it("keep their own copy of the header", () => {
    const bytes = file({ pairs: [pair("k", "string", text("kept")), pair("n", "array", array("uint32", 1, u32(9)))] });
    const copied = runWhole(parseGguf(bytes)).metadata;
    bytes.fill(0xff);
    assert.equal(copied.getString("k"), "kept");
    assert.deepEqual(copied.getNumbers("n"), Uint32Array.of(9));
  });
});
