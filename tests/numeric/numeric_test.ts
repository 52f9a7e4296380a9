/**
 * exp, ln and pow against 200-bit references, their special values, and their exact bits.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { exp } from "../../src/numeric/exponential.ts";
import { exponentOf, powerOfTwo, scaleByPowerOfTwo } from "../../src/numeric/float_bits.ts";
import { ln, lnAsSum } from "../../src/numeric/logarithm.ts";
import { pow } from "../../src/numeric/power.ts";
import { bigExp, bigLn, errorInUlps, FRACTION_BITS, toFixed } from "./big_reference.ts";

const SAMPLES = 3000;

/** Numbers in [0, 1) from a 48-bit linear congruential generator: the same ones in every run. */
function uniform(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (state * 25214903917n + 11n) & ((1n << 48n) - 1n);
    return Number(state) / 2 ** 48;
  };
}

/** The 16 hexadecimal digits of an f64. */
function bitsOf(x: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

/** The largest error over `SAMPLES` arguments, which must not exceed the bound. */
function worst(bound: number, next: () => { found: number; reference: Parameters<typeof errorInUlps>[1]; at: string }) {
  let largest = 0;
  let where = "";
  for (let i = 0; i < SAMPLES; i++) {
    const { found, reference, at } = next();
    const error = errorInUlps(found, reference);
    if (error > largest) [largest, where] = [error, at];
  }
  ok(largest < bound, `Expected an error below ${bound} ulp but found ${largest} at ${where}`);
  ok(largest > 0.4, `Expected errors up to half an ulp but found at most ${largest}: the reference does not measure`);
}

describe("exp()", () => {
  for (const [low, high, bound] of [[-1, 1, 0.85], [-40, 5, 0.85], [-708, 709.7, 0.85], [-745.1, -708.4, 1]]) {
    it(`has an error below ${bound} ulp on [${low}, ${high}]`, () => {
      const random = uniform(1);
      worst(bound, () => {
        const x = low + (high - low) * random();
        return { found: exp(x), reference: bigExp(toFixed(x)), at: `${x}` };
      });
    });
  }

  it("has the special values of Math.exp", () => {
    for (const x of [0, -0, Infinity, -Infinity, NaN, 1e-300, 5e-324, 709.7827128933841, -745.2, 1e300, -1e300]) {
      strictEqual(exp(x), Math.exp(x), `exp(${x})`);
    }
    ok(exp(709.782712893384) > 1.797e308 && exp(709.782712893384) < Infinity);
    strictEqual(exp(-745.1332191019411), 5e-324);
  });
});

describe("ln()", () => {
  for (const [low, high] of [[0.5, 2], [0.99, 1.01], [0, 1], [1, 1e6]]) {
    it(`has an error below 0.9 ulp on [${low}, ${high}]`, () => {
      const random = uniform(2);
      worst(0.9, () => {
        const x = low + (high - low) * random();
        return { found: ln(x), reference: { mantissa: bigLn(x), exponent: 0 }, at: `${x}` };
      });
    });
  }

  it("has an error below 0.9 ulp for every exponent", () => {
    const random = uniform(3);
    for (let e = -1074; e < 1024; e++) {
      const x = (e < -1022 ? 1 : 1 + random()) * 2 ** e;
      const error = errorInUlps(ln(x), { mantissa: bigLn(x), exponent: 0 });
      ok(error < 0.9, `ln(${x}) is ${error} ulp off`);
    }
  });

  it("has the special values of Math.log", () => {
    for (const x of [0, -0, -1, -Infinity, Infinity, NaN, 1]) strictEqual(ln(x), Math.log(x), `ln(${x})`);
    strictEqual(ln(5e-324), -744.4400719213812);
  });

  it("as a sum of two numbers has a relative error below 2^-62", () => {
    const random = uniform(4);
    for (let i = 0; i < SAMPLES; i++) {
      const x = i % 2 === 0 ? 0.5 + 1.5 * random() : exp(1400 * random() - 700);
      const { high, low } = lnAsSum(x);
      const expected = bigLn(x);
      const error = toFixed(high) + toFixed(low) - expected;
      const magnitude = expected < 0n ? -expected : expected;
      ok((error < 0n ? -error : error) << 62n < magnitude, `lnAsSum(${x})`);
    }
  });
});

describe("pow()", () => {
  it("has an error below 0.9 ulp for the frequencies of RoPE", () => {
    const random = uniform(5);
    const bases = [10000, 500000, 1e6, 8e6, 1e7, 150000];
    worst(0.9, () => {
      const base = bases[Math.floor(random() * bases.length)];
      const dimension = 2 * Math.floor(1 + 128 * random());
      const exponent = -2 * Math.floor(random() * (dimension / 2)) / dimension;
      if (exponent === 0) return { found: 1, reference: bigExp(0n), at: "0" };
      const reference = bigExp((bigLn(base) * toFixed(exponent)) >> FRACTION_BITS);
      return { found: pow(base, exponent), reference, at: `${base} ** ${exponent}` };
    });
  });

  it("has an error below 0.9 ulp over the whole range, 1 for subnormal results", () => {
    const random = uniform(6);
    let measured = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const base = exp(20 * random() - 10);
      const exponent = 150 * (random() - 0.5);
      const found = pow(base, exponent);
      if (found === 0 || found === Infinity) continue;
      const error = errorInUlps(found, bigExp((bigLn(base) * toFixed(exponent)) >> FRACTION_BITS));
      ok(error < (found < 2.3e-308 ? 1 : 0.9), `pow(${base}, ${exponent}) is ${error} ulp off`);
      measured++;
    }
    ok(measured > SAMPLES * 0.9);
  });

  it("is exact where the result is a small integer or a power of two", () => {
    for (let base = 2; base <= 12; base++) {
      for (let exponent = 1; base ** exponent < 2 ** 40; exponent++) strictEqual(pow(base, exponent), base ** exponent);
    }
    for (let e = -1074; e < 1024; e++) strictEqual(pow(2, e), 2 ** e, `2 ** ${e}`);
  });

  it("has the special values of Math.pow", () => {
    const values = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, Infinity, -Infinity, NaN, 1e300, -1e300, 1e-300, 2 ** 53];
    for (const base of values) {
      for (const exponent of values) {
        const expected = Math.pow(base, exponent);
        const found = pow(base, exponent);
        const message = `pow(${base}, ${exponent})`;
        if (Number.isFinite(expected) && expected !== 0 && Math.abs(expected) !== 1) {
          ok(Math.abs(found / expected - 1) < 1e-15, message);
        } else strictEqual(found, expected, message);
      }
    }
  });
});

describe("the numeric functions", () => {
  it("give the same bits in every runtime", () => {
    const found = [exp(1), exp(-0.1), exp(-37.5), exp(-740), ln(10), ln(0.05), ln(1e-310), pow(10000, -2 / 64)]
      .concat([pow(1e6, -62 / 64), pow(0.3, 17.7), pow(1.0000001, 1e8)]).map(bitsOf);
    deepStrictEqual(found, EXPECTED_BITS);
  });

  it("agree on a digest of 10000 values", () => {
    const random = uniform(7);
    let digest = 0;
    for (let i = 0; i < 10000; i++) {
      const x = 100 * random() - 50;
      for (const value of [exp(x), ln(exp(x)), pow(random() * 100, x)]) {
        const bits = bitsOf(value);
        digest = (Math.imul(digest, 31) + Number.parseInt(bits.slice(8), 16)) | 0;
        digest = (Math.imul(digest, 31) + Number.parseInt(bits.slice(0, 8), 16)) | 0;
      }
    }
    strictEqual(digest, EXPECTED_DIGEST);
  });

  it("scale by powers of two exactly", () => {
    for (let e = -1022; e <= 1023; e++) {
      strictEqual(powerOfTwo(e), 2 ** e);
      strictEqual(exponentOf(1.75 * 2 ** e), e);
    }
    strictEqual(scaleByPowerOfTwo(1.5, -1074), 1e-323); // 1.5 * 2^-1074 rounds to even: 2^-1073
    strictEqual(scaleByPowerOfTwo(1, 1024), Infinity);
    strictEqual(scaleByPowerOfTwo(0.75, 1024), 0.75 * 2 ** 1023 * 2);
  });
});

/** The bits of the values above, recorded once. */
const EXPECTED_BITS = [
  "4005bf0a8b14576a",
  "3fecf46d99d52b3a",
  "3c8dd5c566301ec8",
  "0000000000000055",
  "40026bb1bbb55516",
  "c007f7427b73e391",
  "c0864e69394d9508",
  "3fe7ff2224115d9a",
  "3eb9d5ef1f0f0812",
  "3e031a4e4c8030b8",
  "40d5829d1d3f9926",
];

/** The digest above, recorded once. */
const EXPECTED_DIGEST = 98775744;
