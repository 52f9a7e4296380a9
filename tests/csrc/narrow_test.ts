// Weights of 16-bit floats whose values need only twelve: they take that much memory, and give the bits that the same
// values give as F32, whose tiles hold anything.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../gguf/seeded_random.ts";
import { createProducts, type Matrix } from "./products.ts";

const TOKENS = 5;

/** Bits of a BF16: a sign, an exponent (biased by 127) and 7 bits of fraction. */
const bfloat = (sign: number, exponent: number, fraction: number) => sign << 15 | exponent << 7 | fraction;

/** Whatever BF16 with one of `count` exponents up to that of 1. */
function someBfloat(random: () => number, count: number): number {
  const bits = random();
  return bfloat(bits & 1, 127 - bits % count, bits >>> 8 & 127);
}

function floatOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
}

function halfOf(value: number): number {
  const view = new DataView(new ArrayBuffer(2));
  view.setFloat16(0, value);
  return view.getUint16(0);
}

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/** A matrix of BF16, by their bits, in three formats; F16 where it has all of the values. */
function formatsOf({ rows, columns }: Shape, bitsAt: (row: number, column: number) => number): Map<string, Matrix> {
  const bits = Uint16Array.from(
    { length: rows * columns },
    (_, i) => bitsAt(Math.floor(i / columns), i % columns),
  );
  const values = Float32Array.from(bits, floatOf);
  const halves = Uint16Array.from(values, halfOf);
  const matrix = (type: Matrix["type"], { buffer }: { buffer: ArrayBuffer }) =>
    [type, { type, rows, columns, bytes: new Uint8Array(buffer) }] as const;
  return new Map([matrix("F32", values), matrix("BF16", bits), matrix("F16", halves)]);
}

function productsOf(matrix: Matrix, x: Float32Array): { weightsBytes: number; bits: Uint32Array[] } {
  using products = createProducts(matrix, { x, tokensMax: TOKENS });
  const bits = [1, 2, TOKENS].map((tokens) => new Uint32Array(products.multiply(tokens).get("f32:matmul")!.buffer));
  return { weightsBytes: products.weightsBytes, bits };
}

/** Twelve bits a value and a head of 16 bytes for 16 rows of 64 columns, in whole cache lines for 16 rows. */
function narrowBytes({ rows, columns }: Shape): number {
  const [groups, tiles] = [Math.ceil(rows / 16), Math.ceil(columns / 64)];
  return groups * (Math.ceil(tiles * 16 / 64) * 64 + tiles * 16 * 64 * 12 / 8);
}
function wideBytes({ rows, columns }: Shape): number {
  return Math.ceil(rows / 16) * Math.ceil(columns / 64) * 16 * 64 * 2;
}

/** Checks that the formats agree, and what they take. */
function check(
  shape: Shape & { isNarrow: boolean; formats?: readonly string[] },
  bitsAt: (row: number, column: number) => number,
): void {
  const random = seededRandom(7);
  const x = Float32Array.from({ length: TOKENS * shape.columns }, () => random() / 2 ** 31 - 1);
  const matrices = formatsOf(shape, bitsAt);
  const expected = productsOf(matrices.get("F32")!, x);
  for (const format of shape.formats ?? ["BF16", "F16"]) {
    const { weightsBytes, bits } = productsOf(matrices.get(format)!, x);
    assert.deepEqual(bits, expected.bits, `${format} (${shape.rows}, ${shape.columns})`);
    assert.equal(weightsBytes, (shape.isNarrow ? narrowBytes : wideBytes)(shape), format);
  }
}

describe("weights of 16-bit floats in twelve bits", () => {
  it("wherever rows and columns end", () => {
    const random = seededRandom(1);
    for (const rows of [16, 37]) {
      for (const columns of [8, 64, 72, 192, 256, 300, 320, 576]) {
        check({ rows, columns, isNarrow: true }, () => someBfloat(random, 12));
      }
    }
  });

  it("with zeros, negative zeros and subnormal numbers", () => {
    const random = seededRandom(2);
    const some = (row: number, column: number) => {
      const kind = (row * 5 + column) % 7;
      return kind < 2 ? bfloat(kind, 0, 0) : kind === 2 ? bfloat(0, 0, column & 127) : someBfloat(random, 15);
    };
    check({ rows: 32, columns: 256, isNarrow: true, formats: ["BF16"] }, some);
    // The least numbers of F16, 2^-24 and multiples, and 2^-14 to 2^-11.
    check({ rows: 32, columns: 256, isNarrow: true }, (row, column) => {
      if (row % 2 === 0) return someBfloat(random, 4) - (11 << 7);
      return bfloat(column & 1, 127 - 24 + row % 8, 0);
    });
  });

  it("with sixteen exponents far from each other", () => {
    const random = seededRandom(3);
    check({ rows: 16, columns: 128, isNarrow: true, formats: ["BF16"] }, (_, column) => {
      return bfloat(0, 60 + column % 16 * 8, random() & 127);
    });
  });

  it("but a seventeenth, or numbers that are not finite, take sixteen", () => {
    const random = seededRandom(4);
    check({ rows: 16, columns: 128, isNarrow: false, formats: ["BF16"] }, (_, column) => {
      return bfloat(0, 60 + column % 17 * 4, random() & 127);
    });
    check({ rows: 16, columns: 64, isNarrow: false }, (row, column) => {
      return row === 3 && column === 5 ? bfloat(1, 255, 0) : someBfloat(random, 3);
    });
  });

  it("in tiles of their own where most others are narrow", () => {
    const random = seededRandom(5);
    // Row groups 0 to 3 of 32 are none of those that loading looks at (4, 12, 20, 28).
    const odd = (row: number, column: number) => row < 64 && (column >> 6) % 3 === row >> 5;
    const some = (row: number, column: number) => {
      if (!odd(row, column)) return someBfloat(random, 8);
      if (row % 8 === 7 && column % 64 === 9) return bfloat(0, 255, 0);
      return someBfloat(random, 14);
    };
    check({ rows: 512, columns: 520, isNarrow: true }, some);
    const many = (row: number, column: number) => odd(row, column) ? random() & 0xbfff : someBfloat(random, 8);
    check({ rows: 512, columns: 520, isNarrow: true, formats: ["BF16"] }, many);
  });

  it("not where F16 has more of fraction than BF16", () => {
    const random = seededRandom(6);
    const [rows, columns] = [32, 256];
    const bits = Uint16Array.from({ length: rows * columns }, () => random() & 0xbfff);
    const values = Float32Array.from(bits, (half) => {
      const view = new DataView(Uint16Array.of(half).buffer);
      return view.getFloat16(0, true);
    });
    const x = Float32Array.from({ length: TOKENS * columns }, (_, i) => Math.sin(i));
    const [half, float] = ([["F16", bits], ["F32", values]] as const).map(([type, { buffer }]) =>
      productsOf({ type, rows, columns, bytes: new Uint8Array(buffer) }, x)
    );
    assert.deepEqual(half.bits, float.bits);
    assert.equal(half.weightsBytes, wideBytes({ rows, columns }));
  });
});
