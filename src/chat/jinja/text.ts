/**
 * Strings of a template that know which of their characters are untrusted: which came with messages, tools or
 * variables, and not from the template. A control token made of untrusted characters, even in part, is ordinary text
 * to the model (see ../rendered_chat.ts). What Jinja and Python do with strings is in string_methods.ts and the
 * filters.
 *
 * Joining strings costs nothing until somebody looks at the result, here as in the engines: templates that add each
 * message to one long string would otherwise take quadratic time.
 */

import type { Budget } from "./budget.ts";

/** A string, and where its untrusted characters are. Made and read by the functions of this file. */
export interface Text {
  readonly type: "text";
  readonly value: string;
  /** Whether there are untrusted characters at all. */
  readonly hasUntrusted: boolean;
  /** See {@linkcode untrustedRanges}; undefined until somebody asks. */
  ranges: readonly number[] | undefined;
  /** What it was joined from, until `ranges` are known. */
  parts: readonly Text[] | undefined;
  /** Whether the engine has the characters in one place. They are copied, and paid for, at the first look at them. */
  isFlat: boolean;
}

const NO_RANGES: readonly number[] = [];

function flat(value: string, ranges: readonly number[]): Text {
  return { type: "text", value, hasUntrusted: ranges.length > 0, ranges, parts: undefined, isFlat: true };
}

/** The empty string. */
export const EMPTY: Text = flat("", NO_RANGES);

/** A string of the template's own. */
export function trusted(value: string): Text {
  return flat(value, NO_RANGES);
}

/** A string from outside. */
export function untrusted(value: string): Text {
  return value === "" ? EMPTY : flat(value, [0, value.length]);
}

/** The characters of a text, for one who looks at all of them. */
export function read(text: Text, budget: Budget): string {
  budget.scan(text.value.length);
  flatten(text, budget);
  return text.value;
}

function flatten(text: Text, budget: Budget): void {
  if (text.isFlat) return;
  budget.scan(text.value.length);
  budget.allocate(2 * text.value.length);
  text.isFlat = true;
}

/**
 * Where the untrusted characters are: start, end, start, end, ... in UTF-16 units, ascending, not empty, not
 * touching.
 */
export function untrustedRanges(text: Text, budget: Budget): readonly number[] {
  if (text.ranges !== undefined) return text.ranges;
  const found: number[] = [];
  const stack: Text[] = [text];
  let offset = 0;
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    budget.spend(1);
    if (part.hasUntrusted && part.ranges === undefined) {
      const parts = part.parts as readonly Text[];
      for (let i = parts.length - 1; i >= 0; i--) stack.push(parts[i]);
      continue;
    }
    const ranges = part.ranges ?? NO_RANGES;
    budget.allocate(8 * ranges.length);
    budget.spend(ranges.length / 4);
    appendRanges(found, { ranges, offset });
    offset += part.value.length;
  }
  text.ranges = found;
  text.parts = undefined;
  return found;
}

/** Adds shifted ranges behind those that are there, joining the ones that touch. */
function appendRanges(target: number[], { ranges, offset }: { ranges: readonly number[]; offset: number }): void {
  for (let i = 0; i < ranges.length; i += 2) {
    const start = ranges[i] + offset;
    if (target.length > 0 && target[target.length - 1] === start) target[target.length - 1] = ranges[i + 1] + offset;
    else target.push(start, ranges[i + 1] + offset);
  }
}

/** The parts one after the other. The array must not change afterwards. */
export function concat(parts: readonly Text[], budget: Budget): Text {
  if (parts.length === 1) return parts[0];
  let length = 0;
  let hasUntrusted = false;
  for (const part of parts) {
    length += part.value.length;
    hasUntrusted ||= part.hasUntrusted;
  }
  budget.checkLength(length);
  budget.spend(parts.length / 4);
  // What joins two strings in the engine, and what does here.
  budget.allocate(112 + 40 * parts.length);
  let value = "";
  for (const part of parts) value += part.value;
  const ranges = hasUntrusted ? undefined : NO_RANGES;
  return { type: "text", value, hasUntrusted, ranges, parts: hasUntrusted ? parts : undefined, isFlat: false };
}

/** The part from `start` to `end` in UTF-16 units, both within the text. */
export function slice(text: Text, { start, end, budget }: { start: number; end: number; budget: Budget }): Text {
  if (start === 0 && end === text.value.length) return text;
  if (start >= end) return EMPTY;
  flatten(text, budget);
  const all = untrustedRanges(text, budget);
  budget.spend(all.length / 4);
  budget.allocate(112); // engines share the characters of the whole
  const ranges: number[] = [];
  for (let i = 0; i < all.length && all[i] < end; i += 2) {
    if (all[i + 1] <= start) continue;
    ranges.push(Math.max(all[i], start) - start, Math.min(all[i + 1], end) - start);
  }
  budget.allocate(8 * ranges.length);
  return flat(text.value.slice(start, end), ranges);
}

/**
 * Applies a function to the trusted and the untrusted stretches, each of which keeps its kind.
 *
 * @param change Makes at most ten characters out of one
 */
export function mapStretches(
  text: Text,
  { change, budget }: { change: (value: string) => string; budget: Budget },
): Text {
  const value = read(text, budget);
  const untrusted = untrustedRanges(text, budget);
  budget.spend(value.length / 4);
  budget.allocate(112 + 2 * value.length + 8 * untrusted.length);
  let result = "";
  let position = 0;
  const ranges: number[] = [];
  for (let i = 0; i < untrusted.length; i += 2) {
    result += change(value.slice(position, untrusted[i]));
    const start = result.length;
    result += change(value.slice(untrusted[i], untrusted[i + 1]));
    position = untrusted[i + 1];
    if (result.length > start) appendRanges(ranges, { ranges: [start, result.length], offset: 0 });
  }
  result += change(value.slice(position));
  budget.allocate(2 * Math.max(0, result.length - value.length));
  budget.checkLength(result.length);
  return flat(result, ranges);
}

/** The same text with other characters in the same places: letters in another case. */
export function withValue(text: Text, { value, budget }: { value: string; budget: Budget }): Text {
  budget.allocate(112 + 2 * value.length);
  return flat(value, untrustedRanges(text, budget));
}

/** The text, `count` times. */
export function repeat(text: Text, { count, budget }: { count: number; budget: Budget }): Text {
  if (count <= 0 || text.value === "") return EMPTY;
  budget.checkLength(count * text.value.length);
  if (!text.hasUntrusted) {
    budget.allocate(112 + 2 * count * text.value.length);
    return trusted(text.value.repeat(count));
  }
  budget.allocate(40 * count);
  return concat(new Array<Text>(count).fill(text), budget);
}

/** A text that grows at its end: the output of a template, a macro or a block. */
export class Output {
  readonly #parts: Text[] = [];
  readonly #budget: Budget;
  #length = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  write(text: Text): void {
    if (text.value === "") return;
    this.#length += text.value.length;
    this.#budget.checkLength(this.#length);
    this.#budget.allocate(8);
    this.#parts.push(text);
  }

  finish(): Text {
    return this.#parts.length === 0 ? EMPTY : concat(this.#parts, this.#budget);
  }
}
