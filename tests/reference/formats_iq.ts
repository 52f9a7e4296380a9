/**
 * The IQ formats: quants are points of code books (`codeBooks`), signs and scales are packed beside them. The byte
 * layouts are those of ggml-common.h.
 */

import { readFileSync } from "node:fs";
import { bit, bits, type BlockFormat, f16, u16, u32, u8 } from "./block_format.ts";

/** A code book: each point is a text of digits, each digit a place in `values`. */
interface CodeBook {
  readonly grid: readonly string[];
  readonly values: readonly number[];
}

type CodeBooks =
  & Record<"IQ2_XXS" | "IQ2_XS" | "IQ2_S" | "IQ3_XXS" | "IQ3_S" | "IQ1_S", CodeBook>
  & { readonly ksigns: readonly number[]; readonly iq4_nl_values: readonly number[] };

const path = new URL("../fixtures/iq_tables.json", import.meta.url);
const codeBooks = JSON.parse(readFileSync(path, "utf8")) as CodeBooks;

/** Number i of point `index` of a code book. */
function point({ grid, values }: CodeBook, { index, i }: { index: number; i: number }): number {
  return values[Number(grid[index][i])];
}

/** The sign of value i of 8: the IQ2 and IQ3 formats keep 7 bits, the eighth makes the number of minuses even. */
function sevenBitSign(index: number, i: number): number {
  return 1 - 2 * bit(codeBooks.ksigns[index], i);
}

function nibbleValue(byte: number, high: boolean): number {
  return codeBooks.iq4_nl_values[bits(byte, high ? 4 : 0, 4)];
}

/** f16 d, 16 bytes of nibbles that name one of 16 values. */
export const IQ4_NL: BlockFormat = {
  values: 32,
  bytes: 18,
  decode: (block, values) => {
    for (let i = 0; i < 32; i++) values[i] = f16(block, 0) * nibbleValue(u8(block, 2 + (i % 16)), i >= 16);
  },
};

/** f16 d, 16 bits of high scale bits, 4 bytes of low ones, 128 bytes of nibbles. */
export const IQ4_XS: BlockFormat = {
  values: 256,
  bytes: 136,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const part = i >> 5;
      const low = bits(u8(block, 4 + (part >> 1)), 4 * (part % 2), 4);
      const scale = low + 16 * bits(u16(block, 2), 2 * part, 2) - 32;
      values[i] = f16(block, 0) * scale * nibbleValue(u8(block, 8 + 16 * part + (i % 16)), i % 32 >= 16);
    }
  },
};

/** f16 d; per 32 values four bytes of points, four groups of 7 sign bits, a scale in the top 4 bits. */
export const IQ2_XXS: BlockFormat = {
  values: 256,
  bytes: 66,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const [part, group] = [i >> 5, (i >> 3) % 4];
      const packed = u32(block, 2 + 8 * part + 4);
      const scale = (0.5 + bits(packed, 28, 4)) * 0.25;
      const quant = point(codeBooks.IQ2_XXS, { index: u8(block, 2 + 8 * part + group), i: i % 8 });
      values[i] = f16(block, 0) * scale * quant * sevenBitSign(bits(packed, 7 * group, 7), i % 8);
    }
  },
};

/** f16 d; 32 times 9 bits of point and 7 of signs; 8 bytes of two 4-bit scales. */
export const IQ2_XS: BlockFormat = {
  values: 256,
  bytes: 74,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const packed = u16(block, 2 + 2 * (i >> 3));
      const scale = (0.5 + bits(u8(block, 66 + (i >> 5)), 4 * ((i >> 4) % 2), 4)) * 0.25;
      const quant = point(codeBooks.IQ2_XS, { index: bits(packed, 0, 9), i: i % 8 });
      values[i] = f16(block, 0) * scale * quant * sevenBitSign(bits(packed, 9, 7), i % 8);
    }
  },
};

/** f16 d; 32 low bytes of points; 32 bytes of signs; 8 bytes of high point bits; 8 bytes of two 4-bit scales. */
export const IQ2_S: BlockFormat = {
  values: 256,
  bytes: 82,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const [part, group] = [i >> 5, (i >> 3) % 4];
      const index = u8(block, 2 + (i >> 3)) + 256 * bits(u8(block, 66 + part), 2 * group, 2);
      const scale = (0.5 + bits(u8(block, 74 + part), 4 * (group >> 1), 4)) * 0.25;
      const sign = 1 - 2 * bit(u8(block, 34 + (i >> 3)), i % 8);
      values[i] = f16(block, 0) * scale * point(codeBooks.IQ2_S, { index, i: i % 8 }) * sign;
    }
  },
};

/** f16 d; 64 bytes of points of four values; per 32 values four groups of 7 sign bits and a scale in the top 4 bits. */
export const IQ3_XXS: BlockFormat = {
  values: 256,
  bytes: 98,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const packed = u32(block, 66 + 4 * (i >> 5));
      const scale = (0.5 + bits(packed, 28, 4)) * 0.5;
      const quant = point(codeBooks.IQ3_XXS, { index: u8(block, 2 + (i >> 2)), i: i % 4 });
      values[i] = f16(block, 0) * scale * quant * sevenBitSign(bits(packed, 7 * ((i >> 3) % 4), 7), i % 8);
    }
  },
};

/** f16 d; 64 low bytes of points; 8 bytes of ninth bits; 32 bytes of signs; 4 bytes of two 4-bit scales. */
export const IQ3_S: BlockFormat = {
  values: 256,
  bytes: 110,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const [part, quad] = [i >> 5, i >> 2];
      const index = u8(block, 2 + quad) + 256 * bit(u8(block, 66 + part), quad % 8);
      const scale = 1 + 2 * bits(u8(block, 106 + (part >> 1)), 4 * (part % 2), 4);
      const sign = 1 - 2 * bit(u8(block, 74 + (i >> 3)), i % 8);
      values[i] = f16(block, 0) * scale * point(codeBooks.IQ3_S, { index, i: i % 4 }) * sign;
    }
  },
};

/** What is added to every point of IQ1 before the scale. */
const IQ1_DELTA = 0.125;

/** f16 d; 32 low bytes of points; per 32 values four times 3 high bits, a 3-bit scale and the sign of the delta. */
export const IQ1_S: BlockFormat = {
  values: 256,
  bytes: 50,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const high = u16(block, 34 + 2 * (i >> 5));
      const index = u8(block, 2 + (i >> 3)) + 256 * bits(high, 3 * ((i >> 3) % 4), 3);
      const delta = IQ1_DELTA * (1 - 2 * bit(high, 15));
      const scale = 2 * bits(high, 12, 3) + 1;
      values[i] = f16(block, 0) * scale * (point(codeBooks.IQ1_S, { index, i: i % 8 }) + delta);
    }
  },
};

/** 32 low bytes of points; 16 bytes of nibbles (3 high bits, delta's sign); 16 3-bit scales, f16 d spread over them. */
export const IQ1_M: BlockFormat = {
  values: 256,
  bytes: 56,
  decode: (block, values) => {
    const word = new DataView(new ArrayBuffer(2));
    const nibbles = [0, 1, 2, 3].map((i) => bits(u16(block, 48 + 2 * i), 12, 4));
    word.setUint16(0, nibbles.reduce((sum, nibble, i) => sum + nibble * 16 ** i, 0), true);
    const d = f16(word, 0);
    for (let i = 0; i < 256; i++) {
      const group = i >> 3;
      const nibble = bits(u8(block, 32 + (group >> 1)), 4 * (group % 2), 4);
      const index = u8(block, group) + 256 * bits(nibble, 0, 3);
      const delta = IQ1_DELTA * (1 - 2 * bit(nibble, 3));
      const scale = 2 * bits(u16(block, 48 + 2 * (i >> 6)), 3 * ((i >> 4) % 4), 3) + 1;
      values[i] = d * scale * (point(codeBooks.IQ1_S, { index, i: i % 8 }) + delta);
    }
  },
};
