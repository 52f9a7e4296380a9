/**
 * Random weights in every format: blocks whose values have mean 0 and a chosen standard deviation, so that
 * activations stay in the range of a real model's. What the formats mean is said in csrc/quants; here is only where
 * their scales are.
 */

import { tensorTypeByName } from "../../src/gguf/tensor_types.ts";

/** A 16-bit field of a block: `offset` in bytes, and its value for weights of standard deviation 1. */
interface ScaleField {
  readonly offset: number;
  readonly scale: number;
}

/**
 * How the bytes of a block become weights when all bits that are not listed are random. The factors are the standard
 * deviation of a block's values under uniformly random bits with d = 1, by the formula above each line; minima are
 * chosen so that the mean is 0.
 */
const layouts: Readonly<Record<string, readonly ScaleField[]>> = {
  // (u - 8) d, u in 0..15: deviation 4.6
  Q4_0: [{ offset: 0, scale: 1 / 4.6 }],
  // u d + m
  Q4_1: [{ offset: 0, scale: 1 / 4.6 }, { offset: 2, scale: -7.5 / 4.6 }],
  // (u - 16) d, u in 0..31: deviation 9.2
  Q5_0: [{ offset: 0, scale: 1 / 9.2 }],
  Q5_1: [{ offset: 0, scale: 1 / 9.2 }, { offset: 2, scale: -15.5 / 9.2 }],
  // i d, i in -128..127: deviation 74
  Q8_0: [{ offset: 0, scale: 1 / 74 }],
  // s u d - m dmin, s and m in 0..15, u in 0..3, dmin = 1.5 d
  Q2_K: [{ offset: 80, scale: 1 / 13.9 }, { offset: 82, scale: 1.5 / 13.9 }],
  // (s - 32) (u - 4) d, s in 0..63, u in 0..7
  Q3_K: [{ offset: 108, scale: 1 / 43 }],
  // s u d - m dmin, s and m in 0..63, u in 0..15, dmin = 7.5 d
  Q4_K: [{ offset: 0, scale: 1 / 258 }, { offset: 2, scale: 7.5 / 258 }],
  // the same with u in 0..31, dmin = 15.5 d
  Q5_K: [{ offset: 0, scale: 1 / 527 }, { offset: 2, scale: 15.5 / 527 }],
  // s (u - 32) d, s in -128..127, u in 0..63
  Q6_K: [{ offset: 208, scale: 1 / 1366 }],
  // t[u] d, t in -127..113: deviation 70
  IQ4_NL: [{ offset: 0, scale: 1 / 70 }],
  // (s - 32) t[u] d, s in 0..63
  IQ4_XS: [{ offset: 0, scale: 1 / 1295 }],
  // Points of code books with scales: deviations as measured.
  IQ2_XXS: [{ offset: 0, scale: 1 / 53.5 }],
  IQ2_XS: [{ offset: 0, scale: 1 / 55.7 }],
  IQ2_S: [{ offset: 0, scale: 1 / 56.4 }],
  IQ3_XXS: [{ offset: 0, scale: 1 / 142.6 }],
  IQ3_S: [{ offset: 0, scale: 1 / 139.7 }],
  IQ1_S: [{ offset: 0, scale: 1 / 7.16 }],
  // d times -1, 0 or 1; -1 or 1
  TQ1_0: [{ offset: 52, scale: 1 / 0.817 }],
  TQ2_0: [{ offset: 64, scale: 1 / 0.707 }],
  Q1_0: [{ offset: 0, scale: 1 }],
  Q2_0: [{ offset: 0, scale: 1 / 0.707 }],
};

/** What is not a 16-bit field: functions that write to the block at `at`. */
const special: Readonly<Record<string, (view: DataView, block: { at: number; deviation: number }) => void>> = {
  // An exponent (e - 127) over values of deviation 2.9.
  MXFP4: (view, { at, deviation }) => view.setUint8(at, 127 + Math.round(Math.log2(deviation / 2.9))),
  // Four scales of E4M3, in units of 2^-11 (3 bits of mantissa m; exponent 0 is 2 m), over values of deviation 5.9.
  NVFP4(view, { at, deviation }) {
    const units = (deviation / 5.86) * 2 ** 11;
    const exponent = Math.min(15, Math.max(0, Math.floor(Math.log2(units)) - 3));
    const mantissa = Math.round(exponent === 0 ? units / 2 : units / 2 ** exponent - 8);
    for (let group = 0; group < 4; group++) view.setUint8(at + group, (exponent << 3) + mantissa);
  },
  // The nibbles of d are on top of four words.
  IQ1_M(view, { at, deviation }) {
    const bits = new DataView(new ArrayBuffer(2));
    bits.setFloat16(0, deviation / 7.19);
    for (let i = 0; i < 4; i++) {
      const word = view.getUint16(at + 48 + 2 * i, true) & 0xfff;
      view.setUint16(at + 48 + 2 * i, word | ((bits.getUint16(0) >> (4 * i)) & 15) << 12, true);
    }
  },
  // Two bits q mean q - 1: without 3, which becomes 1, the mean is 0.
  TQ2_0: (view, { at }) => withoutThrees(view, { from: at, to: at + 64 }),
  Q2_0: (view, { at }) => withoutThrees(view, { from: at + 2, to: at + 18 }),
};

function withoutThrees(view: DataView, { from, to }: { from: number; to: number }): void {
  for (let i = from; i < to; i++) {
    const byte = view.getUint8(i);
    view.setUint8(i, byte & ~((byte & 0x55) << 1));
  }
}

/** How many different blocks there are: more than fit into a cache, few enough to be made at once. */
const POOL_BYTES = 8 * 1024 * 1024;

/** The formats that {@linkcode randomWeights} can make. */
export const randomFormats: readonly string[] = [
  ...new Set([...Object.keys(layouts), ...Object.keys(special), "F16", "BF16", "F32"]),
];

/** A seeded source of random 32-bit words (xorshift32: https://www.jstatsoft.org/article/view/v008i14). */
export function randomWords(seed: number): () => number {
  let state = (seed | 0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/**
 * Chunks of random weights.
 *
 * @param format One of {@linkcode randomFormats}.
 * @param options `bytes`: how many, whole blocks; `deviation` of the weights; `seed`; for F16, `ofBfloats`: whether
 * all are BF16 as well. Default: false.
 */
export function* randomWeights(
  format: string,
  options: { bytes: number; deviation: number; seed: number; ofBfloats?: boolean },
): Generator<Uint8Array, void> {
  const { bytes, deviation, seed, ofBfloats = false } = options;
  const { blockBytes } = tensorTypeByName(format)!;
  const next = randomWords(seed);
  const pool = poolOf(format, { deviation, ofBfloats });
  const poolBlocks = pool.length / blockBytes;
  for (let left = bytes; left > 0;) {
    // From another place each time, so that no two tensors are alike.
    const start = (next() % poolBlocks) * blockBytes;
    const chunk = pool.subarray(start, Math.min(pool.length, start + left));
    left -= chunk.length;
    yield chunk;
  }
}

const pools = new Map<string, Uint8Array>();

function poolOf(format: string, values: { deviation: number; ofBfloats: boolean }): Uint8Array {
  const key = `${format} ${values.deviation} ${values.ofBfloats}`;
  const known = pools.get(key);
  if (known !== undefined) return known;
  const { blockBytes } = tensorTypeByName(format)!;
  const pool = new Uint8Array(Math.floor(POOL_BYTES / blockBytes / 4) * 4 * blockBytes);
  const next = randomWords(0x9e3779b9);
  const words = new Uint32Array(pool.buffer);
  for (let i = 0; i < words.length; i++) words[i] = next();
  fitScales(pool, { ...values, format, blockBytes });
  pools.set(key, pool);
  return pool;
}

/** Overwrites what random bits would make infinite or far too large. */
function fitScales(
  pool: Uint8Array,
  block: { format: string; deviation: number; ofBfloats: boolean; blockBytes: number },
): void {
  const { format, deviation, ofBfloats, blockBytes } = block;
  const view = new DataView(pool.buffer);
  // Uniform in ±half has a deviation of half / sqrt(3).
  const half = deviation * Math.sqrt(3);
  const uniform = (bits: number) => (bits / 2 ** 31 - 1) * half;
  for (let at = 0; at < pool.length; at += blockBytes) {
    if (format === "F32") view.setFloat32(at, uniform(view.getUint32(at, true)), true);
    else if (format === "F16") {
      const value = uniform(view.getUint16(at, true) * 2 ** 16);
      view.setFloat16(at, ofBfloats ? widenBfloat16(bfloat16(value)) : value, true);
    } else if (format === "BF16") {
      view.setUint16(at, bfloat16(uniform(view.getUint16(at, true) * 2 ** 16)), true);
    } else {
      for (const { offset, scale } of layouts[format] ?? []) view.setFloat16(at + offset, scale * deviation, true);
      special[format]?.(view, { at, deviation });
    }
  }
}

/** The upper half of an f32, cut off: the rounding does not matter here. */
function bfloat16(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16;
}

function widenBfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
}
