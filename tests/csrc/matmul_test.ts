// Matrices of every weight format, of sizes that end anywhere in a tile, times numbers that are int8 without loss: the
// results with f32 and with int8 activations are those of the oracle's weights in f64.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BufferRecord, PlanShape, Rows, Status, Type, TypeValues } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import { encodePlan } from "../../src/plan/encode.ts";
import type { Plan, WeightType } from "../../src/plan/plan.ts";
import { runWhole } from "../../src/time_slice.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { dequantize } from "../reference/dequantize.ts";
import { committed, readDequantVector } from "../reference/fixtures.ts";
import { outcomeOf } from "./raw_plan.ts";

/** Two row groups, the second with four rows. */
const ROWS = 20;
const TOKENS = 13;

/** Rounding of f32, relative to the sum of the absolute products: of some hundred columns, a few ulp. */
const ERROR_MAX = 1e-6;

const formats = (Object.keys(TypeValues) as (keyof typeof TypeValues)[]).filter((type) => type !== "F32");

/** A weight matrix, and what it stands for. */
interface Matrix {
  readonly type: WeightType;
  readonly columns: number;
  readonly bytes: Uint8Array;
  /** (ROWS, columns) */
  readonly values: Float64Array;
}

/** The first blocks of the format's vector as a matrix. */
function matrixOf(type: WeightType, columns: number): Matrix {
  const vector = readDequantVector(new URL(`dequant/${type.toLowerCase().replace("k", "K")}.bin`, committed));
  const count = ROWS * columns;
  const bytes = vector.blocks.subarray(0, (count / vector.blockValues) * vector.blockBytes);
  return { type, columns, bytes, values: dequantize(type, { bytes, count }) };
}

/** Whole numbers with a 127 in each 32: their blocks have scale 1 and lose nothing. (TOKENS, columns) */
function activations(columns: number): Float32Array {
  const random = seededRandom(columns);
  return Float32Array.from(
    { length: TOKENS * columns },
    (_, i) => (i % columns) % 32 === 5 ? 127 : random() % 255 - 127,
  );
}

/** The same matrix times an input, with f32 and, where the format has it, with int8 activations. */
function productsPlan({ type, columns }: Matrix): Plan {
  const plan = new PlanBuilder({ tokensMax: TOKENS, outputsMax: 1, contextLength: 64, threads: 2 });
  const weight = plan.weight({ label: type, type, layout: "TILES", offset: 0, rows: ROWS, columns });
  const x = plan.input({ label: "x", rows: "TOKENS", columns });
  plan.keep(plan.matmul(x, weight, { label: "f32" }));
  if (type !== "F16" && type !== "BF16") {
    plan.keep(plan.matmul(plan.quantize(x, { label: "x8" }), weight, { label: "int8" }));
  }
  return runWhole(plan.finish());
}

/** The buffers of a plan, and one more over all of its memory. */
function withWindow(plan: Plan, buffers: Uint8Array): Uint8Array {
  const all = new Uint8Array(buffers.length + BufferRecord.size);
  all.set(buffers);
  const view = new DataView(all.buffer, buffers.length);
  view.setUint32(BufferRecord.columns, plan.arena.bytes / 4 / TOKENS, true);
  view.setUint16(BufferRecord.type, Type.F32, true);
  view.setUint16(BufferRecord.rows, Rows.TOKENS, true);
  return all;
}

/** A plan of {@linkcode productsPlan} in the native library. */
interface Products extends Disposable {
  /** The products of the first `tokens` activations, in memory that was full of NaN: each (tokens, ROWS). */
  multiply(tokens: number): Map<string, Float32Array>;
}

function createProducts(matrix: Matrix, x: Float32Array): Products {
  const { functions } = openLibrary();
  const plan = productsPlan(matrix);
  const { weights: records, weightsCount, shape, instructions, buffers } = encodePlan(plan);
  const map = functions.arp_map_memory(matrix.bytes.length, null);
  assert.equal(functions.arp_map_write(map, 0, matrix.bytes, matrix.bytes.length), Status.OK);
  const weights = functions.arp_weights_create(map, records, weightsCount, null, 0, 1, null);
  assert.equal(functions.arp_wait(weights, 10000, null), Status.OK);
  new DataView(shape.buffer).setUint32(PlanShape.buffers, plan.buffers.length + 1, true);
  const { result: native, text } = outcomeOf((error) =>
    functions.arp_plan_create(weights, 0, shape, instructions, withWindow(plan, buffers), error)
  );
  assert.ok(native > 0, text);
  for (const handle of [map, weights]) functions.arp_release(handle); // the plan has references
  const nothing = new Float32Array(plan.arena.bytes / 4).fill(NaN);
  function multiply(tokens: number): Map<string, Float32Array> {
    assert.equal(functions.arp_write(native, plan.buffers.length, 0, TOKENS, nothing, nothing.byteLength), Status.OK);
    const some = x.subarray(0, tokens * matrix.columns);
    assert.equal(functions.arp_write(native, 0, 0, tokens, some, some.byteLength), Status.OK);
    const zeros = Array.from({ length: tokens }, () => 0);
    const frame = Uint32Array.of(...[tokens, 0, 1, 0, 0, 0], ...zeros, ...zeros.keys(), ...zeros);
    const status = functions.arp_run(native, frame, frame.length, 2 ** 31, null);
    assert.equal(status === Status.PENDING ? functions.arp_wait(native, 10000, null) : status, Status.OK);
    return new Map(
      plan.buffers.filter(({ columns }) => columns === ROWS).map(({ label, index }) => {
        const found = new Float32Array(tokens * ROWS);
        assert.equal(functions.arp_read(native, index, 0, tokens, found, found.byteLength), Status.OK);
        return [label, found];
      }),
    );
  }
  return { multiply, [Symbol.dispose]: () => functions.arp_release(native) };
}

/** The largest error of products (tokens, ROWS), relative to the sum of the absolute terms. */
function errorOf(found: Float32Array, { columns, values }: Matrix, x: Float32Array): number {
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
        using products = createProducts(matrix, x);
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
