/**
 * Operators with both operands evaluated: arithmetic, comparison, membership. `and`, `or` and `not` are in
 * expressions.ts.
 */

import { ChatTemplateError } from "../../errors.ts";
import { pow } from "../../numeric/power.ts";
import { arithmeticResult, operand } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { elements } from "./iteration.ts";
import { toText } from "./python_text.ts";
import { firstIndex } from "./search.ts";
import { concat, read, repeat } from "./text.ts";
import {
  compare,
  float,
  isDict,
  isEqual,
  isList,
  isText,
  isUndefined,
  keyOf,
  list,
  numberOf,
  typeName,
} from "./values.ts";
import type { Value } from "./values.ts";

/** The two sides of an operator. */
interface Operands {
  left: Value;
  right: Value;
  budget: Budget;
}

/** The value of `left operator right`. */
export function applyOperator(operator: string, operands: Operands): Value {
  const { left, right, budget } = operands;
  switch (operator) {
    case "==":
      return isEqual(left, { to: right, budget });
    case "!=":
      return !isEqual(left, { to: right, budget });
    case "<":
      return compare(left, { to: right, budget }) < 0;
    case "<=":
      return compare(left, { to: right, budget }) <= 0;
    case ">":
      return compare(left, { to: right, budget }) > 0;
    case ">=":
      return compare(left, { to: right, budget }) >= 0;
    case "in":
      return contains(operands);
    case "not in":
      return !contains(operands);
    case "~":
      return concat([toText(left, budget), toText(right, budget)], budget);
    case "+":
      return add(operands);
    case "*":
      return multiply(operands);
    default:
      return calculate(operator, operands);
  }
}

/** Python's `left in right`. */
function contains({ left, right, budget }: Operands): boolean {
  if (isDict(right)) return right.entries.has(keyOf(left, budget));
  if (isText(right)) {
    if (!isText(left)) {
      throw new ChatTemplateError(`'in <string>' requires string as left operand, not ${typeName(left)}`);
    }
    return firstIndex(read(right, budget), { sub: read(left, budget), budget }) !== -1;
  }
  if (!isList(right) && !isUndefined(right)) {
    throw new ChatTemplateError(`argument of type '${typeName(right)}' is not iterable`);
  }
  return elements(right, budget).some((item) => {
    budget.spend(1);
    return isEqual(item, { to: left, budget });
  });
}

function add({ left, right, budget }: Operands): Value {
  refuseUndefined(left, right);
  if (isText(left)) {
    if (isText(right)) return concat([left, right], budget);
    throw new ChatTemplateError(`can only concatenate str (not "${typeName(right)}") to str`);
  }
  if (isList(left)) {
    if (!isList(right) || right.isTuple !== left.isTuple) {
      throw new ChatTemplateError(
        `can only concatenate ${typeName(left)} (not "${typeName(right)}") to ${typeName(left)}`,
      );
    }
    budget.spend((left.items.length + right.items.length) / 4);
    return { ...list(left.items.concat(right.items), budget), isTuple: left.isTuple };
  }
  return calculate("+", { left, right, budget });
}

function multiply({ left, right, budget }: Operands): Value {
  refuseUndefined(left, right);
  const [sequence, factor] = isText(left) || isList(left) ? [left, right] : [right, left];
  if (isText(sequence) && isInteger(factor)) return repeat(sequence, { count: Number(factor), budget });
  if (isList(sequence) && isInteger(factor)) {
    const count = Math.max(0, Number(factor));
    budget.spend(count * sequence.items.length / 4);
    budget.allocate(16 * count * sequence.items.length);
    const items = Array.from({ length: count }, () => sequence.items).flat();
    return { type: "list", items, isTuple: sequence.isTuple };
  }
  return calculate("*", { left, right, budget });
}

function isInteger(value: Value): value is number | boolean {
  return typeof value === "number" || typeof value === "boolean";
}

/** Arithmetic. */
function calculate(operator: string, { left, right }: Operands): Value {
  refuseUndefined(left, right);
  const a = numberOf(left);
  const b = numberOf(right);
  if (a === undefined || b === undefined) {
    const types = `'${typeName(left)}' and '${typeName(right)}'`;
    throw new ChatTemplateError(`unsupported operand type(s) for ${operator}: ${types}`);
  }
  switch (operator) {
    case "+":
      return arithmeticResult(a + b, [left, right]);
    case "-":
      return arithmeticResult(a - b, [left, right]);
    case "*":
      return arithmeticResult(a * b, [left, right]);
    case "**": {
      const result = arithmeticResult(pow(a, b), [left, right]);
      return b < 0 && typeof result === "number" ? float(result) : result;
    }
  }
  if (b === 0) throw new ChatTemplateError(operator === "%" ? "integer modulo by zero" : "division by zero");
  switch (operator) {
    case "/":
      return float(operand(arithmeticResult(a / b, []), "/"));
    case "//":
      return arithmeticResult(Math.floor(a / b), [left, right]);
    case "%": {
      // The sign is that of the divisor, in JavaScript that of the dividend.
      const remainder = a % b;
      return arithmeticResult(remainder !== 0 && (remainder < 0) !== (b < 0) ? remainder + b : remainder, [
        left,
        right,
      ]);
    }
    default:
      throw new ChatTemplateError(`The operator ${operator} is not supported`);
  }
}

function refuseUndefined(...values: Value[]): void {
  for (const value of values) if (isUndefined(value)) throw new ChatTemplateError(value.reason);
}

/** The value of `-value` or `+value`. */
export function applySign(sign: string, value: Value): Value {
  const number = operand(value, `unary ${sign}`);
  return arithmeticResult(sign === "-" && number !== 0 ? -number : number, [value]);
}
