/**
 * Attributes, items and slices: what `a.b`, `a["b"]`, `a[0]` and `a[1:]` are.
 */

import { ChatTemplateError } from "../../errors.ts";
import type { Budget } from "./budget.ts";
import { DICT_METHODS, LIST_METHODS } from "./container_methods.ts";
import { characters, unitOffset } from "./iteration.ts";
import { STRING_METHODS } from "./string_methods.ts";
import { concat, EMPTY, read, slice } from "./text.ts";
import type { Text } from "./text.ts";
import { callable, isDict, isList, isText, isUndefined, keyOf, typeName, undefinedValue } from "./values.ts";
import type { Dict, List, Loop, Undefined, Value } from "./values.ts";

/** `value.name`: a method or an attribute, else an entry. */
export function attributeOf(value: Value, { name, budget }: { name: string; budget: Budget }): Value {
  const own = ownAttribute(value, { name, budget });
  if (own !== undefined) return own;
  const entry = isDict(value) ? value.entries.get(name) : undefined;
  return entry === undefined ? missing(value, `has no attribute '${name}'`) : entry.value;
}

/** `value[key]`: an entry or an element, else an attribute. */
export function itemOf(value: Value, { key, budget }: { key: Value; budget: Budget }): Value {
  if (isDict(value)) {
    const entry = value.entries.get(keyOf(key, budget));
    if (entry !== undefined) return entry.value;
  }
  if (typeof key === "number" && (isList(value) || isText(value))) {
    const element = elementAt(value, { index: key, budget });
    return element === undefined ? missing(value, `has no element ${key}`) : element;
  }
  if (isText(key)) {
    const own = ownAttribute(value, { name: read(key, budget), budget });
    return own === undefined ? missing(value, `has no attribute '${key.value}'`) : own;
  }
  return missing(value, `has no element ${typeof key === "object" ? typeName(key) : key}`);
}

/** What stands for a member that does not exist. Members of what is undefined itself are an error. */
function missing(value: Value, what: string): Undefined {
  if (isUndefined(value)) throw new ChatTemplateError(value.reason);
  if (value !== null) return undefinedValue(`'${typeName(value)} object' ${what}`);
  return undefinedValue(what.startsWith("has no attribute") ? `'None' ${what}` : `None ${what}`);
}

/** A method, or an attribute of the objects that have some. */
function ownAttribute(value: Value, { name, budget }: { name: string; budget: Budget }): Value | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  switch (value.type) {
    case "text":
      return method(STRING_METHODS, { self: value, name, budget });
    case "list":
      return method(LIST_METHODS, { self: value, name, budget });
    case "dict":
      return method(DICT_METHODS, { self: value, name, budget });
    case "namespace":
      return value.attributes.get(name);
    case "loop":
      return loopAttribute(value, { name, budget });
    default:
      return undefined;
  }
}

type Methods<Self> = Readonly<
  Record<string, (self: Self, call: { args: Parameters<CallOf>[0]; budget: Budget }) => Value>
>;
type CallOf = Parameters<typeof callable>[1];

function method<Self extends Text | List | Dict>(
  methods: Methods<Self>,
  { self, name, budget }: { self: Self; name: string; budget: Budget },
): Value | undefined {
  if (!Object.hasOwn(methods, name)) return undefined;
  budget.allocate(128);
  return callable(name, (args) => methods[name](self, { args, budget }));
}

function loopAttribute({ items, index }: Loop, { name, budget }: { name: string; budget: Budget }): Value | undefined {
  const count = items.length;
  switch (name) {
    case "index":
      return index + 1;
    case "index0":
      return index;
    case "revindex":
      return count - index;
    case "revindex0":
      return count - index - 1;
    case "first":
      return index === 0;
    case "last":
      return index === count - 1;
    case "length":
      return count;
    case "previtem":
      return index > 0 ? items[index - 1] : undefinedValue("there is no previous item");
    case "nextitem":
      return index < count - 1 ? items[index + 1] : undefinedValue("there is no next item");
    case "cycle":
      budget.allocate(128);
      return callable("cycle", ({ positional }) => {
        if (positional.length === 0) throw new ChatTemplateError("no items for cycling given");
        return positional[index % positional.length];
      });
    default:
      return undefined;
  }
}

/** An element by its index, from the end where it is negative. */
function elementAt(value: List | Text, { index, budget }: { index: number; budget: Budget }): Value | undefined {
  if (isList(value)) return value.items.at(index);
  const all = read(value, budget);
  if (!/[\ud800-\udfff]/.test(all)) {
    const at = index < 0 ? index + all.length : index;
    return at >= 0 && at < all.length ? slice(value, { start: at, end: at + 1, budget }) : undefined;
  }
  return characters(value, budget).at(index);
}

/** The bounds of a slice, undefined where they are left out. */
export interface SliceBounds {
  start: number | undefined;
  stop: number | undefined;
  step: number | undefined;
}

/** `value[start:stop:step]`. */
export function sliceOf(value: Value, { bounds, budget }: { bounds: SliceBounds; budget: Budget }): Value {
  const step = bounds.step ?? 1;
  if (step === 0) throw new ChatTemplateError("slice step cannot be zero");
  if (isText(value)) {
    if (step === 1) return sliceText(value, { bounds, budget });
    const picked = pick(characters(value, budget), { ...bounds, step, budget });
    return picked.length === 0 ? EMPTY : concat(picked, budget);
  }
  if (isList(value)) {
    const items = pick(value.items, { ...bounds, step, budget });
    return { type: "list", items, isTuple: value.isTuple };
  }
  if (isUndefined(value)) throw new ChatTemplateError(value.reason);
  throw new ChatTemplateError(`'${typeName(value)}' object is not subscriptable`);
}

function sliceText(text: Text, { bounds, budget }: { bounds: SliceBounds; budget: Budget }): Text {
  const value = read(text, budget);
  const isPlain = !/[\ud800-\udfff]/.test(value);
  const length = isPlain ? value.length : Array.from(value).length;
  const [start, stop] = clamp({ ...bounds, step: 1 }, length);
  if (isPlain) return slice(text, { start, end: stop, budget });
  return slice(text, { start: unitOffset(value, start), end: unitOffset(value, stop), budget });
}

/** Start and stop within a sequence of this length, as Python's slice.indices. */
function clamp({ start, stop, step }: SliceBounds & { step: number }, length: number): [number, number] {
  const least = step > 0 ? 0 : -1;
  const most = step > 0 ? length : length - 1;
  const within = (bound: number) => Math.min(Math.max(bound < 0 ? bound + length : bound, least), most);
  const [first, last] = step > 0 ? [least, most] : [most, least];
  return [start === undefined ? first : within(start), stop === undefined ? last : within(stop)];
}

function pick<T>(items: readonly T[], { budget, ...bounds }: SliceBounds & { step: number; budget: Budget }): T[] {
  const [start, stop] = clamp(bounds, items.length);
  const { step } = bounds;
  const count = Math.max(0, Math.ceil((stop - start) / step));
  budget.allocate(64 + 16 * count);
  budget.spend(count / 4);
  return Array.from({ length: count }, (_, i) => items[start + i * step]);
}
