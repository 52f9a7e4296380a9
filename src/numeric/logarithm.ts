/**
 * The natural logarithm, with the same bits in every runtime: as one number, and as an unevaluated sum of two for pow.
 */

import { addExact, multiplyExact } from "./exact_sum.ts";
import type { ExactSum } from "./exact_sum.ts";
import { LN2_HIGH, LN2_LOW } from "./exponential.ts";
import { exponentOf, powerOfTwo } from "./float_bits.ts";

const SQRT2 = 1.4142135623730951;

/** The smallest normal number, 2^-1022. */
const MIN_NORMAL = 2.2250738585072014e-308;

/** 2/3 - fl(2/3) = 2^-54 * 2/3. */
const TWO_THIRDS_REST = 3.700743415417188e-17;

/** A positive number as fraction * 2^exponent, with the fraction in [sqrt(1/2), sqrt(2)). */
function split(x: number): { fraction: number; exponent: number } {
  let scaled = x;
  let exponent = 0;
  if (x < MIN_NORMAL) {
    scaled = x * 18014398509481984; // 2^54
    exponent = -54;
  }
  const e = exponentOf(scaled);
  let fraction = scaled * powerOfTwo(-(e >> 1)) * powerOfTwo(-(e - (e >> 1))); // in two steps: 2^-1023 is not normal
  exponent += e;
  if (fraction >= SQRT2) {
    fraction *= 0.5;
    exponent += 1;
  }
  return { fraction, exponent };
}

/**
 * The part of ln(1 + f) = 2 s + s * series(s^2) that is left when 2 s is taken off, divided by s: with s = f / (2 +
 * f), ln(1 + f) = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...). |s| <= 0.1716, so the first term left out, s^24 * 2/25,
 * is below 4e-20.
 */
function series(z: number): number {
  return z * (2 / 3 + z * seriesBeyondCube(z));
}

/** The series from its s^5 term on: 2/5 + 2/7 z + ... */
function seriesBeyondCube(z: number): number {
  const beyond13 = 2 / 15 + z * (2 / 17 + z * (2 / 19 + z * (2 / 21 + z * (2 / 23))));
  return 2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * (2 / 13 + z * beyond13))));
}

/**
 * The natural logarithm of x.
 *
 * The error is below 0.9 ulp (measured against 200-bit references).
 *
 * @param x Any number; 0 gives -Infinity, negative numbers and NaN give NaN
 */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  const { fraction, exponent } = split(x);
  const f = fraction - 1; // exact
  if (f === 0) return exponent * LN2_HIGH + exponent * LN2_LOW;
  const s = f / (2 + f);
  const halfSquare = 0.5 * f * f;
  // ln(1 + f) = f - (f^2/2 - s (f^2/2 + series)): f is exact, so that only the small rest is rounded (fdlibm, e_log.c).
  const rest = halfSquare - (s * (halfSquare + series(s * s)) + exponent * LN2_LOW);
  return exponent * LN2_HIGH - (rest - f);
}

/**
 * The natural logarithm of x as a sum of two numbers, with a relative error below 2^-62.
 *
 * @param x A positive, finite number
 * @returns `high` is the logarithm rounded to f64, `low` the rest
 */
export function lnAsSum(x: number): ExactSum {
  const { fraction, exponent } = split(x);
  const f = fraction - 1;
  // s = f / (2 + f) to 106 bits: one division and its exact remainder.
  const divisor = addExact(2, f);
  const sHigh = f / divisor.high;
  const product = multiplyExact(sHigh, divisor.high);
  const sLow = (f - product.high - product.low - sHigh * divisor.low) / divisor.high;
  // The s^3 term needs its low part too, those after it do not: they are below 2^-12 of the result.
  const square = multiplyExact(sHigh, sHigh);
  const squareLow = square.low + 2 * sHigh * sLow;
  const cube = multiplyExact(square.high, sHigh);
  const cubeLow = cube.low + squareLow * sHigh + square.high * sLow;
  const third = multiplyExact(cube.high, 2 / 3);
  const thirdLow = third.low + cubeLow * (2 / 3) + cube.high * TWO_THIRDS_REST;
  const rest = cube.high * square.high * seriesBeyondCube(square.high);
  const fractionPart = addExact(2 * sHigh, third.high);
  const fractionLow = fractionPart.low + (2 * sLow + thirdLow + rest);
  const total = addExact(exponent * LN2_HIGH, fractionPart.high);
  return addExact(total.high, total.low + exponent * LN2_LOW + fractionLow);
}
