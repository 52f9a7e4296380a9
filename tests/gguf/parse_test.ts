/** Good files: versions 2 and 3, every metadata type, the places of tensors, and the order of everything. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type GgufFile, parseGguf } from "../../src/gguf/parse.ts";
import { runWhole } from "../../src/time_slice.ts";
import { array, file, join, pair, tensor, text, typeIds, u32, u64 } from "./raw_bytes.ts";

function parse(bytes: Uint8Array): GgufFile {
  return runWhole(parseGguf(bytes));
}

/** One value of each type: how it is written, and what it is. */
function everyType(): Map<keyof typeof typeIds, { bytes: Uint8Array; value: number | bigint | boolean | string }> {
  const f32 = new Uint8Array(Float32Array.of(-0.75).buffer);
  const f64 = new Uint8Array(Float64Array.of(Math.PI).buffer);
  return new Map([
    ["uint8", { bytes: Uint8Array.of(0xfe), value: 254 }],
    ["int8", { bytes: Uint8Array.of(0xfe), value: -2 }],
    ["uint16", { bytes: Uint8Array.of(0xfe, 0xff), value: 0xfffe }],
    ["int16", { bytes: Uint8Array.of(0xfe, 0xff), value: -2 }],
    ["uint32", { bytes: u32(0xfffffffe), value: 0xfffffffe }],
    ["int32", { bytes: u32(0xfffffffe), value: -2 }],
    ["float32", { bytes: f32, value: -0.75 }],
    ["bool", { bytes: Uint8Array.of(1), value: true }],
    ["string", { bytes: text("Ġ🦊"), value: "Ġ🦊" }],
    ["uint64", { bytes: u64(2n ** 64n - 2n), value: 2n ** 64n - 2n }],
    ["int64", { bytes: u64(2n ** 64n - 2n), value: -2 }],
    ["float64", { bytes: f64, value: Math.PI }],
  ]);
}

describe("parseGguf()", () => {
  it("reads an empty file of version 2 and of version 3", () => {
    for (const version of [2, 3]) {
      const result = parse(file({ version }));
      assert.equal(result.version, version);
      assert.equal(result.metadata.size, 0);
      assert.equal(result.tensors.size, 0);
      assert.equal(result.alignment, 32);
      assert.equal(result.dataOffset, 32);
      assert.equal(result.fileBytes, 24);
    }
  });

  it("reads every metadata type, alone, in arrays, and in arrays of arrays", () => {
    for (const version of [2, 3]) {
      for (const [type, { bytes, value }] of everyType()) {
        const twice = array(type, 2, join(bytes, bytes));
        const pairs = [
          pair("one", type, bytes),
          pair("two", "array", twice),
          pair("nested", "array", array("array", 3, join(twice, array(type, 0, new Uint8Array(0)), twice))),
          pair("last", "uint8", Uint8Array.of(77)),
        ];
        const { metadata } = parse(file({ version, pairs }));
        const two = { type: "array", elementType: type, value: [value, value] };
        assert.deepEqual(metadata.get("one"), { type, value });
        assert.deepEqual(metadata.get("two"), two);
        const nested = [two, { type: "array", elementType: type, value: [] }, two];
        assert.deepEqual(metadata.get("nested"), { type: "array", elementType: "array", value: nested });
        assert.equal(metadata.typeOf("two"), `array<${type}>`);
        if (typeof value === "number") assert.deepEqual([...metadata.getNumbers("two")], [value, value]);
        assert.equal(metadata.getUint("last"), 77);
      }
    }
  });

  it("reads strings of every order of length in an array", () => {
    const lengths = [0, 1, 255, 256, 65_535, 65_536, 0x012345, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 257];
    const strings = lengths.map((length, i) => join(u64(length), new Uint8Array(length).fill(65 + i)));
    const pairs = [pair("k", "array", array("string", lengths.length, join(...strings))), pair("l", "bool", u32(1))];
    const { metadata } = parse(file({ pairs: [pairs[0], pairs[1].subarray(0, -3)] }));
    const read = metadata.getStrings("k");
    for (const [i, length] of lengths.entries()) {
      const bytes = read.bytes(i);
      assert.equal(bytes.length, length);
      assert.ok(bytes.every((byte) => byte === 65 + i));
    }
    assert.equal(metadata.getBoolean("l"), true);
  });

  it("places tensors behind the header, aligned, in the order of the file", () => {
    const tensors = [
      tensor("q", { shape: [512, 3], type: 12, offset: 64 }),
      tensor("norm", { shape: [8], offset: 0 }),
      tensor("four", { shape: [32, 2, 2, 2], type: 8, offset: 960 }),
    ];
    const bytes = file({ tensors, dataBytes: 960 + 8 * 34 });
    const result = parse(bytes);
    const dataOffset = bytes.length - 960 - 8 * 34;
    assert.equal(result.dataOffset, dataOffset);
    assert.equal(dataOffset % 32, 0);
    assert.deepEqual([...result.tensors.keys()], ["q", "norm", "four"]);
    assert.deepEqual(result.tensors.get("q"), {
      name: "q",
      type: "Q4_K",
      typeId: 12,
      shape: [512, 3],
      offset: dataOffset + 64,
      bytes: 6 * 144,
      infoOffset: 24,
    });
    assert.equal(result.tensors.get("four")?.offset, dataOffset + 960);
    assert.equal(result.tensors.get("four")?.infoOffset, 24 + tensors[0].length + tensors[1].length);
  });

  it("uses general.alignment, wherever the key stands", () => {
    const pairs = [pair("a", "uint8", Uint8Array.of(1)), pair("general.alignment", "uint32", u32(256))];
    const header = file({ pairs, tensors: [tensor("t", { offset: 256 })] });
    const bytes = join(header, new Uint8Array(256 - header.length % 256 + 256 + 32));
    const result = parse(bytes);
    assert.equal(result.alignment, 256);
    assert.equal(result.dataOffset % 256, 0);
    assert.equal(result.tensors.get("t")?.offset, result.dataOffset + 256);
  });

  it("reads bytes that lie somewhere in a larger buffer", () => {
    const bytes = file({ pairs: [pair("k", "string", text("v"))], tensors: [tensor("t", {})], dataBytes: 32 });
    const buffer = new Uint8Array(bytes.length + 20);
    buffer.set(bytes, 13);
    const result = parse(buffer.subarray(13, 13 + bytes.length));
    assert.equal(result.metadata.getString("k"), "v");
    assert.equal(result.tensors.get("t")?.offset, bytes.length - 32);
  });

  it("knows no keys that JavaScript objects have by themselves", () => {
    const { metadata } = parse(file({ pairs: [pair("__proto__", "uint8", Uint8Array.of(3))] }));
    assert.equal(metadata.getUint("__proto__"), 3);
    assert.equal(metadata.getUint("constructor", { default: 0 }), 0);
  });

  it("yields often", () => {
    const strings = join(...Array.from({ length: 50_000 }, () => text("ab")));
    const tensors = Array.from({ length: 2000 }, (_, i) => tensor(`t${i}`, { offset: i * 32 }));
    const bytes = file({ pairs: [pair("k", "array", array("string", 50_000, strings))], tensors, dataBytes: 64_000 });
    let steps = 0;
    for (const work = parseGguf(bytes); !work.next().done;) steps++;
    assert.ok(steps > 50 + 20 && steps < 1000, `${steps} steps`);
  });
});
