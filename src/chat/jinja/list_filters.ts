/**
 * Filters that go through a sequence. What Jinja makes lazily (`map`, `select`) is a list here.
 */

import { ChatTemplateError } from "../../errors.ts";
import { argument, argumentOr, flagArgument, operand, required, textArgument } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { elements } from "./iteration.ts";
import { attributeOf, itemOf } from "./members.ts";
import { applyOperator } from "./operators.ts";
import { toText } from "./python_text.ts";
import { changeCase, joinTexts } from "./string_methods.ts";
import { concat, EMPTY, read } from "./text.ts";
import { applyTest } from "./tests.ts";
import { compare, isDict, isEqual, isText, isTrue, isUndefined, keyOf, list, tuple, undefinedValue } from "./values.ts";
import type { Arguments, Value } from "./values.ts";

interface FilterCall {
  args: Arguments;
  budget: Budget;
}

/** The filters by name. */
export const LIST_FILTERS: Readonly<Record<string, (value: Value, call: FilterCall) => Value>> = {
  batch,
  dictsort,
  first: (value, { budget }) => elementOr(elements(value, budget).at(0), "No first item, sequence was empty."),
  groupby,
  join,
  last: (value, { budget }) => elementOr(elements(value, budget).at(-1), "No last item, sequence was empty."),
  list: (value, { budget }) => list([...elements(value, budget)], budget),
  map: mapAttribute,
  max: (value, call) => extreme(value, { ...call, sign: 1 }),
  min: (value, call) => extreme(value, { ...call, sign: -1 }),
  reject: (value, call) => select(value, { ...call, keep: false, hasAttribute: false }),
  rejectattr: (value, call) => select(value, { ...call, keep: false, hasAttribute: true }),
  reverse,
  select: (value, call) => select(value, { ...call, keep: true, hasAttribute: false }),
  selectattr: (value, call) => select(value, { ...call, keep: true, hasAttribute: true }),
  sort,
  sum,
  unique,
};

function elementOr(element: Value | undefined, reason: string): Value {
  return element === undefined ? undefinedValue(reason) : element;
}

/** An attribute by its path: names and indexes with dots between them. */
function attributeAt(value: Value, { path, budget }: { path: Value; budget: Budget }): Value {
  if (!isText(path)) return itemOf(value, { key: path, budget });
  let found = value;
  for (const part of read(path, budget).split(".")) {
    budget.spend(1);
    found = /^\d+$/.test(part)
      ? itemOf(found, { key: Number(part), budget })
      : itemOrAttribute(found, { name: part, budget });
  }
  return found;
}

function itemOrAttribute(value: Value, { name, budget }: { name: string; budget: Budget }): Value {
  const entry = isDict(value) ? value.entries.get(name) : undefined;
  return entry === undefined ? attributeOf(value, { name, budget }) : entry.value;
}

/** The elements, or what they have at the path that the argument `attribute` names. */
function keysOf(items: readonly Value[], { path, ignoreCase, budget }: {
  path: Value | undefined;
  ignoreCase: boolean;
  budget: Budget;
}): Value[] {
  budget.allocate(16 * items.length);
  return items.map((item) => {
    budget.spend(1);
    const key = path === undefined || path === null ? item : attributeAt(item, { path, budget });
    return ignoreCase && isText(key) ? changeCase(key, { change: (s) => s.toLowerCase(), budget }) : key;
  });
}

function mapAttribute(value: Value, { args, budget }: FilterCall): Value {
  const path = required(args, { index: 0, name: "attribute" });
  const fallback = argument(args, { index: 1, name: "default" });
  const found = keysOf(elements(value, budget), { path, ignoreCase: false, budget });
  return list(found.map((item) => isUndefined(item) && fallback !== undefined ? fallback : item), budget);
}

function select(
  value: Value,
  { args, budget, keep, hasAttribute }: FilterCall & { keep: boolean; hasAttribute: boolean },
): Value {
  // Jinja looks whether there is anything before it goes through it, so that None is as good as empty.
  if (!isTrue(value)) return list([], budget);
  const path = hasAttribute ? required(args, { index: 0, name: "attribute" }) : undefined;
  const [test, ...rest] = args.positional.slice(hasAttribute ? 1 : 0);
  if (test !== undefined && !isText(test)) throw new ChatTemplateError("select and reject take the name of a test");
  const items = elements(value, budget);
  const keys = keysOf(items, { path, ignoreCase: false, budget });
  const chosen = items.filter((_, i) => {
    const holds = test === undefined ? isTrue(keys[i]) : applyTest(test.value, { value: keys[i], args: rest, budget });
    return holds === keep;
  });
  return list(chosen, budget);
}

function join(value: Value, { args, budget }: FilterCall): Value {
  const separator = argumentOr(args, { index: 0, name: "d", fallback: EMPTY });
  const path = argument(args, { index: 1, name: "attribute" });
  const items = keysOf(elements(value, budget), { path, ignoreCase: false, budget });
  return joinTexts(toText(separator, budget), { items: items.map((item) => toText(item, budget)), budget });
}

function reverse(value: Value, { budget }: FilterCall): Value {
  const reversed = elements(value, budget).toReversed();
  if (!isText(value)) return list(reversed, budget);
  return reversed.length === 0 ? EMPTY : concat(reversed.filter(isText), budget);
}

/** Sorts positions by their keys: stable, also when reversed. */
function order(keys: readonly Value[], { reverse, budget }: { reverse: boolean; budget: Budget }): number[] {
  budget.allocate(24 * keys.length);
  const sign = reverse ? -1 : 1;
  return [...keys.keys()].sort((a, b) => {
    budget.spend(1);
    return sign * compare(keys[a], { to: keys[b], budget });
  });
}

function sort(value: Value, { args, budget }: FilterCall): Value {
  const items = elements(value, budget);
  const ignoreCase = !flagArgument(args, { index: 1, name: "case_sensitive" });
  const keys = keysOf(items, { path: argument(args, { index: 2, name: "attribute" }), ignoreCase, budget });
  const reverse = flagArgument(args, { index: 0, name: "reverse" });
  return list(order(keys, { reverse, budget }).map((i) => items[i]), budget);
}

function dictsort(value: Value, { args, budget }: FilterCall): Value {
  if (!isDict(value)) throw new ChatTemplateError("dictsort takes a mapping");
  const entries = [...value.entries.values()];
  const by = textArgument(args, { index: 1, name: "by" })?.value ?? "key";
  if (by !== "key" && by !== "value") throw new ChatTemplateError("You can only sort by either 'key' or 'value'");
  const ignoreCase = !flagArgument(args, { index: 0, name: "case_sensitive" });
  const keys = keysOf(entries.map((entry) => entry[by]), { path: undefined, ignoreCase, budget });
  const reverse = flagArgument(args, { index: 2, name: "reverse" });
  return list(order(keys, { reverse, budget }).map((i) => tuple([entries[i].key, entries[i].value], budget)), budget);
}

function extreme(value: Value, { args, budget, sign }: FilterCall & { sign: number }): Value {
  const items = elements(value, budget);
  const ignoreCase = !flagArgument(args, { index: 0, name: "case_sensitive" });
  const keys = keysOf(items, { path: argument(args, { index: 1, name: "attribute" }), ignoreCase, budget });
  if (items.length === 0) return undefinedValue("No aggregated item, sequence was empty.");
  let best = 0;
  for (let i = 1; i < items.length; i++) if (sign * compare(keys[i], { to: keys[best], budget }) > 0) best = i;
  return items[best];
}

function sum(value: Value, { args, budget }: FilterCall): Value {
  const path = argument(args, { index: 0, name: "attribute" });
  const start = argumentOr(args, { index: 1, name: "start", fallback: 0 });
  const items = keysOf(elements(value, budget), { path, ignoreCase: false, budget });
  return items.reduce((total, item) => applyOperator("+", { left: total, right: item, budget }), start);
}

function unique(value: Value, { args, budget }: FilterCall): Value {
  const items = elements(value, budget);
  const ignoreCase = !flagArgument(args, { index: 0, name: "case_sensitive" });
  const keys = keysOf(items, { path: argument(args, { index: 1, name: "attribute" }), ignoreCase, budget });
  const seen = new Set<unknown>();
  budget.allocate(48 * items.length);
  return list(
    items.filter((_, i) => {
      const key = keyOf(keys[i], budget);
      return !seen.has(key) && seen.add(key);
    }),
    budget,
  );
}

function batch(value: Value, { args, budget }: FilterCall): Value {
  const size = operand(required(args, { index: 0, name: "linecount" }), "batch");
  if (!(size >= 1)) throw new ChatTemplateError("batch takes a size of at least 1");
  const filling = argumentOr(args, { index: 1, name: "fill_with", fallback: null });
  const items = elements(value, budget);
  const batches: Value[] = [];
  for (let start = 0; start < items.length; start += size) {
    const batch = items.slice(start, start + size);
    if (filling !== null) {
      budget.allocate(16 * (size - batch.length));
      while (batch.length < size) batch.push(filling);
    }
    batches.push(list(batch, budget));
  }
  return list(batches, budget);
}

/** Pairs of an attribute's value and the elements that have it, ordered by the value. */
function groupby(value: Value, { args, budget }: FilterCall): Value {
  const items = elements(value, budget);
  const path = required(args, { index: 0, name: "attribute" });
  const fallback = argument(args, { index: 1, name: "default" });
  const keys = keysOf(items, { path, ignoreCase: false, budget })
    .map((key) => isUndefined(key) && fallback !== undefined ? fallback : key);
  const groups: { key: Value; members: Value[] }[] = [];
  for (const i of order(keys, { reverse: false, budget })) {
    const last = groups.at(-1);
    if (last !== undefined && isEqual(last.key, { to: keys[i], budget })) last.members.push(items[i]);
    else groups.push({ key: keys[i], members: [items[i]] });
  }
  return list(groups.map(({ key, members }) => tuple([key, list(members, budget)], budget)), budget);
}
