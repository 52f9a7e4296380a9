/**
 * Reference values of exp and ln to about 200 bits, in BigInt fixed-point arithmetic. The code under test is not used.
 */

/** Bits after the binary point. */
export const FRACTION_BITS = 260n;
const ONE = 1n << FRACTION_BITS;

/** A finite f64 as an exact fixed-point number; its bits below 2^-260 are cut (0 for |x| < 2^-260). */
export function toFixed(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const biased = (bits >> 52n) & 0x7ffn;
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = biased === 0n ? fraction : fraction | (1n << 52n);
  const shift = (biased === 0n ? 1n : biased) - 1075n + FRACTION_BITS;
  const magnitude = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return bits >> 63n === 1n ? -magnitude : magnitude;
}

/** A positive number as mantissa * 2^exponent, with a mantissa in fixed point. */
export interface Scaled {
  mantissa: bigint;
  exponent: number;
}

/** ln((1 + z) / (1 - z)) / 2 for fixed-point z with |z| < 1/2. */
function artanh(z: bigint): bigint {
  const square = (z * z) >> FRACTION_BITS;
  let power = z;
  let sum = 0n;
  for (let n = 1n; power !== 0n && power !== -1n; n += 2n) {
    sum += power / n;
    power = (power * square) >> FRACTION_BITS;
  }
  return sum;
}

/** ln 2 = 2 artanh(1/3). */
export const LN2 = 2n * artanh(ONE / 3n);

/** e^x for fixed-point x. */
export function bigExp(x: bigint): Scaled {
  const half = LN2 / 2n;
  let k = x / LN2;
  if (x - k * LN2 > half) k += 1n;
  if (x - k * LN2 < -half) k -= 1n;
  const r = x - k * LN2;
  let term = ONE;
  let sum = ONE;
  for (let n = 1n; term !== 0n && term !== -1n; n += 1n) {
    term = ((term * r) >> FRACTION_BITS) / n;
    sum += term;
  }
  return { mantissa: sum, exponent: Number(k) };
}

/** ln x of a positive f64, in fixed point. */
export function bigLn(x: number): bigint {
  let k = 0;
  let m = x;
  for (; m >= 1.5; m /= 2) k++; // exact: divisions and products by 2
  for (; m < 0.75; m *= 2) k--;
  const fixed = toFixed(m);
  return 2n * artanh(((fixed - ONE) << FRACTION_BITS) / (fixed + ONE)) + BigInt(k) * LN2;
}

/** The distance of `found` from the reference, in units in the last place of the reference. */
export function errorInUlps(found: number, reference: Scaled): number {
  const { mantissa, exponent } = reference;
  const magnitude = mantissa < 0n ? -mantissa : mantissa;
  // The exponent of the reference's leading bit, and of its last place in f64 (subnormal numbers share one).
  const leading = magnitude.toString(2).length - 1 - Number(FRACTION_BITS) + exponent;
  const lastPlace = Math.max(leading - 52, -1074);
  // Both in units of 2^(lastPlace - 60).
  const shift = BigInt(exponent - lastPlace + 60) - FRACTION_BITS;
  const expected = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return Math.abs(Number(inUnits(found, lastPlace - 60) - expected)) / 2 ** 60;
}

/** A finite f64 in units of 2^exponent, which must divide it. */
function inUnits(x: number, exponent: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const shift = (biased === 0 ? 1 : biased) - 1075 - exponent;
  const magnitude = shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
  return bits >> 63n === 1n ? -magnitude : magnitude;
}
