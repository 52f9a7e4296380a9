/**
 * The filter `tojson` as transformers defines it: Python's json.dumps with ensure_ascii off, so keys keep their order,
 * separators are ", " and ": ", and only what JSON requires is escaped.
 */

import { ChatTemplateError } from "../../errors.ts";
import type { Budget } from "./budget.ts";
import { floatText, integerText } from "./python_text.ts";
import { concat, mapStretches, repeat, trusted } from "./text.ts";
import type { Text } from "./text.ts";
import { compare, isText, typeName } from "./values.ts";
import type { Dict, List, Value } from "./values.ts";

/** The arguments of json.dumps that `tojson` passes on. */
export interface JsonOptions {
  ensureAscii: boolean;
  /** Spaces or a string for each level; null keeps everything on one line. */
  indent: Text | null;
  itemSeparator: Text;
  keySeparator: Text;
  sortKeys: boolean;
}

interface Writer {
  readonly options: JsonOptions;
  readonly parts: Text[];
  readonly budget: Budget;
  readonly depth: number;
}

/** A value as JSON. Undefined values and functions have none. */
export function toJson(value: Value, { options, budget }: { options: JsonOptions; budget: Budget }): Text {
  const parts: Text[] = [];
  write(value, { options, parts, budget, depth: 0 });
  return concat(parts, budget);
}

function write(value: Value, writer: Writer): void {
  const { parts, budget, options } = writer;
  budget.enter();
  budget.allocate(100);
  if (isText(value)) parts.push(quote(value, writer));
  else if (value === null || typeof value !== "object") parts.push(trusted(scalar(value)));
  else if (value.type === "float") parts.push(trusted(number(value.value)));
  else if (value.type === "list") writeList(value, writer);
  else if (value.type === "dict") writeDict(value, writer);
  else throw new ChatTemplateError(`Object of type ${typeName(value)} is not JSON serializable`);
  if (options.indent !== null) budget.spend(writer.depth);
  budget.leave();
}

function scalar(value: null | boolean | number): string {
  return typeof value === "number" ? integerText(value) : String(value);
}

function number(value: number): string {
  if (Number.isFinite(value)) return floatText(value);
  return String(value); // json.dumps writes NaN and Infinity too
}

function writeList({ items }: List, writer: Writer): void {
  const { parts } = writer;
  parts.push(trusted("["));
  const inside = { ...writer, depth: writer.depth + 1 };
  items.forEach((item, i) => {
    if (i > 0) parts.push(writer.options.itemSeparator);
    writeBreak(inside);
    write(item, inside);
  });
  if (items.length > 0) writeBreak(writer);
  parts.push(trusted("]"));
}

function writeDict({ entries }: Dict, writer: Writer): void {
  const { parts, options, budget } = writer;
  parts.push(trusted("{"));
  const inside = { ...writer, depth: writer.depth + 1 };
  let items = entries.values();
  if (options.sortKeys) {
    budget.spend(entries.size * (32 - Math.clz32(entries.size)));
    items = [...items].sort((a, b) => compare(a.key, { to: b.key, budget })).values();
  }
  let isFirst = true;
  for (const { key, value } of items) {
    if (!isFirst) parts.push(options.itemSeparator);
    isFirst = false;
    writeBreak(inside);
    parts.push(quote(keyText(key), writer), options.keySeparator);
    write(value, inside);
  }
  if (entries.size > 0) writeBreak(writer);
  parts.push(trusted("}"));
}

/** A key as a string: json.dumps writes 1 as "1" and None as "null". */
function keyText(key: Value): Text {
  if (isText(key)) return key;
  if (key === null || typeof key !== "object") return trusted(scalar(key));
  if (key.type === "float") return trusted(number(key.value));
  throw new ChatTemplateError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function writeBreak({ options, parts, budget, depth }: Writer): void {
  if (options.indent !== null) parts.push(trusted("\n"), repeat(options.indent, { count: depth, budget }));
}

function quote(text: Text, { options, budget }: Writer): Text {
  const change = (stretch: string) => {
    const escaped = JSON.stringify(stretch).slice(1, -1);
    return options.ensureAscii ? escaped.replaceAll(/[\x7f-\uffff]/g, escapeUnit) : escaped;
  };
  return concat([trusted('"'), mapStretches(text, { change, budget }), trusted('"')], budget);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
