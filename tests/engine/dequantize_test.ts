// The library's dequantization against the values of the reference library, for every weight format it has.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Status, Type, TypeBytes, TypeValues } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import { committed, readDequantVector } from "../reference/fixtures.ts";

type Format = keyof typeof TypeValues;
const names = Object.keys(TypeValues) as Format[];

function dequantize(type: number, blocks: Uint8Array, values: Float32Array): number {
  const { arp_dequantize: call } = openLibrary().functions;
  return call(type, blocks, blocks.length, values, values.length);
}

/** The bits of numbers: NaN and -0 are told apart. */
function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** Every bit pattern of a half, and what it stands for. */
function halves(widen: (view: DataView) => number): { bytes: Uint8Array; values: Float32Array } {
  const words = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const view = new DataView(new ArrayBuffer(4));
  const values = Float32Array.from(words, (word) => {
    view.setUint16(0, word, true);
    return widen(view);
  });
  return { bytes: new Uint8Array(words.buffer), values };
}

describe("arp_dequantize()", () => {
  for (const name of names.filter((format) => format !== "F32")) {
    it(`gives the very bits of the reference for ${name}`, () => {
      const vector = readDequantVector(new URL(`dequant/${name.toLowerCase().replace("k", "K")}.bin`, committed));
      assert.equal(vector.type, Type[name]);
      assert.deepEqual([vector.blockValues, vector.blockBytes], [TypeValues[name], TypeBytes[name]]);
      const found = new Float32Array(vector.values.length);
      assert.equal(dequantize(Type[name], vector.blocks, found), Status.OK);
      assert.deepEqual(bitsOf(found), bitsOf(vector.values));
    });
  }

  it("copies F32", () => {
    const numbers = Float32Array.of(0, -0, 1, -1.5, 2 ** -149, 3.4028234663852886e38, Infinity, -Infinity, NaN, 0.1);
    const found = new Float32Array(numbers.length);
    assert.equal(dequantize(Type.F32, new Uint8Array(numbers.buffer), found), Status.OK);
    assert.deepEqual(bitsOf(found), bitsOf(numbers));
  });

  it("widens every F16 and every BF16, with subnormals, infinities and NaN", () => {
    const f16 = halves((view) => view.getFloat16(0, true));
    const bf16 = halves((view) => {
      view.setUint32(0, view.getUint16(0, true) * 65536, true);
      return view.getFloat32(0, true);
    });
    for (const [type, { bytes, values }] of [[Type.F16, f16], [Type.BF16, bf16]] as const) {
      const found = new Float32Array(values.length);
      assert.equal(dequantize(type, bytes, found), Status.OK);
      // Which of the many NaN it is does not matter.
      for (let i = 0; i < found.length; i++) assert.ok(Object.is(found[i], values[i]), `type ${type}, bits ${i}`);
    }
  });

  it("decodes any number of blocks the same: one by one as all together", () => {
    for (const name of names) {
      const { [name]: values } = TypeValues;
      const { [name]: bytes } = TypeBytes;
      const blocks = Uint8Array.from({ length: 7 * bytes }, (_, i) => (i * 37 + 11) % 120); // no infinite scales
      const together = new Float32Array(7 * values);
      assert.equal(dequantize(Type[name], blocks, together), Status.OK);
      for (let i = 0; i < 7; i++) {
        const alone = new Float32Array(values);
        assert.equal(dequantize(Type[name], blocks.slice(i * bytes, (i + 1) * bytes), alone), Status.OK);
        assert.deepEqual(bitsOf(alone), bitsOf(together.slice(i * values, (i + 1) * values)), name);
      }
    }
  });

  it("refuses what is no weight format, and sizes that do not fit", () => {
    const values = new Float32Array(256);
    for (const type of [4, 9, 15, Type.F64, Type.Q8, 2 ** 32 - 1]) {
      assert.equal(dequantize(type, new Uint8Array(144), values), Status.UNSUPPORTED, `type ${type}`);
    }
    assert.equal(dequantize(Type.Q4_K, new Uint8Array(143), values), Status.INVALID);
    assert.equal(dequantize(Type.Q4_K, new Uint8Array(144), values.subarray(1)), Status.INVALID);
    assert.equal(dequantize(Type.Q4_K, new Uint8Array(288), values), Status.INVALID);
    assert.ok(values.every((value) => value === 0));
  });
});
