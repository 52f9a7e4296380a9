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

/** How many numbers a range may have: more is a slip of the fingers. */
const RANGE_MAX = 1000;

/**
 * A parser for several whole numbers within limits, as llama-bench takes them: `1,2,4`, and the ranges `1-4`,
 * `128-512+128` and `1-64*2`. An option that is used again adds to them.
 */
export function integersIn(limits: NumberLimits): (text: string, previous?: readonly number[]) => number[] {
  const parse = integerIn(limits);
  return (text, previous = []) => [...previous, ...text.split(",").flatMap((part) => integersOfRange(part, parse))];
}

function integersOfRange(text: string, parse: (text: string) => number): number[] {
  const range = /^(\d+)-(\d+)(?:([+*])(\d+))?$/.exec(text.trim());
  if (range === null) return [parse(text)];
  const [, firstText, lastText, operator = "+", stepText = "1"] = range;
  const [first, last, step] = [parse(firstText), parse(lastText), Number(stepText)];
  const advances = operator === "+" ? step > 0 : step > 1 && first > 0;
  const numbers: number[] = [];
  for (
    let n = first;
    advances && n <= last && numbers.length <= RANGE_MAX;
    n = operator === "+" ? n + step : n * step
  ) {
    numbers.push(n);
  }
  if (numbers.length > 0 && numbers.length <= RANGE_MAX) return numbers;
  throw new InvalidArgumentError(
    `Expected a range of 1 to ${RANGE_MAX} numbers, such as 128-512+128, but found ${JSON.stringify(text)}.`,
  );
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
