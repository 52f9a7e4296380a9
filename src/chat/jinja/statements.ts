/**
 * Statements: what they print and what they set. Expressions are in expressions.ts.
 *
 * Statements are executed in slices: a conversation of a thousand messages takes tens of milliseconds.
 */

import { ChatTemplateError } from "../../errors.ts";
import { runWhole } from "../../time_slice.ts";
import type { Budget } from "./budget.ts";
import { callValue, evaluate, evaluateArguments, filtered, literal } from "./expressions.ts";
import { elements } from "./iteration.ts";
import { toText } from "./python_text.ts";
import { Scope, SCOPE_BYTES } from "./scope.ts";
import type { Block, Call, CallBlock, For, Identifier, Node, Parameter, SetNode } from "./syntax.ts";
import { Output, trusted } from "./text.ts";
import type { Text } from "./text.ts";
import { callable, isTrue, isUndefined, numberOf, setEntry, tuple, typeName, undefinedValue } from "./values.ts";
import type { Arguments, Callable, Dict, Loop, Value } from "./values.ts";

/** What a round of a loop and a call of a macro take by themselves, in steps of the budget. */
const ROUND_STEPS = 4;
const CALL_STEPS = 10;

/** Where a statement is executed. */
interface Place {
  readonly scope: Scope;
  readonly budget: Budget;
  readonly output: Output;
}

/** How a block ended: at its end, or at a `break` or `continue` of the loop around it. */
type Ending = "end" | "break" | "continue";

/**
 * Renders a whole template.
 *
 * @param variables The names that the template can use
 */
export function renderBlock(
  block: Block,
  { variables, budget }: { variables: Map<string, Value>; budget: Budget },
): Generator<void, Text> {
  const scope = new Scope({ budget });
  for (const [name, value] of variables) scope.set(name, value);
  return capture(block, { scope, budget });
}

/** What a block prints. */
function* capture(block: Block, { scope, budget }: Omit<Place, "output">): Generator<void, Text> {
  const output = new Output(budget);
  yield* execute(block, { scope, budget, output });
  return output.finish();
}

function* execute(block: Block, place: Place): Generator<void, Ending> {
  place.budget.enter();
  let ending: Ending = "end";
  for (const node of block) {
    if (place.budget.isSliceOver()) yield;
    if (node.type === "If") ending = yield* execute(branch(node, place), place);
    else if (node.type === "For") ending = yield* loop(node, place);
    else if (node.type === "Break") ending = "break";
    else if (node.type === "Continue") ending = "continue";
    else executeSimple(node, place);
    if (ending !== "end") break;
  }
  place.budget.leave();
  return ending;
}

function branch(node: Node & { type: "If" }, place: Place): Block {
  return isTrue(evaluate(node.test, place)) ? node.body : node.alternate;
}

/** The statements that do not choose or repeat others. */
function executeSimple(node: Node, place: Place): void {
  const { scope, budget, output } = place;
  switch (node.type) {
    case "StringLiteral":
      budget.spend(1);
      output.write(literal(node));
      break;
    case "Comment":
      break;
    case "Set":
      assign(node, place);
      break;
    case "Macro":
      scope.set(node.name.value, macro(node, { name: node.name.value, place }));
      break;
    case "CallStatement":
      output.write(callBlock(node, place));
      break;
    case "FilterStatement": {
      const text = runWhole(capture(node.body, { scope: scope.inner(), budget }));
      output.write(toText(filtered(text, { filter: node.filter, place }), budget));
      break;
    }
    default:
      output.write(toText(evaluate(node, place), budget));
  }
}

function* loop(node: For, place: Place): Generator<void, Ending> {
  const { budget, output } = place;
  const items = loopItems(node, place);
  budget.allocate(64);
  const state: Loop = { type: "loop", items, index: 0 };
  for (; state.index < items.length; state.index++) {
    if (budget.isSliceOver()) yield;
    budget.spend(ROUND_STEPS);
    const scope = place.scope.inner();
    scope.set("loop", state);
    unpack(node.loopvar, { value: items[state.index], scope, budget });
    if ((yield* execute(node.body, { scope, budget, output })) === "break") break;
  }
  return items.length === 0 ? yield* execute(node.defaultBlock, { ...place, scope: place.scope.inner() }) : "end";
}

/** What a loop goes through: the elements that its condition, if it has one, holds for. */
function loopItems(node: For, { scope, budget }: Place): readonly Value[] {
  if (node.iterable.type !== "SelectExpression") return elements(evaluate(node.iterable, { scope, budget }), budget);
  const { lhs, test } = node.iterable;
  const items = elements(evaluate(lhs, { scope, budget }), budget);
  budget.allocate(16 * items.length);
  return items.filter((item) => {
    budget.spend(ROUND_STEPS);
    const inner = scope.inner();
    unpack(node.loopvar, { value: item, scope: inner, budget });
    return isTrue(evaluate(test, { scope: inner, budget }));
  });
}

/** Gives one or several names their values. */
function unpack(target: Node, { value, scope, budget }: { value: Value; scope: Scope; budget: Budget }): void {
  if (target.type === "Identifier") return scope.set(target.value, value);
  if (target.type !== "TupleLiteral") throw new ChatTemplateError(`Cannot assign to a ${target.type}`);
  if (isUndefined(value)) throw new ChatTemplateError(value.reason);
  if (numberOf(value) !== undefined || value === null) {
    throw new ChatTemplateError(`cannot unpack non-iterable ${typeName(value)} object`);
  }
  const items = elements(value, budget);
  const expected = target.value.length;
  if (items.length > expected) throw new ChatTemplateError(`too many values to unpack (expected ${expected})`);
  if (items.length < expected) {
    throw new ChatTemplateError(`not enough values to unpack (expected ${expected}, got ${items.length})`);
  }
  target.value.forEach((name, i) => unpack(name, { value: items[i], scope, budget }));
}

function assign(node: SetNode, { scope, budget }: Place): void {
  let value = node.value === null
    ? runWhole(capture(node.body, { scope: scope.inner(), budget }))
    : evaluate(node.value, { scope, budget });
  let target = node.assignee;
  // `{% set name | filter %}...{% endset %}`
  const filters: (Identifier | Call)[] = [];
  for (; target.type === "FilterExpression"; target = target.operand) filters.unshift(target.filter);
  for (const filter of filters) value = filtered(value, { filter, place: { scope, budget } });
  if (target.type !== "MemberExpression") return unpack(target, { value, scope, budget });
  const object = evaluate(target.object, { scope, budget });
  if (typeof object !== "object" || object === null || object.type !== "namespace") {
    throw new ChatTemplateError("cannot assign attribute on non-namespace object");
  }
  if (target.property.type !== "Identifier") throw new ChatTemplateError("An attribute to set must be a name");
  object.attributes.set(target.property.value, value); // as many names as the source has
}

interface MacroParts {
  readonly args: readonly Parameter[];
  readonly body: Block;
}

/** A macro as a value. It sees the names around its definition, and what it prints is the result of a call. */
function macro({ args: parameters, body }: MacroParts, { name, place }: {
  name: string;
  place: Omit<Place, "output">;
}): Callable {
  const { scope: outer, budget } = place;
  budget.allocate(256 + SCOPE_BYTES * outer.depth);
  return callable(name, (args) => {
    budget.spend(CALL_STEPS);
    const scope = outer.inner();
    bindParameters(parameters, { args, place: { scope, budget } });
    return runWhole(capture(body, { scope, budget }));
  });
}

function bindParameters(parameters: readonly Parameter[], { args, place }: {
  args: Arguments;
  place: Omit<Place, "output">;
}): void {
  const { scope, budget } = place;
  const named = new Map(args.named);
  parameters.forEach((parameter, i) => {
    const key = parameter.type === "Identifier" ? parameter.value : parameter.key.value;
    const given = i < args.positional.length ? args.positional[i] : named.get(key);
    named.delete(key);
    if (given !== undefined) scope.set(key, given);
    else if (parameter.type !== "Identifier") scope.set(key, evaluate(parameter.value, place));
    else scope.set(key, undefinedValue(`parameter '${key}' was not provided`));
  });
  const caller = named.get("caller");
  if (caller !== undefined) scope.set("caller", caller);
  named.delete("caller");
  scope.set("varargs", tuple(args.positional.slice(parameters.length), budget));
  const rest: Dict = { type: "dict", entries: new Map() };
  for (const [key, value] of named) setEntry(rest, { key: trusted(key), value, budget });
  scope.set("kwargs", rest);
}

/** `{% call(x) name(...) %}...{% endcall %}`: the block is what the macro knows as `caller`. */
function callBlock(node: CallBlock, place: Place): Text {
  const { budget } = place;
  const callee = evaluate(node.call.callee, place);
  const args = evaluateArguments(node.call.args, place);
  const caller = macro({ args: node.callerArgs ?? [], body: node.body }, { name: "caller", place });
  const result = callValue(callee, {
    positional: args.positional,
    named: new Map([...args.named, ["caller", caller]]),
  });
  return toText(result, budget);
}
