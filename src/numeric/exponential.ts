/**
 * The exponential function, with the same bits in every runtime. Its inverse is in logarithm.ts.
 */

import { scaleByPowerOfTwo } from "./float_bits.ts";

/** ln(2) in two parts. The first has 21 trailing zero bits, so that k * LN2_HIGH is exact for |k| < 2^21. */
export const LN2_HIGH = 0.6931471803691238;
/** ln(2) - LN2_HIGH, rounded to f64. */
export const LN2_LOW = 1.9082149292705877e-10;

const INVERSE_LN2 = 1.4426950408889634;

/** Above ln(2^1024) the result is Infinity. */
const OVERFLOW = 709.782712893384;
/** Below ln(2^-1075) the result rounds to 0. */
const UNDERFLOW = -745.1332191019412;

/**
 * e^x.
 *
 * The error is below 0.85 ulp (measured against 200-bit references; subnormal results: below 1 ulp).
 *
 * @param x Any number; NaN gives NaN
 */
export function exp(x: number): number {
  return expOfSum(x, 0);
}

/**
 * e^(high + low), for arguments that need more than 53 bits.
 *
 * With k = round(x / ln 2) and r = x - k ln 2, |r| <= 0.3466, it is 2^k e^r, and e^r is the Taylor series up to r^13:
 * the rest is below r^14 / 14! = 4.1e-18, a 27th of half an ulp.
 *
 * @param high The argument, rounded to f64
 * @param low What rounding took from it; |low| is at most an ulp of `high`
 */
export function expOfSum(high: number, low: number): number {
  if (high !== high) return high;
  if (high > OVERFLOW) return Infinity;
  if (high < UNDERFLOW) return 0;
  const k = Math.floor(high * INVERSE_LN2 + 0.5);
  const reduced = high - k * LN2_HIGH; // exact: both are multiples of one ulp and nearly equal
  const correction = low - k * LN2_LOW;
  const r = reduced + correction;
  const lost = correction - (r - reduced);
  // e^r = 1 + r + r^2 (1/2! + r/3! + r^2/4! + ...), in Estrin's order: most of the products do not wait for each other.
  const r2 = r * r;
  const r4 = r2 * r2;
  const first = (1 / 2 + r * (1 / 6)) + r2 * (1 / 24 + r * (1 / 120));
  const second = (1 / 720 + r * (1 / 5040)) + r2 * (1 / 40320 + r * (1 / 362880));
  const third = (1 / 3628800 + r * (1 / 39916800)) + r2 * (1 / 479001600 + r * (1 / 6227020800));
  const tail = r2 * (first + r4 * (second + r4 * third));
  return scaleByPowerOfTwo(1 + (r + (tail + lost)), k);
}
