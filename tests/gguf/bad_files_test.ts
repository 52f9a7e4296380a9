/**
 * Malformed files, except for their tensors (bad_tensors_test.ts). Each test is one line of the list of bad files in
 * the design's field notes: every one of them was a crash, an overread or a CVE in another engine. Here each is a
 * GgufError that names the key (where there is one) and the byte.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { GgufError } from "../../src/errors.ts";
import { HEADER_BYTES_MAX, NeedMoreBytes } from "../../src/gguf/cursor.ts";
import { array, file, join, pair, tensor, text, typeIds, u32, u64 } from "./raw_bytes.ts";
import { FIRST_PAIR, parse, refuses } from "./refuses.ts";

/** A file with one key "k" whose value begins at byte 37. */
function withValue(type: keyof typeof typeIds, value: Uint8Array): Uint8Array {
  return file({ pairs: [pair("k", type, value)] });
}
const VALUE = FIRST_PAIR + 8 + 1 + 4;

describe("what is no GGUF file", () => {
  it("is refused by its magic, with a hint where it is a known mix-up", () => {
    const begin = (start: string) => new TextEncoder().encode(start.padEnd(64, "\0"));
    refuses(begin("GGUX"), { message: /begins with "GGUF" but found "GGUX" \(/, offset: 0 });
    refuses(begin("version https://git-lfs.github.com/spec/v1"), { message: /Git LFS pointer/, offset: 0 });
    refuses(begin("<!doctype html>"), { message: /HTML page/, offset: 0 });
    refuses(begin("PK\x03\x04"), { message: /ZIP archive/, offset: 0 });
    refuses(begin("tjgg"), { message: /from before GGUF/, offset: 0 });
    refuses(begin("\x40\x00\x00\x00\x00\x00\x00\x00{"), { message: /safetensors/, offset: 0 });
    refuses(new Uint8Array(0), { message: /4 bytes of the GGUF magic but the file ends after 0/, offset: 0 });
  });

  it("is refused by its version", () => {
    for (const version of [0, 1, 4, 0x7fffffff]) {
      refuses(file({ version }), { message: new RegExp(`version 2 or 3 but found ${version} `), offset: 4 });
    }
  });

  it("is refused as big-endian, and the message says so", () => {
    refuses(file({ version: 0x03000000 }), { message: /big-endian GGUF version 3: only little-endian/, offset: 4 });
    refuses(file({ version: 0x02000000 }), { message: /big-endian GGUF version 2/, offset: 4 });
  });
});

describe("counts against the bytes that remain", () => {
  const huge = [2 ** 31, 2 ** 32, 2n ** 53n, 2n ** 61n, 2n ** 63n, 2n ** 64n - 1n];

  it("keys, tensors and array elements", () => {
    for (const count of huge) {
      const keys = file({ keysCount: count, pairs: [pair("k", "uint8", Uint8Array.of(1))] });
      refuses(keys, { message: new RegExp(`at most 1 metadata keys in the 14 bytes .* found ${count} `), offset: 16 });
      const tensors = file({ tensorsCount: count, tensors: [tensor("t", {})], dataBytes: 32 });
      refuses(tensors, { message: new RegExp(`at most \\d tensors in the .* found ${count} `), offset: 8 });
      for (const type of ["uint8", "bool", "float64", "string", "array"] as const) {
        const value = withValue("array", array(type, count, new Uint8Array(64)));
        refuses(value, { message: new RegExp(`array of ${type} .* found ${count} `), offset: VALUE + 4, key: "k" });
      }
    }
  });

  it("one more than fits, for every element type", () => {
    const bytes = { uint8: 1, int8: 1, bool: 1, uint16: 2, int16: 2, uint32: 4, int32: 4, float32: 4 };
    const more = { uint64: 8, int64: 8, float64: 8, string: 8, array: 12 };
    for (const [type, size] of Object.entries({ ...bytes, ...more })) {
      const elements = new Uint8Array(size * 3);
      assert.equal(parse(withValue("array", array(type as "uint8", 3, elements))).metadata.size, 1);
      refuses(withValue("array", array(type as "uint8", 4, elements)), {
        message: /at most 3 elements .* found 4 /,
        offset: VALUE + 4,
        key: "k",
      });
    }
  });

  it("are checked before anything is allocated, and at once", () => {
    const before = process.memoryUsage();
    const start = performance.now();
    for (let i = 0; i < 200; i++) {
      for (const count of [2 ** 28, 2 ** 31, 2n ** 40n]) {
        assert.throws(() => parse(file({ keysCount: count })), GgufError);
        assert.throws(() => parse(file({ tensorsCount: count })), GgufError);
        assert.throws(() => parse(withValue("array", array("string", count, new Uint8Array(64)))), GgufError);
        assert.throws(() => parse(withValue("string", u64(count))), GgufError);
      }
    }
    const after = process.memoryUsage();
    assert.ok(after.arrayBuffers - before.arrayBuffers < 16e6, `${after.arrayBuffers} bytes of array buffers`);
    assert.ok(after.rss - before.rss < 64e6, `${after.rss - before.rss} bytes more`);
    assert.ok(performance.now() - start < 5000);
  });

  it("in a file of terabytes are answered with a request for the bytes, not an allocation", () => {
    const value = withValue("array", array("string", 2 ** 20, new Uint8Array(64)));
    const needed = VALUE + 4 + 8 + 2 ** 20 * 8;
    assert.throws(() => parse(value, 2 ** 42), (error) => {
      return error instanceof NeedMoreBytes && error.bytesMin === needed;
    });
  });

  it("and against the limits of a header", () => {
    const value = withValue("array", array("string", 2 ** 26, new Uint8Array(64)));
    refuses(value, { message: /header limit of 268435456 but found/, offset: VALUE + 4, key: "k", fileBytes: 2 ** 42 });
    const numbers = withValue("array", array("float32", HEADER_BYTES_MAX / 4 - 1, new Uint8Array(64)));
    refuses(numbers, { message: /header limit/, offset: VALUE + 4, key: "k", fileBytes: 2 ** 42 });
    refuses(file({ keysCount: 65_537 }), { message: /at most 65536 metadata/, offset: 16, fileBytes: 2 ** 42 });
    refuses(file({ tensorsCount: 65_537 }), { message: /at most 65536 tensors/, offset: 8, fileBytes: 2 ** 42 });
  });
});

describe("strings", () => {
  it("are no longer than the file", () => {
    // 2 bytes are there; each of the higher bytes of a length must count.
    const highBytes = Array.from({ length: 7 }, (_, i) => 2n + (1n << BigInt(8 * (i + 1))));
    for (const length of [50, 2 ** 31, 2n ** 63n, 2n ** 64n - 1n, ...highBytes]) {
      const value = withValue("string", join(u64(length), new Uint8Array(4)));
      refuses(value, { message: /at most 4 bytes of the string .* found/, offset: VALUE, key: "k" });
      const element = join(text("ok"), u64(length), new Uint8Array(4));
      const elementAt = VALUE + 12 + 10;
      const strings = withValue("array", array("string", 2, element));
      refuses(strings, { message: /string 1 of the array in the 4 bytes/, offset: elementAt, key: "k" });
      const name = file({ keysCount: 1, pairs: [u64(length), new Uint8Array(32)] });
      refuses(name, { message: /bytes of a metadata key/, offset: FIRST_PAIR });
    }
  });

  it("that are keys or tensor names are not empty, not endless, and UTF-8", () => {
    refuses(file({ pairs: [pair("", "uint64", u64(1))] }), {
      message: /1 to 65535 bytes but found 0/,
      offset: FIRST_PAIR,
    });
    const long = file({ pairs: [pair("x".repeat(65_536), "uint8", Uint8Array.of(1))] });
    refuses(long, { message: /1 to 65535 bytes but found 65536/, offset: FIRST_PAIR });
    const notText = join(u64(2), Uint8Array.of(0xff, 0xfe), u32(typeIds.uint8), Uint8Array.of(1));
    refuses(file({ pairs: [notText] }), { message: /metadata key in UTF-8/, offset: FIRST_PAIR + 8 });
    const unnamed = file({ tensors: [tensor("", { shape: [8, 1] })], dataBytes: 32 });
    refuses(unnamed, { message: /a tensor name of 1 to/, offset: FIRST_PAIR });
  });
});

describe("types", () => {
  it("of metadata values and array elements are known", () => {
    for (const id of [13, 255, 0xffffffff]) {
      const value = file({ pairs: [join(text("k"), u32(id), new Uint8Array(16))] });
      refuses(value, { message: new RegExp(`metadata type .* 0 to 12 but found ${id} `), offset: VALUE - 4, key: "k" });
      const elements = withValue("array", join(u32(id), u64(1), new Uint8Array(16)));
      refuses(elements, { message: new RegExp(`element type .* found ${id} `), offset: VALUE, key: "k" });
    }
  });

  it("of arrays are checked before elements are taken for something else", () => {
    const { metadata } = parse(withValue("array", array("uint32", 2, join(u32(1), u32(2)))));
    const where = { name: "GgufError", key: "k", offsetBytes: VALUE };
    assert.throws(() => metadata.getStrings("k"), {
      ...where,
      message: /array of strings but found the type array<uint32>/,
    });
    assert.throws(() => metadata.getNumbers("k", { elementTypes: ["float32"] }), {
      ...where,
      message: /array of float32/,
    });
  });

  it("bool is 0 or 1", () => {
    refuses(withValue("bool", Uint8Array.of(2)), { message: /0 or 1 but found 2/, offset: VALUE, key: "k" });
    const bools = withValue("array", array("bool", 3, Uint8Array.of(0, 1, 7)));
    refuses(bools, { message: /0 or 1 but found 7/, offset: VALUE + 12 + 2, key: "k" });
  });
});

describe("nested arrays", () => {
  /** An array of arrays of ... of one uint8, `depth` deep. */
  function nest(depth: number): Uint8Array {
    const outer = Array.from({ length: depth - 1 }, () => array("array", 1, new Uint8Array(0)));
    return join(...outer, array("uint8", 1, Uint8Array.of(7)));
  }

  it("are read to a depth of 8 and no deeper", () => {
    let value = parse(withValue("array", nest(8))).metadata.get("k");
    for (let depth = 1; depth < 8; depth++) {
      assert.ok(value.type === "array" && value.elementType === "array");
      value = value.value[0];
    }
    assert.deepEqual(value, { type: "array", elementType: "uint8", value: [7] });
    refuses(withValue("array", nest(9)), { message: /at most 8 deep/, offset: VALUE + 7 * 12, key: "k" });
    refuses(withValue("array", nest(10_000)), { message: /at most 8 deep/, offset: VALUE + 7 * 12, key: "k" });
  });

  it("are bounded in their counts too", () => {
    const inner = array("uint64", 2, new Uint8Array(8));
    refuses(withValue("array", array("array", 1, inner)), {
      message: /at most 1 elements of a nested array of uint64/,
      offset: VALUE + 12 + 4,
      key: "k",
    });
    const badString = array("array", 1, array("string", 1, u64(9)));
    refuses(withValue("array", badString), { message: /at most 0 bytes of a string/, offset: VALUE + 24, key: "k" });
    const badBool = array("array", 1, array("bool", 1, Uint8Array.of(3)));
    refuses(withValue("array", badBool), { message: /0 or 1/, offset: VALUE + 24, key: "k" });
  });

  it("of a million empty arrays are walked without building anything", () => {
    const elements = new Uint8Array(12 * 1_000_000);
    const start = performance.now();
    assert.equal(parse(withValue("array", array("array", 1_000_000, elements))).metadata.size, 1);
    assert.ok(performance.now() - start < 3000);
  });
});

describe("general.alignment", () => {
  const valueAt = FIRST_PAIR + 8 + "general.alignment".length + 4;
  const key = "general.alignment";

  it("is a power of two of at least 8", () => {
    for (const value of [0, 1, 4, 3, 12, 33, 96, 0xffffffff, 0x80000001]) {
      const bytes = file({ pairs: [pair(key, "uint32", u32(value))] });
      refuses(bytes, { message: new RegExp(`power of two of at least 8 but found ${value} `), offset: valueAt, key });
    }
    for (const value of [8, 32, 4096, 2 ** 31]) {
      assert.equal(parse(file({ pairs: [pair(key, "uint32", u32(value))] })).alignment, value);
    }
  });

  it("is a uint32", () => {
    const others = {
      uint64: u64(32),
      int32: u32(32),
      uint8: Uint8Array.of(32),
      string: text("32"),
      float32: u32(0x42000000),
    };
    for (const [type, value] of Object.entries(others)) {
      const bytes = file({ pairs: [pair(key, type as keyof typeof typeIds, value)] });
      refuses(bytes, { message: new RegExp(`a uint32 but found the type ${type}`), offset: valueAt, key });
    }
    const list = file({ pairs: [pair(key, "array", array("uint32", 1, u32(32)))] });
    refuses(list, { message: /found the type array<uint32>/, offset: valueAt, key });
  });

  it("that is larger than the file leaves no room for tensors", () => {
    const pairs = [pair(key, "uint32", u32(2 ** 31))];
    const bytes = file({ pairs, tensors: [tensor("t", {})], dataBytes: 64 });
    refuses(bytes, {
      message: /from byte 2147483648 on but the file ends/,
      offset: FIRST_PAIR + pairs[0].length,
      key: "t",
    });
  });
});

describe("duplicates", () => {
  it("of keys are refused", () => {
    const pairs = [pair("k", "uint32", u32(1)), pair("l", "uint32", u32(1)), pair("k", "uint32", u32(1))];
    refuses(file({ pairs }), { message: /every metadata key once/, offset: FIRST_PAIR + 2 * 17, key: "k" });
  });
});

describe("a file cut off", () => {
  it("at every byte is refused, and with fileBytes asks for more", () => {
    const pairs = [
      pair("s", "string", text("hello")),
      pair("n", "float64", u64(0)),
      pair("a", "array", array("string", 3, join(text("x"), text(""), text("yz")))),
      pair("b", "array", array("bool", 2, Uint8Array.of(0, 1))),
      pair("d", "array", array("array", 1, array("uint16", 2, u32(5)))),
    ];
    const tensors = [tensor("t", { shape: [8, 2] }), tensor("u", { shape: [8], offset: 64 })];
    const whole = file({ pairs, tensors, dataBytes: 96 });
    assert.equal(parse(whole).tensors.size, 2);
    const headerEnd = file({ pairs, tensors }).length;
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => parse(whole.subarray(0, length)), (error) => {
        assert.ok(error instanceof GgufError, `${length}: ${error}`);
        assert.ok(error.offsetBytes !== undefined && error.offsetBytes <= length);
        return true;
      });
      const prefix = whole.slice(0, length);
      if (length >= headerEnd) assert.equal(parse(prefix, whole.length).tensors.size, 2);
      else {
        assert.throws(() => parse(prefix, whole.length), (error) => {
          return error instanceof NeedMoreBytes && error.bytesMin > length && error.bytesMin <= whole.length;
        });
      }
    }
  });

  it("in an array at its end asks for more, whatever the elements", () => {
    const elements = { uint8: 1, bool: 1, float64: 8, string: 8, array: 12 };
    for (const [type, size] of Object.entries(elements)) {
      const whole = withValue("array", array(type as keyof typeof typeIds, 3, new Uint8Array(3 * size)));
      for (let length = VALUE + 12; length < whole.length; length++) {
        assert.throws(() => parse(whole.subarray(0, length), whole.length), NeedMoreBytes, `${type} ${length}`);
        assert.throws(() => parse(whole.subarray(0, length)), GgufError, `${type} ${length}`);
      }
    }
  });

  it("refuses a size smaller than the bytes as a wrong argument", () => {
    for (const fileBytes of [0, 23, NaN, 2 ** 60, 30.5]) assert.throws(() => parse(file({}), fileBytes), RangeError);
  });
});
