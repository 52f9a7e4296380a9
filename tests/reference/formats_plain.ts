/**
 * Plain numbers, and the formats of 32 to 128 values with one scale: the byte layouts are those of ggml-common.h.
 */

import { bit, bits, type BlockFormat, f16, i8, u16, u32, u8 } from "./block_format.ts";

export const F32: BlockFormat = {
  values: 1,
  bytes: 4,
  decode: (block, values) => {
    for (let i = 0; i < values.length; i++) values[i] = block.getFloat32(4 * i, true);
  },
};

export const F64: BlockFormat = {
  values: 1,
  bytes: 8,
  decode: (block, values) => {
    for (let i = 0; i < values.length; i++) values[i] = block.getFloat64(8 * i, true);
  },
};

export const F16: BlockFormat = {
  values: 1,
  bytes: 2,
  decode: (block, values) => {
    for (let i = 0; i < values.length; i++) values[i] = f16(block, 2 * i);
  },
};

export const BF16: BlockFormat = {
  values: 1,
  bytes: 2,
  decode: (block, values) => {
    for (let i = 0; i < values.length; i++) values[i] = bf16(u16(block, 2 * i));
  },
};

/** The upper half of an f32: a sign, 8 bits of exponent, 7 of mantissa. */
function bf16(word: number): number {
  const [sign, exponent, mantissa] = [1 - 2 * bit(word, 15), bits(word, 7, 8), bits(word, 0, 7)];
  if (exponent === 255) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -133 : (128 + mantissa) * 2 ** (exponent - 134));
}

/** Nibble i of 32 that lie in 16 bytes from `offset` on: first all low halves, then all high ones. */
function nibble(block: DataView, offset: number, i: number): number {
  return bits(u8(block, offset + (i % 16)), i < 16 ? 0 : 4, 4);
}

/** f16 d, 16 bytes of nibbles. */
export const Q4_0: BlockFormat = {
  values: 32,
  bytes: 18,
  decode: (block, values) => {
    for (let i = 0; i < 32; i++) values[i] = f16(block, 0) * (nibble(block, 2, i) - 8);
  },
};

/** f16 d, f16 min, 16 bytes of nibbles. */
export const Q4_1: BlockFormat = {
  values: 32,
  bytes: 20,
  decode: (block, values) => {
    for (let i = 0; i < 32; i++) values[i] = f16(block, 0) * nibble(block, 4, i) + f16(block, 2);
  },
};

/** f16 d, 32 fifth bits, 16 bytes of nibbles. */
export const Q5_0: BlockFormat = {
  values: 32,
  bytes: 22,
  decode: (block, values) => {
    for (let i = 0; i < 32; i++) {
      values[i] = f16(block, 0) * (nibble(block, 6, i) + 16 * bit(u32(block, 2), i) - 16);
    }
  },
};

/** f16 d, f16 min, 32 fifth bits, 16 bytes of nibbles. */
export const Q5_1: BlockFormat = {
  values: 32,
  bytes: 24,
  decode: (block, values) => {
    for (let i = 0; i < 32; i++) {
      values[i] = f16(block, 0) * (nibble(block, 8, i) + 16 * bit(u32(block, 4), i)) + f16(block, 2);
    }
  },
};

/** f16 d, 32 int8. */
export const Q8_0: BlockFormat = {
  values: 32,
  bytes: 34,
  decode: (block, values) => {
    for (let i = 0; i < 32; i++) values[i] = f16(block, 0) * i8(block, 2 + i);
  },
};

/** f16 d, 128 signs: a set bit is +d. */
export const Q1_0: BlockFormat = {
  values: 128,
  bytes: 18,
  decode: (block, values) => {
    for (let i = 0; i < 128; i++) values[i] = f16(block, 0) * (2 * bit(u8(block, 2 + (i >> 3)), i % 8) - 1);
  },
};

/** f16 d, 64 pairs of bits for -1, 0, 1, 2. */
export const Q2_0: BlockFormat = {
  values: 64,
  bytes: 18,
  decode: (block, values) => {
    for (let i = 0; i < 64; i++) values[i] = f16(block, 0) * (bits(u8(block, 2 + (i >> 2)), 2 * (i % 4), 2) - 1);
  },
};

/** The 16 values of FP4 (E2M1), doubled so that they are whole. */
const fp4Doubled = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/** A power of two as exponent e (E8M0), 16 bytes of FP4 nibbles (OCP Microscaling Formats 1.0). */
export const MXFP4: BlockFormat = {
  values: 32,
  bytes: 17,
  decode: (block, values) => {
    const half = 2 ** (u8(block, 0) - 128);
    for (let i = 0; i < 32; i++) values[i] = half * fp4Doubled[nibble(block, 1, i)];
  },
};

/** An unsigned E4M3 number; 0x7f, which would be NaN, stands for 0. */
function ue4m3(byte: number): number {
  const [exponent, mantissa] = [bits(byte, 3, 4), bits(byte, 0, 3)];
  if (byte === 0x7f) return 0;
  return exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7);
}

/** Four E4M3 scales, then per scale 8 bytes with the FP4 nibbles of 16 values. */
export const NVFP4: BlockFormat = {
  values: 64,
  bytes: 36,
  decode: (block, values) => {
    for (let i = 0; i < 64; i++) {
      const [part, within] = [i >> 4, i % 16];
      const byte = u8(block, 4 + 8 * part + (within % 8));
      values[i] = (ue4m3(u8(block, part)) / 2) * fp4Doubled[bits(byte, within < 8 ? 0 : 4, 4)];
    }
  },
};

/** 48 bytes of five ternary digits, 4 bytes of four, f16 d. Digits are the leading ones of byte / 256 in base 3. */
export const TQ1_0: BlockFormat = {
  values: 256,
  bytes: 54,
  decode: (block, values) => {
    const d = f16(block, 52);
    const runs = [[0, 32, 5], [32, 16, 5], [48, 4, 4]];
    let at = 0;
    for (const [start, length, digits] of runs) {
      for (let digit = 0; digit < digits; digit++) {
        for (let i = 0; i < length; i++) {
          const shifted = (u8(block, start + i) * 3 ** digit) % 256;
          values[at++] = d * (Math.floor((shifted * 3) / 256) - 1);
        }
      }
    }
  },
};

/** 64 bytes of four pairs of bits for -1, 0, 1, in halves of 128 values, f16 d. */
export const TQ2_0: BlockFormat = {
  values: 256,
  bytes: 66,
  decode: (block, values) => {
    for (let i = 0; i < 256; i++) {
      const byte = u8(block, 32 * (i >> 7) + (i % 32));
      values[i] = f16(block, 64) * (bits(byte, 2 * ((i >> 5) % 4), 2) - 1);
    }
  },
};
