/**
 * What keys and values are after the cache has rounded them to its type: written down by the definition of the types,
 * to compare attention with attention over just these numbers.
 */

import type { CacheType } from "../../src/plan/plan.ts";

/** Columns that share a scale. */
const GROUP = 32;

/** Values (rows, columns) rounded to a type, row by row. */
export function roundToType(type: CacheType, values: Float32Array, columns: number): Float32Array {
  if (type === "F32") return values;
  if (type === "F16") return values.map((value) => Math.f16round(value));
  if (type === "BF16") return values.map(roundToBf16);
  const rounded = new Float32Array(values.length);
  for (let row = 0; row < values.length; row += columns) {
    for (let column = 0; column < columns; column += GROUP) {
      const end = row + Math.min(columns, column + GROUP);
      rounded.set(roundGroup(type, values.subarray(row + column, end)), row + column);
    }
  }
  return rounded;
}

function roundToBf16(value: number): number {
  const words = Uint32Array.of(0);
  const floats = new Float32Array(words.buffer);
  floats[0] = value;
  words[0] = (words[0] + 0x7fff + (words[0] >>> 16 & 1)) >>> 16 << 16;
  return floats[0];
}

/** A scale that takes the largest value to the largest code; codes are the nearest integers. */
function roundGroup(type: "Q8_0" | "Q4_0", values: Float32Array): Float32Array {
  const [most, least] = [Math.max(...values, 0), Math.min(...values, 0)];
  const [low, high] = type === "Q8_0" ? [-127, 127] : [-8, 7];
  const farthest = most >= -least ? most : least;
  const scale = Math.f16round(Math.fround(type === "Q8_0" ? Math.max(most, -least) / 127 : farthest / -8));
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  return values.map((value) => roundToEven(Math.min(Math.max(Math.fround(value * inverse), low), high)) * scale);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
