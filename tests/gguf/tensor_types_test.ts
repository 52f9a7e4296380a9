/** The table of tensor types against the list of the GGUF format, and the checks of shapes. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  removedTensorTypes,
  shapeFault,
  tensorBytes,
  tensorTypeById,
  tensorTypeByName,
  tensorTypes,
} from "../../src/gguf/tensor_types.ts";

const dequant = new URL("../../../shared/fixtures/dequant/", import.meta.url);
const noVectors = existsSync(dequant) ? false : "needs ../shared/fixtures/dequant";

describe("tensorTypes", () => {
  it("has every id from 0 to 42 either in use or removed, and no name twice", () => {
    const ids = [...tensorTypes.map(({ id }) => id), ...removedTensorTypes.keys()].sort((a, b) => a - b);
    assert.deepEqual(ids, Array.from({ length: 43 }, (_, id) => id));
    assert.equal(new Set(tensorTypes.map(({ name }) => name)).size, tensorTypes.length);
  });

  it("is found by id and by name", () => {
    for (const type of tensorTypes) {
      assert.equal(tensorTypeById(type.id), type);
      assert.equal(tensorTypeByName(type.name), type);
    }
    assert.equal(tensorTypeById(4), undefined);
    assert.equal(tensorTypeByName("q4_k"), undefined);
  });

  it("agrees with the block sizes of the reference library", { skip: noVectors }, () => {
    for (const name of readdirSync(dequant)) {
      const bytes = readFileSync(new URL(name, dequant));
      // Each begins with type, values per block, bytes per block.
      const type = tensorTypeById(bytes.readUInt32LE(0));
      assert.equal(`${type?.name.toLowerCase()}.bin`, name.toLowerCase());
      assert.deepEqual([type?.blockValues, type?.blockBytes], [bytes.readUInt32LE(4), bytes.readUInt32LE(8)]);
    }
  });
});

describe("shapeFault() and tensorBytes()", () => {
  const q4k = tensorTypeByName("Q4_K")!;
  const f32 = tensorTypeByName("F32")!;
  const f64 = tensorTypeByName("F64")!;

  it("accept 1 to 4 dimensions of whole blocks", () => {
    assert.equal(shapeFault(q4k, [256]), undefined);
    assert.equal(tensorBytes(q4k, [256]), 144);
    assert.equal(shapeFault(q4k, [512, 3, 2, 1]), undefined);
    assert.equal(tensorBytes(q4k, [512, 3, 2, 1]), 144 * 12);
    assert.equal(tensorBytes(f32, [5, 7]), 140);
  });

  it("name what is wrong", () => {
    assert.match(shapeFault(f32, [])!, /1 to 4 dimensions but found 0/);
    assert.match(shapeFault(f32, [1, 1, 1, 1, 1])!, /1 to 4 dimensions but found 5/);
    assert.match(shapeFault(f32, [8, 0])!, /dimension 1 .* found 0/);
    assert.match(shapeFault(f32, [-8])!, /dimension 0 .* found -8/);
    assert.match(shapeFault(f32, [1.5])!, /found 1.5/);
    assert.match(shapeFault(q4k, [128, 2])!, /multiple of 256 values for Q4_K but found rows of 128/);
    assert.match(shapeFault(f32, [2 ** 32, 2 ** 32])!, /fewer than 2\^53/);
    assert.match(shapeFault(f32, [2 ** 27, 2 ** 26])!, /fewer than 2\^53/);
  });

  it("never wrap around", () => {
    assert.equal(shapeFault(f64, [2 ** 52]), undefined);
    assert.equal(tensorBytes(f64, [2 ** 52]), 2 ** 55);
  });
});
