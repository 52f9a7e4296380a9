/** Products of a matrix with activations in the native library, without anything of a model around them. */

import assert from "node:assert/strict";
import { BufferRecord, PlanShape, Rows, Status, Type } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import { encodePlan } from "../../src/plan/encode.ts";
import { isIntegerType, type Plan, type WeightType } from "../../src/plan/plan.ts";
import { runWhole } from "../../src/time_slice.ts";
import { outcomeOf } from "./raw_plan.ts";

/** A weight matrix (rows, columns) as it is in a file. */
export interface Matrix {
  readonly type: WeightType;
  readonly rows: number;
  readonly columns: number;
  readonly bytes: Uint8Array;
}

/** The same matrix times an input, with f32 and, where the format has it, with int8 activations. */
function productsPlan({ type, rows, columns }: Matrix, tokensMax: number): Plan {
  const plan = new PlanBuilder({ tokensMax, outputsMax: 1, contextLength: 64, threads: 2 });
  const weight = plan.weight({ label: type, type, layout: "TILES", offset: 0, rows, columns });
  const x = plan.input({ label: "x", rows: "TOKENS", columns });
  plan.keep(plan.matmul(x, weight, { label: "f32" }));
  if (isIntegerType(type)) {
    plan.keep(plan.matmul(plan.quantize(x, { label: "x8" }), weight, { label: "int8" }));
  }
  return runWhole(plan.finish());
}

/** The buffers of a plan, encoded, and one more over all of its memory. */
export function withWindow(plan: Plan, buffers: Uint8Array, tokensMax: number): Uint8Array {
  const all = new Uint8Array(buffers.length + BufferRecord.size);
  all.set(buffers);
  const view = new DataView(all.buffer, buffers.length);
  view.setUint32(BufferRecord.columns, plan.arena.bytes / 4 / tokensMax, true);
  view.setUint16(BufferRecord.type, Type.F32, true);
  view.setUint16(BufferRecord.rows, Rows.TOKENS, true);
  return all;
}

/** A plan of {@linkcode productsPlan} in the native library. */
export interface Products extends Disposable {
  /** What the matrix takes in memory. */
  readonly weightsBytes: number;
  /** The products of the first `tokens` activations, in memory that was full of NaN: each (tokens, rows). */
  multiply(tokens: number): Map<string, Float32Array>;
}

/** Prepares products with `x` (tokensMax, columns). */
export function createProducts(
  matrix: Matrix,
  { x, tokensMax }: { x: Float32Array; tokensMax: number },
): Products {
  const { functions } = openLibrary();
  const plan = productsPlan(matrix, tokensMax);
  const { weights: records, weightsCount, shape, instructions, buffers } = encodePlan(plan);
  const map = functions.arp_map_memory(matrix.bytes.length, null);
  assert.equal(functions.arp_map_write(map, 0, matrix.bytes, matrix.bytes.length), Status.OK);
  const weights = functions.arp_weights_create(map, records, weightsCount, null, 0, 1, null);
  assert.equal(functions.arp_wait(weights, 10000, null), Status.OK);
  new DataView(shape.buffer).setUint32(PlanShape.buffers, plan.buffers.length + 1, true);
  const { result: native, text } = outcomeOf((error) =>
    functions.arp_plan_create(weights, 0, shape, instructions, withWindow(plan, buffers, tokensMax), error)
  );
  assert.ok(native > 0, text);
  const weightsBytes = functions.arp_memory(weights);
  for (const handle of [map, weights]) functions.arp_release(handle); // the plan has references
  const nothing = new Float32Array(plan.arena.bytes / 4).fill(NaN);
  function multiply(tokens: number): Map<string, Float32Array> {
    assert.equal(
      functions.arp_write(native, plan.buffers.length, 0, tokensMax, nothing, nothing.byteLength),
      Status.OK,
    );
    const some = x.subarray(0, tokens * matrix.columns);
    assert.equal(functions.arp_write(native, 0, 0, tokens, some, some.byteLength), Status.OK);
    const zeros = Array.from({ length: tokens }, () => 0);
    const frame = Uint32Array.of(...[tokens, 0, 1, 0, 0, 0], ...zeros, ...zeros.keys(), ...zeros);
    const status = functions.arp_run(native, frame, frame.length, 2 ** 31, null);
    assert.equal(status === Status.PENDING ? functions.arp_wait(native, 10000, null) : status, Status.OK);
    return new Map(
      plan.buffers.filter(({ columns }) => columns === matrix.rows).map(({ label, index }) => {
        const found = new Float32Array(tokens * matrix.rows);
        assert.equal(functions.arp_read(native, index, 0, tokens, found, found.byteLength), Status.OK);
        return [label, found];
      }),
    );
  }
  return { weightsBytes, multiply, [Symbol.dispose]: () => functions.arp_release(native) };
}
