/** Numbers on the command line: parsers for commander that say what they expected. */

import { InvalidArgumentError } from "commander";

/** Limits, both inclusive. */
export interface NumberLimits {
  /** The least number. */
  min: number;
  /** The greatest number. */
  max: number;
}

/** A parser for whole numbers within limits. */
export function integerIn(limits: NumberLimits): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : NaN;
    return checked(value, { ...limits, kind: "an integer", text });
  };
}

/** A parser for decimal numbers within limits. */
export function numberIn(limits: NumberLimits): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    return checked(value, { ...limits, kind: "a number", text });
  };
}

/** A parser for comma-separated token ids, such as `1,2,3`. */
export function tokenList(text: string): number[] {
  const parse = integerIn({ min: 0, max: 2 ** 32 - 1 });
  return text.split(",").map((part) => parse(part));
}

function checked(value: number, expected: NumberLimits & { kind: string; text: string }): number {
  const { min, max, kind, text } = expected;
  if (value >= min && value <= max) return value;
  const range = max === Infinity || max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `in [${min}, ${max}]`;
  throw new InvalidArgumentError(`Expected ${kind} ${range} but found ${JSON.stringify(text)}.`);
}
