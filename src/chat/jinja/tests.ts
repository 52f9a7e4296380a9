/**
 * Jinja's tests: `x is defined`, `selectattr("role", "equalto", "user")`.
 */

import { ChatTemplateError } from "../../errors.ts";
import { operand } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { applyOperator } from "./operators.ts";
import { toText } from "./python_text.ts";
import { isCase } from "./string_methods.ts";
import { read } from "./text.ts";
import { isDict, isEqual, isList, isText, isTrue, isUndefined, numberOf } from "./values.ts";
import type { Value } from "./values.ts";

interface TestCall {
  args: readonly Value[];
  budget: Budget;
}

function isFloat(value: Value): boolean {
  return typeof value === "object" && value !== null && value.type === "float";
}

function isCallable(value: Value): boolean {
  return typeof value === "object" && value !== null && value.type === "callable";
}

/** A test that is an operator with its right side as the argument. */
function operatorTest(operator: string): (value: Value, call: TestCall) => boolean {
  return (value, { args, budget }) => {
    if (args.length === 0) throw new ChatTemplateError(`The test ${operator} takes an argument`);
    return isTrue(applyOperator(operator, { left: value, right: args[0], budget }));
  };
}

function remainder(value: Value, divisor: Value): number {
  return Math.abs(operand(value, "%") % operand(divisor, "%"));
}

const TESTS: Readonly<Record<string, (value: Value, call: TestCall) => boolean>> = {
  defined: (value) => !isUndefined(value),
  undefined: isUndefined,
  none: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  true: (value) => value === true,
  false: (value) => value === false,
  integer: (value) => typeof value === "number",
  float: isFloat,
  number: (value) => numberOf(value) !== undefined,
  string: isText,
  mapping: isDict,
  // Of an undefined value Python can take the length and the elements: there are none.
  sequence: (value) => isText(value) || isList(value) || isDict(value) || isUndefined(value),
  iterable: (value) => isText(value) || isList(value) || isDict(value) || isUndefined(value),
  callable: isCallable,
  odd: (value) => remainder(value, 2) === 1,
  even: (value) => remainder(value, 2) === 0,
  divisibleby: (value, { args }) => remainder(value, args[0] ?? null) === 0,
  lower: (value, { budget }) => isCase(read(toText(value, budget), budget), (s) => s.toLowerCase()),
  upper: (value, { budget }) => isCase(read(toText(value, budget), budget), (s) => s.toUpperCase()),
  sameas: (value, { args, budget }) =>
    typeof value === typeof args[0] &&
    (value === args[0] || (isText(value) && isEqual(value, { to: args[0], budget }))),
  eq: operatorTest("=="),
  equalto: operatorTest("=="),
  "==": operatorTest("=="),
  ne: operatorTest("!="),
  "!=": operatorTest("!="),
  lt: operatorTest("<"),
  lessthan: operatorTest("<"),
  "<": operatorTest("<"),
  le: operatorTest("<="),
  "<=": operatorTest("<="),
  gt: operatorTest(">"),
  greaterthan: operatorTest(">"),
  ">": operatorTest(">"),
  ge: operatorTest(">="),
  ">=": operatorTest(">="),
  in: operatorTest("in"),
};

/** Whether the test with this name holds. */
export function applyTest(name: string, { value, args, budget }: TestCall & { value: Value }): boolean {
  if (!Object.hasOwn(TESTS, name)) {
    throw new ChatTemplateError(`No test named '${name}'. Known are ${Object.keys(TESTS).join(", ")}`);
  }
  return TESTS[name](value, { args, budget });
}
