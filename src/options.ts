/** Checks of options objects: names that nobody knows and values that make no sense, in the project's words. */

import { nearestName } from "./sampling/check.ts";

/**
 * Rejects option names that do not exist, because a misspelt option would be ignored silently.
 *
 * @throws {TypeError} Naming the option and, where one is similar, the one that was probably meant.
 */
export function expectKnownOptions(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = nearestName(name, known);
    const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean "${meant}"?`;
    throw new TypeError(`Expected a known option but found "${name}": ${hint}`);
  }
}

/**
 * Expects a whole number in a range; `undefined` passes.
 *
 * @throws {TypeError} When it is no number.
 * @throws {RangeError} When it is out of range.
 */
export function expectInteger(name: string, value: unknown, range: { min: number; max: number }): void {
  const { min, max } = range;
  if (value === undefined || (Number.isInteger(value) && value as number >= min && value as number <= max)) return;
  const message = `Expected ${name} to be an integer in [${min}, ${max}] but found ${shown(value)}`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/**
 * Expects one of some strings; `undefined` passes.
 *
 * @throws {TypeError} When it is no string.
 * @throws {RangeError} When it is another string.
 */
export function expectOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  const expected = allowed.map((one) => JSON.stringify(one)).join(" or ");
  const message = `Expected ${name} to be ${expected} but found ${shown(value)}`;
  throw typeof value === "string" ? new RangeError(message) : new TypeError(message);
}

/**
 * Expects an `AbortSignal`, a function and the like; `undefined` passes.
 *
 * @throws {TypeError} When it is something else.
 */
export function expectType(name: string, value: unknown, expected: { what: string; holds: boolean }): void {
  if (value === undefined || expected.holds) return;
  throw new TypeError(`Expected ${name} to be ${expected.what} but found ${shown(value)}`);
}

/** A value as messages show it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === "object" && value !== null) {
    return `an object (${value.constructor?.name ?? "without prototype"})`;
  }
  return typeof value === "function" ? "a function" : String(value);
}
