/**
 * Malformed descriptions of tensors. Each test is one line of the list of bad files in the design's field notes: every
 * one of them was a crash, an overread or a CVE in another engine. Here each is a GgufError that names the tensor and
 * the byte.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GgufError } from "../../src/errors.ts";
import { removedTensorTypes } from "../../src/gguf/tensor_types.ts";
import { file, pair, tensor, u32 } from "./raw_bytes.ts";
import { FIRST_PAIR, parse, refuses } from "./refuses.ts";

describe("types and names", () => {
  it("of tensors: types are known, and removed ones are named", () => {
    const typeAt = FIRST_PAIR + 8 + 1 + 4 + 8;
    for (const type of [43, 99, 0xffffffff]) {
      const unknown = file({ tensors: [tensor("t", { type })], dataBytes: 64 });
      refuses(unknown, { message: new RegExp(`a known tensor type but found ${type} `), offset: typeAt, key: "t" });
    }
    for (const [type, name] of removedTensorTypes) {
      const removed = file({ tensors: [tensor("t", { type })], dataBytes: 64 });
      refuses(removed, { message: new RegExp(`found ${type} \\(${name}\\), .* no longer`), offset: typeAt, key: "t" });
    }
  });

  it("of tensors: a name comes only once", () => {
    const tensors = [tensor("t", { offset: 0 }), tensor("t", { offset: 32 })];
    refuses(file({ tensors, dataBytes: 64 }), { message: /every tensor once/, offset: FIRST_PAIR + 33, key: "t" });
  });
});

describe("dimensions", () => {
  /** Where the first dimension of the first tensor "t" stands. */
  const DIMENSION = FIRST_PAIR + 8 + 1 + 4;

  it("are at least 1, also in a file of 88 bytes", () => {
    for (const shape of [[0], [8, 0], [0, 8], [1, 1, 1, 0]]) {
      const bytes = file({ tensors: [tensor("t", { shape })], dataBytes: 4 });
      const offset = DIMENSION + 8 * shape.indexOf(0);
      refuses(bytes, { message: /dimension \d to be from 1 to 2\^53 - 1 but found 0/, offset, key: "t" });
    }
    const key = "t".repeat(32);
    const small = file({ tensors: [tensor(key, { shape: [0] })] });
    assert.equal(small.length, 88);
    refuses(small, { message: /found 0/, offset: DIMENSION + 31, key });
  });

  it("are 1 to 4", () => {
    for (const count of [0, 5, 6, 1000]) {
      const bytes = file({ tensors: [tensor("t", { shape: Array(count).fill(1) })], dataBytes: 64 });
      const offset = DIMENSION - 4;
      refuses(bytes, { message: new RegExp(`1 to 4 dimensions but found ${count} `), offset, key: "t" });
    }
  });

  it("have a product that cannot overflow", () => {
    const shapes = [[2n ** 32n, 2n ** 32n], [2n ** 63n, 2], [2n ** 62n, 4], [2 ** 16, 2 ** 16, 2 ** 16, 2 ** 16]];
    for (const shape of [...shapes, [2n ** 64n - 1n], [3, 0x5555555555555556n], [2n ** 33n, 2n ** 31n]]) {
      const bytes = file({ tensors: [tensor("t", { shape })], dataBytes: 64 });
      assert.throws(() => parse(bytes), (error) => {
        assert.ok(error instanceof GgufError);
        assert.match(error.message, /2\^53/);
        assert.equal(error.key, "t");
        assert.ok(error.offsetBytes! >= FIRST_PAIR && error.offsetBytes! < FIRST_PAIR + 60);
        return true;
      });
    }
    // The product fits, the number of bytes is near 2^56: larger than the file, not wrapped around to something small.
    const bytes = file({ tensors: [tensor("t", { shape: [2n ** 52n], type: 28 })], dataBytes: 64 });
    refuses(bytes, { message: /but the file ends at/, offset: FIRST_PAIR, key: "t" });
  });

  it("make rows of whole blocks", () => {
    const bytes = file({ tensors: [tensor("t", { shape: [128, 2], type: 12 })], dataBytes: 144 });
    refuses(bytes, { message: /multiple of 256 values for Q4_K but found rows of 128/, offset: FIRST_PAIR, key: "t" });
    assert.equal(parse(file({ tensors: [tensor("t", { shape: [256], type: 12 })], dataBytes: 144 })).tensors.size, 1);
  });
});

describe("the place of a tensor", () => {
  it("is within the file", () => {
    const whole = file({ tensors: [tensor("a", {}), tensor("b", { offset: 32 })], dataBytes: 64 });
    assert.equal(parse(whole).tensors.get("b")?.offset, whole.length - 32);
    const infoAt = FIRST_PAIR + 33;
    for (const cut of [1, 31, 32]) {
      const bytes = whole.subarray(0, whole.length - cut);
      const message = new RegExp(`but the file ends at ${bytes.length}: is it an incomplete download`);
      refuses(bytes, { message, offset: infoAt, key: "b" });
    }
  });

  it("is never behind the file, whatever its number", () => {
    for (const offset of [64, 2 ** 31, 2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 32n]) {
      const bytes = file({ tensors: [tensor("t", { offset })], dataBytes: 64 });
      refuses(bytes, { message: /but the file ends at/, offset: FIRST_PAIR, key: "t" });
    }
  });

  it("is aligned", () => {
    for (const offset of [1, 4, 16, 33, 2n ** 63n + 1n]) {
      const bytes = file({ tensors: [tensor("t", { offset })], dataBytes: 128 });
      refuses(bytes, { message: new RegExp(`multiple of 32 but found ${offset} `), offset: FIRST_PAIR, key: "t" });
    }
    const pairs = [pair("general.alignment", "uint32", u32(64))];
    const bytes = file({ pairs, tensors: [tensor("t", { offset: 32 })], dataBytes: 256 });
    refuses(bytes, { message: /multiple of 64 but found 32/, offset: FIRST_PAIR + pairs[0].length, key: "t" });
  });

  it("belongs to one tensor only", () => {
    const infoBytes = 33;
    const cases: readonly (readonly [shapes: number[], offsets: number[], wrong: string])[] = [
      [[8, 8], [0, 0], "b"],
      [[16, 8], [0, 32], "b"],
      [[8, 24], [64, 0], "a"],
      [[8, 8, 64], [0, 96, 32], "b"],
      [[8, 8, 8], [64, 0, 64], "c"],
    ];
    for (const [shapes, offsets, wrong] of cases) {
      const tensors = shapes.map((columns, i) => tensor("abc"[i], { shape: [columns], offset: offsets[i] }));
      const offset = FIRST_PAIR + infoBytes * "abc".indexOf(wrong);
      refuses(file({ tensors, dataBytes: 512 }), {
        message: /tensor of its own .* found "[abc]" at/,
        offset,
        key: wrong,
      });
    }
    // In another order than the data, and with gaps, is legal.
    const tensors = [64, 0, 160].map((offset, i) => tensor("abc"[i], { shape: [16], offset }));
    assert.equal(parse(file({ tensors, dataBytes: 512 })).tensors.size, 3);
  });
});
