/**
 * Methods of strings, as Python's `str` has them. Offsets and lengths that a template sees are in code points.
 */

import { ChatTemplateError } from "../../errors.ts";
import { flagArgument, integerArgument, required, requiredText, textArgument } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { characterCount, characters, elements } from "./iteration.ts";
import { firstIndex, lastIndex, occurrences } from "./search.ts";
import { concat, EMPTY, mapStretches, read, repeat, slice, trusted, withValue } from "./text.ts";
import type { Text } from "./text.ts";
import { isList, isText, list, tuple, typeName } from "./values.ts";
import type { Arguments, Value } from "./values.ts";
import { SPACE_CLASS, SPACES } from "./white_space.ts";

interface Call {
  args: Arguments;
  budget: Budget;
}

const WORDS = new RegExp(`[^${SPACE_CLASS}]+`, "g");
const ONLY_SPACE = new RegExp(`^[${SPACE_CLASS}]+$`);
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

/** The methods of a string. */
export const STRING_METHODS: Readonly<Record<string, (self: Text, call: Call) => Value>> = {
  upper: (self, { budget }) => changeCase(self, { change: (s) => s.toUpperCase(), budget }),
  lower: (self, { budget }) => changeCase(self, { change: (s) => s.toLowerCase(), budget }),
  casefold: (self, { budget }) => changeCase(self, { change: (s) => s.toLowerCase(), budget }),
  capitalize: (self, { budget }) => capitalize(self, budget),
  title: (self, { budget }) => changeCase(self, { change: (s) => s.replaceAll(/\p{L}+/gu, capitalizeString), budget }),
  strip: (self, { args, budget }) => stripText(self, { ...charsOf(args), atStart: true, atEnd: true, budget }),
  lstrip: (self, { args, budget }) => stripText(self, { ...charsOf(args), atStart: true, atEnd: false, budget }),
  rstrip: (self, { args, budget }) => stripText(self, { ...charsOf(args), atStart: false, atEnd: true, budget }),
  split: (self, call) => split(self, { ...call, fromEnd: false }),
  rsplit: (self, call) => split(self, { ...call, fromEnd: true }),
  splitlines: (self, { args, budget }) =>
    list(lines(self, { keepEnds: flagArgument(args, KEEP_ENDS), budget }), budget),
  partition: (self, call) => partition(self, { ...call, fromEnd: false }),
  rpartition: (self, call) => partition(self, { ...call, fromEnd: true }),
  replace: (self, { args, budget }) =>
    replaceText(self, {
      from: requiredText(args, { index: 0, name: "old" }),
      to: requiredText(args, { index: 1, name: "new" }),
      count: integerArgument(args, { index: 2, name: "count", fallback: -1 }),
      budget,
    }),
  join: (self, { args, budget }) => joinTexts(self, { items: elements(required(args, ITERABLE), budget), budget }),
  startswith: (self, call) => hasAffix(call, (affix) => read(self, call.budget).startsWith(affix)),
  endswith: (self, call) => hasAffix(call, (affix) => read(self, call.budget).endsWith(affix)),
  removeprefix(self, { args, budget }) {
    const prefix = read(requiredText(args, { index: 0, name: "prefix" }), budget);
    const start = read(self, budget).startsWith(prefix) ? prefix.length : 0;
    return slice(self, { start, end: self.value.length, budget });
  },
  removesuffix(self, { args, budget }) {
    const suffix = read(requiredText(args, { index: 0, name: "suffix" }), budget);
    const cut = read(self, budget).endsWith(suffix) ? suffix.length : 0;
    return slice(self, { start: 0, end: self.value.length - cut, budget });
  },
  find: (self, call) => find(self, { ...call, fromEnd: false }),
  rfind: (self, call) => find(self, { ...call, fromEnd: true }),
  index(self, call) {
    const found = find(self, { ...call, fromEnd: false });
    if (found === -1) throw new ChatTemplateError("substring not found");
    return found;
  },
  count(self, { args, budget }) {
    const sub = read(requiredText(args, { index: 0, name: "sub" }), budget);
    const value = read(self, budget);
    if (sub === "") return characterCount(value) + 1;
    let count = 0;
    for (const _ of occurrences(value, { sub, budget })) count++;
    return count;
  },
  center: (self, call) => pad(self, { ...call, share: 0.5 }),
  ljust: (self, call) => pad(self, { ...call, share: 0 }),
  rjust: (self, call) => pad(self, { ...call, share: 1 }),
  isdigit: (self, { budget }) => /^\p{Nd}+$/u.test(read(self, budget)),
  isalpha: (self, { budget }) => /^\p{L}+$/u.test(read(self, budget)),
  isalnum: (self, { budget }) => /^[\p{L}\p{N}]+$/u.test(read(self, budget)),
  isspace: (self, { budget }) => ONLY_SPACE.test(read(self, budget)),
  isupper: (self, { budget }) => isCase(read(self, budget), (s) => s.toUpperCase()),
  islower: (self, { budget }) => isCase(read(self, budget), (s) => s.toLowerCase()),
};

const KEEP_ENDS = { index: 0, name: "keepends" };
const ITERABLE = { index: 0, name: "iterable" };

function charsOf(args: Arguments): { chars: Text | null } {
  return { chars: textArgument(args, { index: 0, name: "chars" }) };
}

/** Whether a string has letters of one case only. */
export function isCase(value: string, convert: (value: string) => string): boolean {
  return convert(value) === value && value.toLowerCase() !== value.toUpperCase();
}

/**
 * Changes letters. Where that keeps the length, as nearly always, letters at the border of two stretches see each
 * other.
 */
export function changeCase(
  text: Text,
  { change, budget }: { change: (value: string) => string; budget: Budget },
): Text {
  budget.spend(text.value.length / 8);
  const value = change(read(text, budget));
  if (value.length === text.value.length) return withValue(text, { value, budget });
  return mapStretches(text, { change, budget });
}

/** The first letter large, the others small. */
export function capitalize(text: Text, budget: Budget): Text {
  return changeCase(text, { change: capitalizeString, budget });
}

function capitalizeString(value: string): string {
  const [first = ""] = value;
  return first.toUpperCase() + value.slice(first.length).toLowerCase();
}

/** Takes white space, or any of `chars`, off the ends. */
export function stripText(
  text: Text,
  { chars = null, atStart, atEnd, budget }: { chars?: Text | null; atStart: boolean; atEnd: boolean; budget: Budget },
): Text {
  const value = read(text, budget);
  const set = chars === null ? SPACES : new Set(read(chars, budget));
  let start = 0;
  let end = value.length;
  while (atStart && start < end) {
    const c = String.fromCodePoint(value.codePointAt(start) as number);
    if (!set.has(c)) break;
    start += c.length;
  }
  while (atEnd && end > start) {
    const pair = end - start > 1 ? value.slice(end - 2, end) : "";
    const c = (pair.codePointAt(0) ?? 0) > 0xffff ? pair : value[end - 1];
    if (!set.has(c)) break;
    end -= c.length;
  }
  budget.spend(value.length - (end - start));
  return slice(text, { start, end, budget });
}

function split(self: Text, { args, budget, fromEnd }: Call & { fromEnd: boolean }): Value {
  const separator = textArgument(args, { index: 0, name: "sep" });
  const limit = integerArgument(args, { index: 1, name: "maxsplit", fallback: -1 });
  const value = read(self, budget);
  if (separator?.value === "") throw new ChatTemplateError("empty separator");
  // The stretches between separators, as start and end.
  const pieces: [number, number][] = [];
  if (separator === null) {
    for (const match of value.matchAll(WORDS)) {
      budget.allocate(64);
      pieces.push([match.index, match.index + match[0].length]);
    }
  } else {
    let start = 0;
    for (const at of occurrences(value, { sub: read(separator, budget), budget })) {
      budget.allocate(64);
      pieces.push([start, at]);
      start = at + separator.value.length;
    }
    pieces.push([start, value.length]);
  }
  if (limit >= 0 && pieces.length > limit + 1) {
    // What is not split stays one piece; between words it keeps the white space at the outer end.
    const rest = pieces.length - limit;
    if (fromEnd) pieces.splice(0, rest, [0, pieces[rest - 1][1]]);
    else pieces.splice(limit, rest, [pieces[limit][0], value.length]);
  }
  return list(pieces.map(([start, end]) => slice(self, { start, end, budget })), budget);
}

/** The lines of a text, without their ends unless asked. */
export function lines(text: Text, { keepEnds, budget }: { keepEnds: boolean; budget: Budget }): Text[] {
  const value = read(text, budget);
  const result: Text[] = [];
  let start = 0;
  for (const match of value.matchAll(LINE_END)) {
    const end = match.index + match[0].length;
    budget.spend(1);
    result.push(slice(text, { start, end: keepEnds ? end : match.index, budget }));
    start = end;
  }
  if (start < value.length) result.push(slice(text, { start, end: value.length, budget }));
  return result;
}

function partition(self: Text, { args, budget, fromEnd }: Call & { fromEnd: boolean }): Value {
  const separator = requiredText(args, { index: 0, name: "sep" });
  const value = read(self, budget);
  const sub = read(separator, budget);
  if (sub === "") throw new ChatTemplateError("empty separator");
  const at = (fromEnd ? lastIndex : firstIndex)(value, { sub, budget });
  if (at === -1) return tuple(fromEnd ? [EMPTY, EMPTY, self] : [self, EMPTY, EMPTY], budget);
  const end = at + sub.length;
  return tuple([
    slice(self, { start: 0, end: at, budget }),
    slice(self, { start: at, end, budget }),
    slice(self, { start: end, end: value.length, budget }),
  ], budget);
}

/** Replaces the first `count` occurrences, or all of them for a negative count. */
export function replaceText(
  text: Text,
  { from, to, count, budget }: { from: Text; to: Text; count: number; budget: Budget },
): Text {
  const value = read(text, budget);
  const sub = read(from, budget);
  if (sub === "") return insertBetween(text, { to, count, budget });
  const parts: Text[] = [];
  let start = 0;
  let left = count < 0 ? Infinity : count;
  for (const at of occurrences(value, { sub, budget })) {
    if (left-- <= 0) break;
    budget.allocate(16);
    parts.push(slice(text, { start, end: at, budget }), to);
    start = at + sub.length;
  }
  if (parts.length === 0) return text;
  parts.push(slice(text, { start, end: value.length, budget }));
  return concat(parts, budget);
}

/** Replacing the empty string: before each character and at the end. */
function insertBetween(text: Text, { to, count, budget }: { to: Text; count: number; budget: Budget }): Text {
  const parts: Text[] = [];
  const all = characters(text, budget);
  let left = count < 0 ? Infinity : count;
  budget.checkLength(text.value.length + Math.min(left, all.length + 1) * to.value.length);
  for (const character of all) {
    if (left-- > 0) parts.push(to);
    parts.push(character);
  }
  if (left > 0) parts.push(to);
  return parts.length === 0 ? EMPTY : concat(parts, budget);
}

/** The items, which must be strings, with the separator between them. */
export function joinTexts(separator: Text, { items, budget }: { items: readonly Value[]; budget: Budget }): Text {
  const parts: Text[] = [];
  items.forEach((item, i) => {
    if (!isText(item)) {
      throw new ChatTemplateError(`sequence item ${i}: expected str instance, ${typeName(item)} found`);
    }
    budget.allocate(16);
    if (i > 0) parts.push(separator);
    parts.push(item);
  });
  return parts.length === 0 ? EMPTY : concat(parts, budget);
}

function hasAffix({ args, budget }: Call, test: (affix: string) => boolean): boolean {
  const affix = required(args, { index: 0, name: "prefix" });
  const options = isList(affix) && affix.isTuple ? affix.items : [affix];
  return options.some((option) => {
    if (!isText(option)) {
      throw new ChatTemplateError(`startswith and endswith take a str or a tuple of str, not ${typeName(option)}`);
    }
    return test(read(option, budget));
  });
}

function find(self: Text, { args, budget, fromEnd }: Call & { fromEnd: boolean }): number {
  const sub = read(requiredText(args, { index: 0, name: "sub" }), budget);
  const value = read(self, budget);
  const at = (fromEnd ? lastIndex : firstIndex)(value, { sub, budget });
  return at === -1 ? -1 : characterCount(value.slice(0, at));
}

/** Fills up to a width; `share` of the filling goes to the left. */
function pad(self: Text, { args, budget, share }: Call & { share: number }): Text {
  const width = integerArgument(args, { index: 0, name: "width", fallback: 0 });
  const filling = textArgument(args, { index: 1, name: "fillchar" }) ?? trusted(" ");
  const missing = Math.max(0, width - characterCount(read(self, budget)));
  // As str.center does: the odd one goes to the left when the width is odd.
  const left = share === 0.5 ? (missing >> 1) + (missing & width & 1) : missing * share;
  const parts = [
    repeat(filling, { count: left, budget }),
    self,
    repeat(filling, { count: missing - left, budget }),
  ];
  return concat(parts, budget);
}
