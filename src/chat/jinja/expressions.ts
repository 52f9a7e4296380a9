/**
 * The values of expressions. Statements are in statements.ts.
 */

import { ChatTemplateError } from "../../errors.ts";
import type { Budget } from "./budget.ts";
import { applyFilter } from "./filters.ts";
import { elements } from "./iteration.ts";
import { attributeOf, itemOf, sliceOf } from "./members.ts";
import { applyOperator, applySign } from "./operators.ts";
import { toText } from "./python_text.ts";
import type { Scope } from "./scope.ts";
import type { Argument, Binary, Call, Identifier, Member, Node, Slice } from "./syntax.ts";
import { applyTest } from "./tests.ts";
import { trusted } from "./text.ts";
import type { Text } from "./text.ts";
import { dict, float, isDict, isTrue, isUndefined, list, tuple, typeName, undefinedValue } from "./values.ts";
import type { Arguments, Value } from "./values.ts";

/** Where an expression is evaluated. */
export interface Place {
  readonly scope: Scope;
  readonly budget: Budget;
}

/** The value of an expression. */
export function evaluate(node: Node, place: Place): Value {
  place.budget.enter();
  const value = valueOf(node, place);
  place.budget.leave();
  return value;
}

function valueOf(node: Node, place: Place): Value {
  const { scope, budget } = place;
  switch (node.type) {
    case "StringLiteral":
      return literal(node);
    case "IntegerLiteral":
      return node.value;
    case "FloatLiteral":
      return float(node.value);
    case "Identifier":
      return CONSTANTS.has(node.value) ? CONSTANTS.get(node.value) as Value : scope.get(node.value);
    case "MemberExpression":
      return memberOf(node, place);
    case "CallExpression":
      return callResult(node, place);
    case "FilterExpression":
      return filtered(evaluate(node.operand, place), { filter: node.filter, place });
    case "TestExpression":
      return applyTest(node.test.value, { value: evaluate(node.operand, place), args: [], budget }) !== node.negate;
    case "BinaryExpression":
      return binaryResult(node, place);
    case "UnaryExpression": {
      const value = evaluate(node.argument, place);
      return node.operator.value === "not" ? !isTrue(value) : applySign(node.operator.value, value);
    }
    case "Ternary":
      return evaluate(isTrue(evaluate(node.condition, place)) ? node.trueExpr : node.falseExpr, place);
    case "SelectExpression": // `a if b` without `else`
      return isTrue(evaluate(node.test, place))
        ? evaluate(node.lhs, place)
        : undefinedValue("the inline if-expression has no else section and its condition is false");
    case "ArrayLiteral":
      return list(node.value.map((item) => evaluate(item, place)), budget);
    case "TupleLiteral":
      return tuple(node.value.map((item) => evaluate(item, place)), budget);
    case "ObjectLiteral":
      return dict(
        Array.from(node.value, ([key, value]) => [evaluate(key, place), evaluate(value, place)] as const),
        budget,
      );
    default:
      throw new ChatTemplateError(`Expressions of the kind ${node.type} are not supported`);
  }
}

const CONSTANTS: ReadonlyMap<string, Value> = new Map([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);

const literals = new WeakMap<object, Text>();

/** The text of a string in the template. Each has one, or a loop over a literal would fill the memory with copies. */
export function literal(node: { readonly value: string }): Text {
  let text = literals.get(node);
  if (text === undefined) literals.set(node, text = trusted(node.value));
  return text;
}

function memberOf(node: Member, place: Place): Value {
  const { budget } = place;
  const value = evaluate(node.object, place);
  const { property } = node;
  if (property.type === "SliceExpression") {
    const bounds = {
      start: sliceBound(property.start, place),
      stop: sliceBound(property.stop, place),
      step: sliceBound(property.step, place),
    };
    return sliceOf(value, { bounds, budget });
  }
  if (node.computed) return itemOf(value, { key: evaluate(property, place), budget });
  if (property.type === "Identifier") return attributeOf(value, { name: property.value, budget });
  return itemOf(value, { key: evaluate(property, place), budget }); // `a.0`
}

function sliceBound(node: Slice["start"], place: Place): number | undefined {
  if (node === undefined) return undefined;
  const value = evaluate(node, place);
  if (value === null) return undefined;
  if (typeof value === "number") return value;
  if (isUndefined(value)) throw new ChatTemplateError(value.reason);
  throw new ChatTemplateError("slice indices must be integers or None");
}

function binaryResult(node: Binary, place: Place): Value {
  const operator = node.operator.value;
  const left = evaluate(node.left, place);
  if (operator === "and") return isTrue(left) ? evaluate(node.right, place) : left;
  if (operator === "or") return isTrue(left) ? left : evaluate(node.right, place);
  return applyOperator(operator, { left, right: evaluate(node.right, place), budget: place.budget });
}

/** The value with a filter applied. */
export function filtered(value: Value, { filter, place }: { filter: Identifier | Call; place: Place }): Value {
  const { budget } = place;
  if (filter.type === "Identifier") return applyFilter(filter.value, { value, args: NO_ARGUMENTS, budget });
  if (filter.callee.type !== "Identifier") throw new ChatTemplateError("A filter must be a name");
  return applyFilter(filter.callee.value, { value, args: evaluateArguments(filter.args, place), budget });
}

const NO_ARGUMENTS: Arguments = { positional: [], named: new Map() };

function callResult(node: Call, place: Place): Value {
  const callee = evaluate(node.callee, place);
  return callValue(callee, evaluateArguments(node.args, place));
}

/** The result of calling a value. */
export function callValue(callee: Value, args: Arguments): Value {
  if (typeof callee === "object" && callee !== null) {
    if (callee.type === "callable") return callee.call(args);
    if (callee.type === "undefined") throw new ChatTemplateError(callee.reason);
  }
  throw new ChatTemplateError(`'${typeName(callee)}' object is not callable`);
}

/** The arguments of a call, with `*` and `**` unpacked. */
export function evaluateArguments(nodes: readonly Argument[], place: Place): Arguments {
  const { budget } = place;
  budget.allocate(64 + 64 * nodes.length);
  const positional: Value[] = [];
  const named = new Map<string, Value>();
  for (const node of nodes) {
    switch (node.type) {
      case "KeywordArgumentExpression":
        named.set(node.key.value, evaluate(node.value, place));
        break;
      case "SpreadExpression":
        for (const item of elements(evaluate(node.argument, place), budget)) {
          budget.spend(1);
          budget.allocate(16);
          positional.push(item);
        }
        break;
      case "KeywordSpreadExpression": {
        const value = evaluate(node.argument, place);
        if (!isDict(value)) throw new ChatTemplateError(`argument after ** must be a mapping, not ${typeName(value)}`);
        for (const entry of value.entries.values()) {
          budget.spend(1);
          budget.allocate(64);
          named.set(toText(entry.key, budget).value, entry.value);
        }
        break;
      }
      default:
        positional.push(evaluate(node, place));
    }
  }
  return { positional, named };
}
