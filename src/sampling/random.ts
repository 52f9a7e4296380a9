/**
 * The random numbers of sampling: xoshiro128** by Blackman and Vigna ("Scrambled linear pseudorandom number
 * generators", 2021; https://prng.di.unimi.it/xoshiro128starstar.c). It needs 32-bit integer operations only, so the
 * stream for a seed is the same in every runtime. Period 2^128 - 1. Not for cryptography.
 */

import { checkNumber } from "./check.ts";

/** Options of the random numbers. */
export interface SeedOptions {
  /**
   * An integer in [0, 2^53). The same seed, options and logits give the same tokens. Default: a random 32-bit number.
   */
  seed?: number | undefined;
}

/** A stream of random numbers. */
export interface Random {
  /** The next 32 random bits. */
  nextUint32(): number;
  /** The next number in [0, 1), a multiple of 2^-53. Takes two steps of 32 bits. */
  nextUnit(): number;
  /** The four 32-bit words of the state. */
  getState(): [number, number, number, number];
  /** Continues the stream from a state that `getState` returned. */
  setState(state: readonly number[]): void;
}

/**
 * The seed to use: the one given, or a random one. Not from `crypto`, which takes runtimes 2 to 8 ms at its first use:
 * nothing here is to be kept secret, and engines seed `Math.random` from the system's entropy.
 */
export function resolveSeed(seed: number | undefined): number {
  if (seed === undefined) return Math.floor(Math.random() * 2 ** 32);
  return checkNumber("seed", {
    value: seed,
    fallback: 0,
    range: { text: "an integer in [0, 2^53)", holds: (x) => Number.isSafeInteger(x) && x >= 0 },
  });
}

/**
 * The stream for a seed. The seed's two 32-bit halves become four words of state through the finalizer of MurmurHash3
 * over a Weyl sequence (SplitMix), so that similar seeds give unrelated streams.
 *
 * @param seed An integer in [0, 2^53)
 */
export function createRandom(seed: number): Random {
  const s = new Uint32Array(4);
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32) >>> 0;
  for (let i = 0; i < 4; i++) s[i] = mix((low + Math.imul(i + 1, 0x9e3779b9)) ^ mix(high + i));

  function nextUint32(): number {
    const scrambled = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 11);
    return scrambled;
  }

  return {
    nextUint32,
    nextUnit() {
      const upper = nextUint32() >>> 5; // 27 bits
      const lower = nextUint32() >>> 6; // 26 bits
      return (upper * 67108864 + lower) / 9007199254740992;
    },
    getState: () => [s[0], s[1], s[2], s[3]],
    setState(state) {
      const valid = state.length === 4 && state.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32);
      if (!valid || state.every((word) => word === 0)) {
        throw new RangeError(
          `Expected a random state of four 32-bit words, not all 0, but found [${state.join(", ")}]`,
        );
      }
      s.set(state);
    },
  };
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** The finalizer of MurmurHash3: a bijection of 32 bits in which every input bit changes half of the output bits. */
function mix(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
