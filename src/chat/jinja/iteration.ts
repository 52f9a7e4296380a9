/**
 * Going through values as Python does: lists, the keys of mappings, the characters of strings.
 */

import { ChatTemplateError } from "../../errors.ts";
import type { Budget } from "./budget.ts";
import { read, slice } from "./text.ts";
import type { Text } from "./text.ts";
import { typeName } from "./values.ts";
import type { Value } from "./values.ts";

/** The elements of a value. Of an undefined value there are none. The array is not for changing. */
export function elements(value: Value, budget: Budget): readonly Value[] {
  if (typeof value === "object" && value !== null) {
    if (value.type === "list") return value.items;
    if (value.type === "undefined") return [];
    if (value.type === "dict") {
      budget.allocate(64 + 8 * value.entries.size);
      budget.spend(value.entries.size);
      return Array.from(value.entries.values(), ({ key }) => key);
    }
    if (value.type === "text") return characters(value, budget);
  }
  throw new ChatTemplateError(`'${typeName(value)}' object is not iterable`);
}

/** The characters of a string: code points, as in Python. */
export function characters(text: Text, budget: Budget): Text[] {
  const value = read(text, budget);
  const result: Text[] = [];
  for (let start = 0; start < value.length;) {
    const end = start + ((value.codePointAt(start) as number) > 0xffff ? 2 : 1);
    budget.spend(1);
    budget.allocate(8);
    result.push(slice(text, { start, end, budget }));
    start = end;
  }
  return result;
}

/** How many code points a string has. */
export function characterCount(value: string): number {
  let count = 0;
  for (let i = 0; i < value.length; count++) i += (value.codePointAt(i) as number) > 0xffff ? 2 : 1;
  return count;
}

/** Where the character with this index begins, in UTF-16 units. */
export function unitOffset(value: string, index: number): number {
  let offset = 0;
  for (let i = 0; i < index && offset < value.length; i++) {
    offset += (value.codePointAt(offset) as number) > 0xffff ? 2 : 1;
  }
  return offset;
}

/**
 * Python's len(). Of an undefined value it is 0.
 */
export function lengthOf(value: Value, budget: Budget): number {
  if (typeof value === "object" && value !== null) {
    if (value.type === "list") return value.items.length;
    if (value.type === "dict") return value.entries.size;
    if (value.type === "text") return characterCount(read(value, budget));
    if (value.type === "undefined") return 0;
  }
  throw new ChatTemplateError(`object of type '${typeName(value)}' has no len()`);
}
