/**
 * The exponent field of f64 numbers: scaling by powers of two and taking it apart. The functions built on it (exp, ln,
 * pow) are in their own files.
 *
 * Everything in this folder uses + - * / and bit access only, because these are the operations that IEEE 754 fixes to
 * the last bit. `Math.exp`, `Math.log`, `Math.pow`, `Math.sin` and `Math.cos` differ between V8 and JavaScriptCore.
 */

const f64 = new Float64Array(1);
const words = new Uint32Array(f64.buffer);

/** The index in `words` of the half that holds sign and exponent: 1 on little-endian machines. */
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/**
 * The powers of two from 2^-1022 to 2^1023. A table, because putting a number together from two words is ten times
 * slower.
 */
const POWERS = powersOfTwo();

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2046);
  powers[1022] = 1;
  for (let i = 1023; i < 2046; i++) powers[i] = 2 * powers[i - 1];
  for (let i = 1021; i >= 0; i--) powers[i] = powers[i + 1] / 2;
  return powers;
}

/**
 * 2^exponent, exactly.
 *
 * @param exponent An integer in [-1022, 1023], the range of normal numbers
 */
export function powerOfTwo(exponent: number): number {
  return POWERS[exponent + 1022];
}

/**
 * `value` * 2^exponent with one rounding, also where the result is subnormal or overflows.
 *
 * @param value A number in [0.5, 2)
 * @param exponent An integer in [-1100, 1100]
 */
export function scaleByPowerOfTwo(value: number, exponent: number): number {
  if (exponent > 1023) return value * powerOfTwo(1023) * powerOfTwo(exponent - 1023);
  if (exponent >= -1021) return value * powerOfTwo(exponent);
  // The first product is exact, so that only the second one rounds.
  return value * powerOfTwo(exponent + 128) * powerOfTwo(-128);
}

/**
 * The exponent e for which `value` = m * 2^e with m in [1, 2).
 *
 * @param value A positive, normal number
 */
export function exponentOf(value: number): number {
  f64[0] = value;
  return ((words[HIGH] >>> 20) & 0x7ff) - 1023;
}
