/**
 * The K formats: super-blocks of 256 values with f16 scales over small integer scales of 16 or 32 values. The byte
 * layouts are those of ggml-common.h.
 */

import { bit, bits, type BlockFormat, f16, i8, u8 } from "./block_format.ts";

/** 16 bytes of scales (low nibble) and mins (high), 64 bytes of quants, f16 d, f16 dmin. */
export const Q2_K: BlockFormat = {
  values: 256,
  bytes: 84,
  decode: (block, values) => {
    const [d, dmin] = [f16(block, 80), f16(block, 82)];
    for (let i = 0; i < 256; i++) {
      const scale = u8(block, i >> 4);
      const quant = bits(u8(block, 16 + 32 * (i >> 7) + (i % 32)), 2 * ((i >> 5) % 4), 2);
      values[i] = d * bits(scale, 0, 4) * quant - dmin * bits(scale, 4, 4);
    }
  },
};

/** 32 bytes of third bits (clear: minus 4), 64 bytes of quants, 12 bytes of 6-bit scales, f16 d. */
export const Q3_K: BlockFormat = {
  values: 256,
  bytes: 110,
  decode: (block, values) => {
    const d = f16(block, 108);
    for (let i = 0; i < 256; i++) {
      const j = i >> 4;
      const low = bits(u8(block, 96 + (j % 8)), j < 8 ? 0 : 4, 4);
      const high = bits(u8(block, 104 + (j % 4)), 2 * (j >> 2), 2);
      const scale = low + 16 * high - 32;
      const quant = bits(u8(block, 32 + 32 * (i >> 7) + (i % 32)), 2 * ((i >> 5) % 4), 2);
      values[i] = d * scale * (quant + 4 * bit(u8(block, i % 32), i >> 5) - 4);
    }
  },
};

/** Scale and min j of the eight that Q4_K and Q5_K keep, 6 bits each, in the 12 bytes from byte 4 on. */
function scaleAndMin(block: DataView, j: number): readonly [scale: number, min: number] {
  const at = (i: number) => u8(block, 4 + i);
  if (j < 4) return [bits(at(j), 0, 6), bits(at(j + 4), 0, 6)];
  return [
    bits(at(j + 4), 0, 4) + 16 * bits(at(j - 4), 6, 2),
    bits(at(j + 4), 4, 4) + 16 * bits(at(j), 6, 2),
  ];
}

/** The nibble of value i among 128 bytes from `offset` on: per 64 values 32 bytes, first low halves, then high ones. */
function nibble(block: DataView, offset: number, i: number): number {
  return bits(u8(block, offset + 32 * (i >> 6) + (i % 32)), 4 * ((i >> 5) % 2), 4);
}

/** f16 d, f16 dmin, 12 bytes of scales and mins, 128 bytes of nibbles. */
export const Q4_K: BlockFormat = {
  values: 256,
  bytes: 144,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const [scale, min] = scaleAndMin(block, i >> 5);
      values[i] = f16(block, 0) * scale * nibble(block, 16, i) - f16(block, 2) * min;
    }
  },
};

/** f16 d, f16 dmin, 12 bytes of scales and mins, 32 bytes of fifth bits, 128 bytes of nibbles. */
export const Q5_K: BlockFormat = {
  values: 256,
  bytes: 176,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const [scale, min] = scaleAndMin(block, i >> 5);
      const quant = nibble(block, 48, i) + 16 * bit(u8(block, 16 + (i % 32)), i >> 5);
      values[i] = f16(block, 0) * scale * quant - f16(block, 2) * min;
    }
  },
};

/** 128 bytes of low nibbles, 64 bytes of high pairs of bits, 16 int8 scales, f16 d. Quants are 0 to 63, minus 32. */
export const Q6_K: BlockFormat = {
  values: 256,
  bytes: 210,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const [half, quarter, l] = [i >> 7, (i >> 5) % 4, i % 32];
      const low = bits(u8(block, 64 * half + 32 * (quarter % 2) + l), quarter < 2 ? 0 : 4, 4);
      const high = bits(u8(block, 128 + 32 * half + l), 2 * quarter, 2);
      values[i] = f16(block, 208) * i8(block, 192 + (i >> 4)) * (low + 16 * high - 32);
    }
  },
};
