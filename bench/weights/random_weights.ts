/**
 * Random weights in every first-class format: blocks whose values have mean 0 and a chosen standard deviation, so that
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
};

/** How many different blocks there are: more than fit into a cache, few enough to be made at once. */
const POOL_BYTES = 8 * 1024 * 1024;

/** The formats that {@linkcode randomWeights} can make. */
export const randomFormats: readonly string[] = [...Object.keys(layouts), "MXFP4", "F16", "BF16", "F32"];

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
 * @param options `bytes`: how many, whole blocks; `deviation` of the weights; `seed`.
 */
export function* randomWeights(
  format: string,
  options: { bytes: number; deviation: number; seed: number },
): Generator<Uint8Array, void> {
  const { bytes, deviation, seed } = options;
  const { blockBytes } = tensorTypeByName(format)!;
  const next = randomWords(seed);
  const pool = poolOf(format, deviation);
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

function poolOf(format: string, deviation: number): Uint8Array {
  const key = `${format} ${deviation}`;
  const known = pools.get(key);
  if (known !== undefined) return known;
  const { blockBytes } = tensorTypeByName(format)!;
  const pool = new Uint8Array(Math.floor(POOL_BYTES / blockBytes / 4) * 4 * blockBytes);
  const next = randomWords(0x9e3779b9);
  const words = new Uint32Array(pool.buffer);
  for (let i = 0; i < words.length; i++) words[i] = next();
  fitScales(pool, { format, deviation, blockBytes });
  pools.set(key, pool);
  return pool;
}

/** Overwrites what random bits would make infinite or far too large. */
function fitScales(pool: Uint8Array, block: { format: string; deviation: number; blockBytes: number }): void {
  const { format, deviation, blockBytes } = block;
  const view = new DataView(pool.buffer);
  // Uniform in ±half has a deviation of half / sqrt(3).
  const half = deviation * Math.sqrt(3);
  const uniform = (bits: number) => (bits / 2 ** 31 - 1) * half;
  for (let at = 0; at < pool.length; at += blockBytes) {
    if (format === "F32") view.setFloat32(at, uniform(view.getUint32(at, true)), true);
    else if (format === "F16") view.setFloat16(at, uniform(view.getUint16(at, true) * 2 ** 16), true);
    else if (format === "BF16") view.setUint16(at, bfloat16(uniform(view.getUint16(at, true) * 2 ** 16)), true);
    // An exponent (e - 127) over values of deviation 2.9.
    else if (format === "MXFP4") view.setUint8(at, 127 + Math.round(Math.log2(deviation / 2.9)));
    else for (const { offset, scale } of layouts[format]) view.setFloat16(at + offset, scale * deviation, true);
  }
}

/** The upper half of an f32, cut off: the rounding does not matter here. */
function bfloat16(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16;
}
