/**
 * The values of Jinja, which are those of Python: what kinds there are, how they come from JavaScript, which are true,
 * equal, less. Their texts are in python_text.ts, their attributes in members.ts.
 */

import { ChatTemplateError } from "../../errors.ts";
import type { Budget } from "./budget.ts";
import { MAX_DEPTH } from "./budget.ts";
import { read, untrusted } from "./text.ts";
import type { Text } from "./text.ts";

/** Any value. JavaScript numbers are Python's integers. */
export type Value = null | boolean | number | Float | Text | List | Dict | Undefined | Callable | Namespace | Loop;

/** A number that Python would print with a decimal point. */
export interface Float {
  readonly type: "float";
  readonly value: number;
}

/** A list or a tuple. */
export interface List {
  readonly type: "list";
  readonly items: Value[];
  readonly isTuple: boolean;
}

/** What a mapping's keys are compared by: 1, 1.0 and True are one key, as in Python. */
export type Key = string | number | null;

/** A mapping in order of insertion. */
export interface Dict {
  readonly type: "dict";
  readonly entries: Map<Key, { readonly key: Value; readonly value: Value }>;
}

/** What a name stands for that has no value. */
export interface Undefined {
  readonly type: "undefined";
  /** What is missing, for error messages: "'x' is undefined". */
  readonly reason: string;
}

/** The arguments of a call. */
export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** A macro, a method or a global function. */
export interface Callable {
  readonly type: "callable";
  readonly name: string;
  call(args: Arguments): Value;
}

/** What `namespace()` makes: the one kind of object whose attributes a template can set. */
export interface Namespace {
  readonly type: "namespace";
  readonly attributes: Map<string, Value>;
}

/** The variable `loop`. */
export interface Loop {
  readonly type: "loop";
  readonly items: readonly Value[];
  /** Which item is current, from 0 on. */
  index: number;
}

export function float(value: number): Float {
  return { type: "float", value };
}

export function list(items: Value[], budget: Budget): List {
  budget.allocate(64 + 16 * items.length);
  budget.spend(items.length / 4);
  return { type: "list", items, isTuple: false };
}

export function tuple(items: Value[], budget: Budget): List {
  budget.allocate(64 + 16 * items.length);
  return { type: "list", items, isTuple: true };
}

export function dict(entries: Iterable<readonly [Value, Value]>, budget: Budget): Dict {
  budget.allocate(128);
  const result: Dict = { type: "dict", entries: new Map() };
  for (const [key, value] of entries) setEntry(result, { key, value, budget });
  return result;
}

/** Sets an entry of a mapping. */
export function setEntry(target: Dict, { key, value, budget }: { key: Value; value: Value; budget: Budget }): void {
  budget.allocate(96);
  budget.spend(1);
  const found = keyOf(key, budget);
  // The key that came first stays, as in Python: {1: 'a', True: 'b'} is {1: 'b'}.
  const entry = target.entries.get(found);
  target.entries.set(found, { key: entry === undefined ? key : entry.key, value });
}

export function undefinedValue(reason: string): Undefined {
  return { type: "undefined", reason };
}

export function callable(name: string, call: (args: Arguments) => Value): Callable {
  return { type: "callable", name, call };
}

/** What a mapping finds a key by. */
export function keyOf(value: Value, budget: Budget): Key {
  if (value === null || typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value.type === "text") return read(value, budget);
  if (value.type === "float") return value.value;
  throw new ChatTemplateError(`unhashable type: '${typeName(value)}'`);
}

/** Python's name of the value's type. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "int";
  if (value.type === "list") return value.isTuple ? "tuple" : "list";
  return {
    text: "str",
    float: "float",
    dict: "dict",
    undefined: "Undefined",
    callable: "function",
  }[value.type as string] ??
    value.type;
}

export function isText(value: Value): value is Text {
  return typeof value === "object" && value !== null && value.type === "text";
}

export function isList(value: Value): value is List {
  return typeof value === "object" && value !== null && value.type === "list";
}

export function isDict(value: Value): value is Dict {
  return typeof value === "object" && value !== null && value.type === "dict";
}

export function isUndefined(value: Value): value is Undefined {
  return typeof value === "object" && value !== null && value.type === "undefined";
}

/** The number that integers, floats and booleans stand for; undefined for everything else. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return value !== null && value.type === "float" ? value.value : undefined;
}

/** Python's bool(). */
export function isTrue(value: Value): boolean {
  if (value === null) return false;
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  switch (value.type) {
    case "float":
      return value.value !== 0;
    case "text":
      return value.value !== "";
    case "list":
      return value.items.length > 0;
    case "dict":
      return value.entries.size > 0;
    case "undefined":
      return false;
    default:
      return true;
  }
}

/** Python's ==. */
export function isEqual(a: Value, { to, budget }: { to: Value; budget: Budget }): boolean {
  const numberA = numberOf(a);
  const numberB = numberOf(to);
  if (numberA !== undefined || numberB !== undefined) return numberA === numberB;
  if (a === null || to === null || typeof a !== "object" || typeof to !== "object") return a === to;
  if (a.type === "text" && to.type === "text") {
    return a.value.length === to.value.length && read(a, budget) === read(to, budget);
  }
  if (a.type === "undefined" && to.type === "undefined") return true;
  budget.enter();
  budget.spend(2);
  let equal = a === to;
  if (!equal && a.type === "list" && to.type === "list") {
    equal = a.isTuple === to.isTuple && a.items.length === to.items.length &&
      a.items.every((item, i) => isEqual(item, { to: to.items[i], budget }));
  } else if (!equal && a.type === "dict" && to.type === "dict") {
    equal = a.entries.size === to.entries.size &&
      [...a.entries].every(([key, { value }]) => {
        const other = to.entries.get(key);
        return other !== undefined && isEqual(value, { to: other.value, budget });
      });
  }
  budget.leave();
  return equal;
}

/** Python's < on what has an order: below 0, 0, or above 0. */
export function compare(a: Value, { to, budget }: { to: Value; budget: Budget }): number {
  const numberA = numberOf(a);
  const numberB = numberOf(to);
  if (numberA !== undefined && numberB !== undefined) return numberA - numberB;
  if (isText(a) && isText(to)) return compareStrings(read(a, budget), read(to, budget));
  if (isList(a) && isList(to) && a.isTuple === to.isTuple) {
    budget.enter();
    let order = 0;
    for (let i = 0; order === 0 && i < Math.min(a.items.length, to.items.length); i++) {
      order = compare(a.items[i], { to: to.items[i], budget });
    }
    budget.leave();
    return order === 0 ? a.items.length - to.items.length : order;
  }
  if (isUndefined(a)) throw new ChatTemplateError(a.reason);
  if (isUndefined(to)) throw new ChatTemplateError(to.reason);
  throw new ChatTemplateError(`'<' not supported between instances of '${typeName(a)}' and '${typeName(to)}'`);
}

/** Strings by code points: JavaScript compares UTF-16 units, in which U+10000 comes before U+E000. */
function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i++;
  if (i === length) return a.length - b.length;
  const isSurrogate = (x: number) => x >= 0xd800 && x < 0xe000;
  const unitA = a.charCodeAt(i);
  const unitB = b.charCodeAt(i);
  if (isSurrogate(unitA) !== isSurrogate(unitB)) return isSurrogate(unitA) ? 1 : -1;
  return unitA - unitB;
}

/**
 * JavaScript data as values. All strings in it are untrusted, the keys too.
 *
 * @throws {TypeError} When there is something in it that JSON has no form for
 */
export function fromJavaScript(value: unknown, { name, budget, depth = 0 }: {
  /** What the data is called in errors. */
  name: string;
  budget: Budget;
  depth?: number;
}): Value {
  if (depth > MAX_DEPTH) throw new RangeError(`Expected ${name} to be nested at most ${MAX_DEPTH} levels deep`);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isInteger(value) ? value : float(value);
  if (typeof value === "string") return untrusted(value);
  if (typeof value !== "object") throw new TypeError(`Expected ${name} to be JSON but found a ${typeof value} in it`);
  const inside = { name, budget, depth: depth + 1 };
  if (Array.isArray(value)) return list(value.map((item) => fromJavaScript(item ?? null, inside)), budget);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return dict(entries.map(([key, item]) => [untrusted(key), fromJavaScript(item, inside)]), budget);
}
