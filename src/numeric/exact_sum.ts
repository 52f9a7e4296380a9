/**
 * Sums and products of two f64 numbers without rounding error, as unevaluated sums of two numbers ("double-double").
 * What they are needed for, logarithm and power beyond 53 bits, is in the files of those names.
 */

/** A number as high + low, where `high` is the sum rounded to f64. */
export interface ExactSum {
  high: number;
  low: number;
}

/** a + b exactly (Knuth's TwoSum; any order of magnitudes, no overflow). */
export function addExact(a: number, b: number): ExactSum {
  const high = a + b;
  const bPart = high - a;
  const low = (a - (high - bPart)) + (b - bPart);
  return { high, low };
}

/** 2^27 + 1 cuts a 53-bit number into two halves of 26 bits, whose products are exact. */
const SPLITTER = 134217729;

/**
 * a * b exactly (Dekker's product, for want of a fused multiply-add in JavaScript).
 *
 * Exact while |a|, |b| < 2^996 and |a * b| is above 2^-969.
 */
export function multiplyExact(a: number, b: number): ExactSum {
  const high = a * b;
  const aScaled = a * SPLITTER;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = b * SPLITTER;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  const low = ((aHigh * bHigh - high) + aHigh * bLow + aLow * bHigh) + aLow * bLow;
  return { high, low };
}
