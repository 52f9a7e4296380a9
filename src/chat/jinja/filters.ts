/**
 * Jinja's filters by name, and those that look at one value. Those that go through a sequence are in list_filters.ts.
 */

import { ChatTemplateError } from "../../errors.ts";
import { pow } from "../../numeric/power.ts";
import { argumentOr, flagArgument, integerArgument, operand, requiredText, textArgument } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { itemsOf } from "./container_methods.ts";
import { lengthOf } from "./iteration.ts";
import { toJson } from "./json.ts";
import { LIST_FILTERS } from "./list_filters.ts";
import { toText } from "./python_text.ts";
import { capitalize, changeCase, lines, replaceText, stripText } from "./string_methods.ts";
import { concat, EMPTY, read, repeat, trusted } from "./text.ts";
import type { Text } from "./text.ts";
import { float, isDict, isList, isText, isTrue, isUndefined, list, numberOf, typeName } from "./values.ts";
import type { Arguments, Value } from "./values.ts";

interface FilterCall {
  args: Arguments;
  budget: Budget;
}

type Filter = (value: Value, call: FilterCall) => Value;

const FILTERS: Readonly<Record<string, Filter>> = {
  abs: (value) => typeof value === "number" ? Math.abs(value) : float(Math.abs(operand(value, "abs()"))),
  capitalize: (value, { budget }) => capitalize(toText(value, budget), budget),
  default: defaultValue,
  d: defaultValue,
  float: toFloat,
  indent,
  int: toInteger,
  items: (value, { budget }) => {
    if (isUndefined(value)) return list([], budget);
    if (!isDict(value)) throw new ChatTemplateError("Can only get item pairs from a mapping");
    return itemsOf(value, budget);
  },
  length: (value, { budget }) => lengthOf(value, budget),
  count: (value, { budget }) => lengthOf(value, budget),
  lower: (value, { budget }) => changeCase(toText(value, budget), { change: (s) => s.toLowerCase(), budget }),
  replace: (value, { args, budget }) =>
    replaceText(toText(value, budget), {
      from: requiredText(args, { index: 0, name: "old" }),
      to: requiredText(args, { index: 1, name: "new" }),
      count: integerArgument(args, { index: 2, name: "count", fallback: -1 }),
      budget,
    }),
  round,
  safe: (value, { budget }) => toText(value, budget),
  string: (value, { budget }) => toText(value, budget),
  title: (value, { budget }) => title(toText(value, budget), budget),
  tojson: (value, { args, budget }) => toJson(value, { options: jsonOptions(args), budget }),
  trim: (value, { args, budget }) =>
    stripText(toText(value, budget), {
      chars: textArgument(args, { index: 0, name: "chars" }),
      atStart: true,
      atEnd: true,
      budget,
    }),
  upper: (value, { budget }) => changeCase(toText(value, budget), { change: (s) => s.toUpperCase(), budget }),
  ...LIST_FILTERS,
};

/** The value of `value | name(...)`. */
export function applyFilter(name: string, { value, args, budget }: FilterCall & { value: Value }): Value {
  if (name === "map" && args.positional.length > 0) return mapFilter(value, { args, budget });
  if (!Object.hasOwn(FILTERS, name)) {
    throw new ChatTemplateError(
      `No filter named '${name}'. Known are ${Object.keys(FILTERS).toSorted().join(", ")}`,
    );
  }
  return FILTERS[name](value, { args, budget });
}

/** `map("name", ...)`: another filter on each element. `map(attribute=...)` is in list_filters.ts. */
function mapFilter(value: Value, { args, budget }: FilterCall): Value {
  const [name, ...positional] = args.positional;
  if (!isText(name)) throw new ChatTemplateError("map takes the name of a filter");
  const call = { args: { positional, named: args.named }, budget };
  const all = LIST_FILTERS.list(value, { args, budget });
  if (!isList(all)) return all;
  return list(all.items.map((item) => applyFilter(name.value, { ...call, value: item })), budget);
}

function defaultValue(value: Value, { args }: FilterCall): Value {
  const useForFalse = flagArgument(args, { index: 1, name: "boolean" });
  if (!isUndefined(value) && !(useForFalse && !isTrue(value))) return value;
  return argumentOr(args, { index: 0, name: "default_value", fallback: EMPTY });
}

/** The longest number that is read: the largest one has 309 digits. */
const MAX_DIGITS = 400;

function toInteger(value: Value, { args, budget }: FilterCall): Value {
  const fallback = argumentOr(args, { index: 0, name: "default", fallback: 0 });
  if (isText(value)) {
    const digits = read(value, budget).trim().replaceAll(/(?<=\d)_(?=\d)/g, "");
    return digits.length <= MAX_DIGITS && /^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/.test(digits)
      ? Math.trunc(Number(digits))
      : fallback;
  }
  const number = numberOf(value);
  return number !== undefined && Number.isFinite(number) ? Math.trunc(number) : fallback;
}

function toFloat(value: Value, { args, budget }: FilterCall): Value {
  const fallback = argumentOr(args, { index: 0, name: "default", fallback: float(0) });
  if (isText(value)) {
    const digits = read(value, budget).trim();
    return digits.length <= MAX_DIGITS && /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(digits)
      ? float(Number(digits))
      : fallback;
  }
  const number = numberOf(value);
  return number === undefined ? fallback : float(number);
}

/** Rounds half to even, as Python does, or up or down. */
function round(value: Value, { args, budget }: FilterCall): Value {
  const precision = integerArgument(args, { index: 0, name: "precision", fallback: 0 });
  const method = textArgument(args, { index: 1, name: "method" });
  const scale = pow(10, precision);
  const scaled = operand(value, "round()") * scale;
  let whole = Math.floor(scaled);
  if (method === null || read(method, budget) === "common") {
    const rest = scaled - whole;
    if (rest > 0.5 || (rest === 0.5 && whole % 2 !== 0)) whole++;
  } else if (method.value === "ceil") whole = Math.ceil(scaled);
  else if (method.value !== "floor") throw new ChatTemplateError("method must be common, ceil or floor");
  return float(whole / scale);
}

/** The first letter of each word large, words being what blanks, hyphens and opening brackets separate. */
function title(text: Text, budget: Budget): Text {
  const change = (s: string) =>
    s.replaceAll(/[^-\s({[<]+/g, (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase());
  return changeCase(text, { change, budget });
}

/** Indents all lines but the first and the blank ones, unless asked to. */
function indent(value: Value, { args, budget }: FilterCall): Value {
  const width = argumentOr(args, { index: 0, name: "width", fallback: 4 });
  const indentFirst = flagArgument(args, { index: 1, name: "first" });
  const indentBlank = flagArgument(args, { index: 2, name: "blank" });
  const space = isText(width) ? width : repeat(trusted(" "), { count: operand(width, "indent()"), budget });
  // The filter adds a line end before it splits, so that an end of the text's own makes one more, empty line.
  const all = lines(concat([toText(value, budget), LINE_END], budget), { keepEnds: false, budget });
  const parts: Text[] = [];
  all.forEach((line, i) => {
    budget.allocate(24);
    if (i > 0) parts.push(LINE_END);
    if (i === 0 ? indentFirst : indentBlank || line.value !== "") parts.push(space);
    parts.push(line);
  });
  return concat(parts, budget);
}

const LINE_END = trusted("\n");

/** The arguments of json.dumps. */
function jsonOptions(args: Arguments): Parameters<typeof toJson>[1]["options"] {
  const indentation = argumentOr(args, { index: 1, name: "indent", fallback: null });
  const separators = argumentOr(args, { index: 2, name: "separators", fallback: null });
  const isIndented = indentation !== null;
  let itemSeparator = trusted(isIndented ? "," : ", ");
  let keySeparator = trusted(": ");
  if (isList(separators)) {
    const [item, key] = separators.items;
    if (separators.items.length !== 2 || !isText(item) || !isText(key)) {
      throw new ChatTemplateError("separators must be two strings");
    }
    [itemSeparator, keySeparator] = [item, key];
  }
  if (isIndented && !isText(indentation) && numberOf(indentation) === undefined) {
    throw new ChatTemplateError(`indent must be an int or a str, not ${typeName(indentation)}`);
  }
  return {
    ensureAscii: flagArgument(args, { index: 0, name: "ensure_ascii" }),
    indent: !isIndented ? null : isText(indentation) ? indentation : trusted(" ".repeat(indentWidth(indentation))),
    itemSeparator,
    keySeparator,
    sortKeys: flagArgument(args, { index: 3, name: "sort_keys" }),
  };
}

function indentWidth(value: Value): number {
  return Math.min(Math.max(0, operand(value, "indent")), 64);
}
