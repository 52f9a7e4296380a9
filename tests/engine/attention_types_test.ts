// Keys and values in every type of the cache: attention over what the type makes of them is as exact as f32 is, what it
// makes of them is as its definition says, and turning keys is what rotating them before would have been.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeLibrary } from "../../src/native/library.ts";
import { cacheTypes } from "../../src/plan/plan.ts";
import { roundToType } from "../reference/cache_types.ts";
import { type AttentionData, type AttentionShape, createAttention, randomData } from "./attention_plan.ts";
import { worstError } from "./standard_attention.ts";

const isSlow = describeLibrary().isa === "scalar";
const lengths = isSlow ? [1, 70, 300] : [1, 70, 300, 8191];

/** Columns of keys and values. */
const headSizes = [[64, 64], [128, 128], [256, 256], [32, 256], [192, 128], [80, 80], [33, 20]];

/**
 * Of f32, against attention over the rounded numbers; and of the rounding itself, on data of deviation 1. A rounded key
 * changes a score by about its relative error, and a value its weighted sum: both together are 1.4 times the error of a
 * number, which is 2^-12 / sqrt(3) or so in F16, 8 times that in BF16. In Q8_0 a step is the largest of 32 (2.1
 * deviations on average, 2.5 at most here) / 127, its error 1 / sqrt(12) of it: 0.006. In Q4_0 steps are 127 / 8 times
 * as large: 0.1.
 */
const F32_ERROR_MAX = 1e-5;
const typeErrorMax = { F32: 1e-5, F16: 2e-3, BF16: 8e-3, Q8_0: 2e-2, Q4_0: 0.3 } as const;

function rounded(data: AttentionData, shape: AttentionShape): AttentionData {
  const { type, valueType = type, keyColumns, valueColumns } = shape;
  return {
    ...data,
    keys: roundToType(type, data.keys, keyColumns),
    values: roundToType(valueType, data.values, valueColumns),
  };
}

const positionsOf = (length: number) =>
  [0, 1, 63, 64, 69, 255, 256, 299, 1099, 4095, 4096, 8190].filter((position) => position < length);

describe(`the cache on ${describeLibrary().isa}`, () => {
  for (const type of cacheTypes) {
    it(`in ${type} is exact to what the type loses`, async () => {
      let [worst, worstOfType] = [0, 0];
      for (const [keyColumns, valueColumns] of headSizes) {
        for (const length of lengths) {
          const shape: AttentionShape = { keyValueHeads: 2, group: 2, keyColumns, valueColumns, type };
          const data = randomData(shape, { length, seed: length + keyColumns });
          using runner = await createAttention(shape, { contextLength: length });
          await runner.write(data, { from: 0, to: length });
          const positions = positionsOf(length);
          const found = await runner.attend(data, positions);
          const scale = 1 / Math.sqrt(keyColumns);
          const error = worstError(found, { data: rounded(data, shape), shape, positions, scale });
          assert.ok(error < F32_ERROR_MAX, `${keyColumns} and ${valueColumns} columns, ${length} positions: ${error}`);
          worst = Math.max(worst, error);
          worstOfType = Math.max(worstOfType, worstError(found, { data, shape, positions, scale }));
        }
      }
      console.log(`${type}: ${worst.toExponential(2)}, of the type ${worstOfType.toExponential(2)}`);
      assert.ok(worstOfType < typeErrorMax[type], `relative error ${worstOfType}`);
    });
  }

  it("may have keys and values of different types", async () => {
    for (const type of cacheTypes) {
      for (const valueType of cacheTypes.filter((other) => other !== type)) {
        const shape: AttentionShape = { keyValueHeads: 1, group: 3, keyColumns: 40, valueColumns: 72, type, valueType };
        const data = randomData(shape, { length: 130, seed: 3 });
        using runner = await createAttention(shape, { contextLength: 130 });
        await runner.write(data, { from: 0, to: 130 });
        const found = await runner.attend(data, [0, 64, 129]);
        const options = { data: rounded(data, shape), shape, positions: [0, 64, 129], scale: 1 / Math.sqrt(40) };
        assert.ok(worstError(found, options) < F32_ERROR_MAX, `${type} and ${valueType}`);
      }
    }
  });

  for (const pairs of ["INTERLEAVED", "NEOX"] as const) {
    it(`turns keys by what their positions move, pairs ${pairs}`, async () => {
      for (const type of cacheTypes) {
        const shape: AttentionShape = { keyValueHeads: 2, group: 1, keyColumns: 48, valueColumns: 16, type };
        const length = 200;
        const data = randomData(shape, { length, seed: 4 });
        using runner = await createAttention(shape, { contextLength: length });
        await runner.write(data, { from: 0, to: length });
        const frequencies = Float64Array.from({ length: 16 }, (_, i) => 10000 ** (-i / 16));
        runner.cache.rotateBlocks(0, Uint32Array.from(runner.blockTable), { frequencies, pairs, delta: -64 });
        const before = rounded(data, shape);
        const keys = roundToType(type, rotated(before.keys, { pairs, frequencies, columns: 48, delta: -64 }), 48);
        const options = { shape, positions: [0, 63, 64, 199], scale: 1 / Math.sqrt(48) };
        const error = worstError(await runner.attend(data, options.positions), {
          ...options,
          data: { ...before, keys },
        });
        // Sines here and there differ by an ulp of f32: in a few of 10^4 cases a number is rounded to the next code.
        assert.ok(error < typeErrorMax[type] / 10 + F32_ERROR_MAX, `${type}: relative error ${error}`);
      }
    });
  }
});

/** Keys (rows, columns) whose first columns are turned by `delta` positions. */
function rotated(
  keys: Float32Array,
  { pairs, frequencies, columns, delta }: { pairs: string; frequencies: Float64Array; columns: number; delta: number },
): Float32Array {
  const turned = keys.slice();
  for (let row = 0; row < keys.length; row += columns) {
    for (const [i, frequency] of frequencies.entries()) {
      const [a, b] = pairs === "NEOX" ? [row + i, row + i + frequencies.length] : [row + 2 * i, row + 2 * i + 1];
      const [cos, sin] = [Math.cos(delta * frequency), Math.sin(delta * frequency)];
      [turned[a], turned[b]] = [keys[a] * cos - keys[b] * sin, keys[a] * sin + keys[b] * cos];
    }
  }
  return turned;
}
