// The oracle's dequantization against the values of the reference library, for every format there are vectors of.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { tensorTypeById, tensorTypes } from "../../src/gguf/tensor_types.ts";
import { Type, TypeBytes, TypeValues } from "../../src/native/abi.ts";
import { weightTypes } from "../../src/plan/plan.ts";
import { dequantize, formats } from "./dequantize.ts";
import { committed, readDequantVector, sharedFixtures } from "./fixtures.ts";

/** Every f32 is the f64 value rounded, or off by one ulp where the reference rounded in between. */
function check(url: URL): void {
  const vector = readDequantVector(url);
  const type = tensorTypeById(vector.type)!;
  assert.deepEqual([type.blockValues, type.blockBytes], [vector.blockValues, vector.blockBytes]);
  const { blocks, values: expected } = vector;
  const values = dequantize(type.name, { bytes: blocks, count: expected.length });
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const ulp = 2 ** Math.max(-149, Math.floor(Math.log2(Math.abs(expected[i]) || 1)) - 23);
    worst = Math.max(worst, Math.abs(values[i] - expected[i]) / ulp);
  }
  assert.ok(worst <= 1, `${type.name}: off by ${worst} ulp`);
}

describe("dequantize()", () => {
  for (const name of readdirSync(new URL("dequant/", committed)).sort()) {
    it(`reproduces ${name}`, () => check(new URL(`dequant/${name}`, committed)));
  }

  it(
    "reproduces the vectors of all other formats",
    { skip: sharedFixtures ? false : "needs ../shared/fixtures" },
    () => {
      const folder = new URL("dequant/", sharedFixtures);
      for (const name of readdirSync(folder)) check(new URL(name, folder));
    },
  );

  it("reads numbers of f32 and f64 as they are, and bf16 of every kind", () => {
    const numbers = [0, -0, 1, -1.5, 2 ** -149, 3.4028234663852886e38, Infinity, NaN];
    const f32 = new Uint8Array(Float32Array.from(numbers).buffer);
    assert.deepEqual([...dequantize("F32", { bytes: f32, count: 8 })], numbers);
    const f64 = new Uint8Array(Float64Array.from(numbers).buffer);
    assert.deepEqual([...dequantize("F64", { bytes: f64, count: 8 })], numbers);
    const words = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const upper = new Float32Array(Uint32Array.from(words, (word) => word * 65536).buffer);
    const bf16 = dequantize("BF16", { bytes: new Uint8Array(words.buffer), count: 65536 });
    assert.ok(bf16.every((value, i) => Object.is(value, upper[i])));
  });

  it("knows every format of the ABI and of the GGUF reader in its size", () => {
    for (const name of weightTypes) {
      assert.equal(tensorTypes.find((type) => type.name === name)?.id, Type[name], name);
      assert.deepEqual([formats[name].values, formats[name].bytes], [TypeValues[name], TypeBytes[name]], name);
    }
    for (const { name, blockValues, blockBytes } of tensorTypes) {
      if (/^(I\d|Q8_1|Q8_K)/.test(name)) continue; // integers and activations are no weights
      assert.deepEqual([formats[name]?.values, formats[name]?.bytes], [blockValues, blockBytes], name);
    }
  });

  it("refuses a type that does not exist", () => {
    assert.throws(() => dequantize("Q9", { bytes: new Uint8Array(8), count: 1 }), /but found Q9/);
  });
});
