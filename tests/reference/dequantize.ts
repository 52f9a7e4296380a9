/**
 * Dequantization in f64, exactly as the formats are defined: the truth that kernels are measured against. To add a
 * format: its decode function in one of the formats_*.ts, and its name here.
 */

import type { BlockFormat } from "./block_format.ts";
import { IQ1_M, IQ1_S, IQ2_S, IQ2_XS, IQ2_XXS, IQ3_S, IQ3_XXS, IQ4_NL, IQ4_XS } from "./formats_iq.ts";
import { Q2_K, Q3_K, Q4_K, Q5_K, Q6_K } from "./formats_k.ts";
import {
  BF16,
  F16,
  F32,
  F64,
  MXFP4,
  NVFP4,
  Q1_0,
  Q2_0,
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q8_0,
  TQ1_0,
  TQ2_0,
} from "./formats_plain.ts";

/** Every format by its name in ggml. */
export const formats: Readonly<Record<string, BlockFormat>> = {
  ...{ F32, F64, F16, BF16 },
  ...{ Q1_0, Q2_0, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 },
  ...{ Q2_K, Q3_K, Q4_K, Q5_K, Q6_K },
  ...{ IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_NL, IQ4_XS },
  ...{ TQ1_0, TQ2_0, MXFP4, NVFP4 },
};

/** The `count` values, a whole number of blocks, that begin at `offset` bytes. */
export function dequantize(
  type: string,
  data: { readonly bytes: Uint8Array; readonly offset?: number; readonly count: number },
): Float64Array {
  const format = formats[type];
  if (format === undefined) throw new TypeError(`Expected one of ${Object.keys(formats).join(", ")} but found ${type}`);
  const { bytes, offset = 0, count } = data;
  const values = new Float64Array(count);
  // Plain numbers all at once: a view per number would take most of the time.
  const blocks = format.values === 1 ? count : 1;
  for (let i = 0, at = offset; i < count; i += blocks * format.values, at += blocks * format.bytes) {
    const block = new DataView(bytes.buffer, bytes.byteOffset + at, blocks * format.bytes);
    format.decode(block, values.subarray(i, i + blocks * format.values));
  }
  return values;
}
