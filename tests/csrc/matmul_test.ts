// Matrices of every weight format, of sizes that end anywhere in a tile, times numbers that are int8 without loss: the
// results with f32 and with int8 activations are those of the oracle's weights in f64.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TypeValues } from "../../src/native/abi.ts";
import type { WeightType } from "../../src/plan/plan.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { dequantize } from "../reference/dequantize.ts";
import { committed, readDequantVector } from "../reference/fixtures.ts";
import { createProducts, type Matrix } from "./products.ts";

/** Two row groups, the second with four rows. */
const ROWS = 20;
const TOKENS = 13;

/** Rounding of f32, relative to the sum of the absolute products: of some hundred columns, a few ulp. */
const ERROR_MAX = 1e-6;

const formats = (Object.keys(TypeValues) as (keyof typeof TypeValues)[]).filter((type) => type !== "F32");

/** A weight matrix, and what it stands for. */
interface KnownMatrix extends Matrix {
  /** (ROWS, columns) */
  readonly values: Float64Array;
}

/** The first blocks of the format's vector as a matrix. */
function matrixOf(type: WeightType, columns: number): KnownMatrix {
  const vector = readDequantVector(new URL(`dequant/${type.toLowerCase().replace("k", "K")}.bin`, committed));
  const count = ROWS * columns;
  const bytes = vector.blocks.subarray(0, (count / vector.blockValues) * vector.blockBytes);
  return { type, rows: ROWS, columns, bytes, values: dequantize(type, { bytes, count }) };
}

/** Whole numbers with a 127 in each 32: their blocks have scale 1 and lose nothing. (TOKENS, columns) */
function activations(columns: number): Float32Array {
  const random = seededRandom(columns);
  return Float32Array.from(
    { length: TOKENS * columns },
    (_, i) => (i % columns) % 32 === 5 ? 127 : random() % 255 - 127,
  );
}

/** The largest error of products (tokens, ROWS), relative to the sum of the absolute terms. */
function errorOf(found: Float32Array, { columns, values }: KnownMatrix, x: Float32Array): number {
  let worst = 0;
  for (let i = 0; i < found.length; i++) {
    const [token, row] = [Math.floor(i / ROWS), i % ROWS];
    let [sum, size] = [0, 0];
    for (let c = 0; c < columns; c++) {
      const term = values[row * columns + c] * x[token * columns + c];
      sum += term;
      size += Math.abs(term);
    }
    worst = Math.max(worst, Math.abs(found[i] - sum) / size); // NaN too, and then for good
  }
  return worst;
}

describe("matmul", () => {
  for (const type of formats) {
    const block = TypeValues[type];
    const all = block === 1 ? [30, 100] : [block, 3 * block, 5 * block, 9 * block];
    const sizes = all.filter((columns) => columns * ROWS <= 16384); // the values of a vector
    it(`${type}: rows of ${sizes.join(", ")} columns`, () => {
      for (const columns of sizes) {
        const matrix = matrixOf(type, columns);
        const x = activations(columns);
        using products = createProducts(matrix, { x, tokensMax: TOKENS });
        for (const tokens of [1, 3, TOKENS]) {
          for (const [label, found] of products.multiply(tokens)) {
            const error = errorOf(found, matrix, x);
            assert.ok(error < ERROR_MAX, `${label}, ${tokens} tokens, ${columns} columns: ${error}`);
          }
        }
      }
    });
  }
});
