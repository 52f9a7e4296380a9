/**
 * Arguments of filters, methods and global functions: found by position or by name, and checked.
 */

import { ChatTemplateError } from "../../errors.ts";
import { float, isText, isTrue, isUndefined, numberOf, typeName } from "./values.ts";
import type { Arguments, Value } from "./values.ts";
import type { Text } from "./text.ts";

/** Where an argument is: its position from 0 on, and its name. */
export interface Place {
  index: number;
  name: string;
}

/** An argument, or undefined where it is not given. */
export function argument(args: Arguments, { index, name }: Place): Value | undefined {
  return index < args.positional.length ? args.positional[index] : args.named.get(name);
}

/** An argument, or the fallback where it is not given. None is given. */
export function argumentOr(args: Arguments, { fallback, ...place }: Place & { fallback: Value }): Value {
  const value = argument(args, place);
  return value === undefined ? fallback : value;
}

/** A string argument; null where it is not given or None. */
export function textArgument(args: Arguments, place: Place): Text | null {
  const value = argument(args, place);
  if (value === undefined || value === null) return null;
  if (!isText(value)) throw new ChatTemplateError(`Expected ${place.name} to be a str but found ${typeName(value)}`);
  return value;
}

/** A string argument that must be given. */
export function requiredText(args: Arguments, place: Place): Text {
  const value = textArgument(args, place);
  if (value === null) throw new ChatTemplateError(`Expected an argument ${place.name}`);
  return value;
}

/** An argument that must be given. */
export function required(args: Arguments, place: Place): Value {
  const value = argument(args, place);
  if (value === undefined) throw new ChatTemplateError(`Expected an argument ${place.name}`);
  return value;
}

/** An integer argument. */
export function integerArgument(args: Arguments, place: Place & { fallback: number }): number {
  const value = argument(args, place);
  if (value === undefined || value === null) return place.fallback;
  if (typeof value !== "object") return Number(value);
  throw new ChatTemplateError(`Expected ${place.name} to be an int but found ${typeName(value)}`);
}

/** The truth of an argument. */
export function flagArgument(args: Arguments, place: Place): boolean {
  const value = argument(args, place);
  return value !== undefined && isTrue(value);
}

/** A number for arithmetic; what is no number is an error that names the operation. */
export function operand(value: Value, operation: string): number {
  const number = numberOf(value);
  if (number !== undefined) return number;
  if (isUndefined(value)) throw new ChatTemplateError(value.reason);
  throw new ChatTemplateError(`bad operand type for ${operation}: '${typeName(value)}'`);
}

/** The result of arithmetic: a float if one of the operands is one. */
export function arithmeticResult(result: number, operands: readonly Value[]): Value {
  if (!Number.isFinite(result)) throw new ChatTemplateError("The result of a calculation is too large");
  const isFloat = operands.some((value) => typeof value === "object" && value !== null);
  return isFloat ? float(result) : result;
}
