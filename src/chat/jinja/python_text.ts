/**
 * How Python prints values: str() and repr(), which templates get from `{{ value }}`, `~`, `string` and `join`. JSON
 * is in json.ts.
 */

import type { Budget } from "./budget.ts";
import { concat, EMPTY, mapStretches, read, trusted } from "./text.ts";
import type { Text } from "./text.ts";
import { isText } from "./values.ts";
import type { Value } from "./values.ts";

/** Python's str(). */
export function toText(value: Value, budget: Budget): Text {
  if (isText(value)) return value;
  const parts: Text[] = [];
  writeRepr(value, { parts, budget });
  return parts.length === 0 ? EMPTY : concat(parts, budget);
}

/** Python's repr(), in parts. Of undefined values there are none. */
function writeRepr(value: Value, { parts, budget }: { parts: Text[]; budget: Budget }): void {
  budget.enter();
  budget.allocate(100);
  if (value === null) parts.push(trusted("None"));
  else if (typeof value === "boolean") parts.push(trusted(value ? "True" : "False"));
  else if (typeof value === "number") parts.push(trusted(integerText(value)));
  else {
    switch (value.type) {
      case "text":
        parts.push(quote(value, budget));
        break;
      case "float":
        parts.push(trusted(floatText(value.value)));
        break;
      case "list":
        parts.push(trusted(value.isTuple ? "(" : "["));
        value.items.forEach((item, i) => {
          if (i > 0) parts.push(COMMA);
          writeRepr(item, { parts, budget });
        });
        parts.push(trusted(value.isTuple ? (value.items.length === 1 ? ",)" : ")") : "]"));
        break;
      case "dict":
        writeDict(value.entries.values(), { parts, budget });
        break;
      case "namespace":
        parts.push(trusted("<Namespace "));
        writeDict([...value.attributes].map(([name, item]) => ({ key: trusted(name), value: item })), {
          parts,
          budget,
        });
        parts.push(trusted(">"));
        break;
      case "loop":
        parts.push(trusted(`<LoopContext ${value.index + 1}/${value.items.length}>`));
        break;
      case "callable":
        parts.push(trusted(`<function ${value.name}>`));
        break;
    }
  }
  budget.leave();
}

const COMMA = trusted(", ");
const COLON = trusted(": ");

function writeDict(
  entries: Iterable<{ key: Value; value: Value }>,
  { parts, budget }: { parts: Text[]; budget: Budget },
): void {
  parts.push(trusted("{"));
  let isFirst = true;
  for (const { key, value } of entries) {
    if (!isFirst) parts.push(COMMA);
    isFirst = false;
    writeRepr(key, { parts, budget });
    parts.push(COLON);
    writeRepr(value, { parts, budget });
  }
  parts.push(trusted("}"));
}

/** A string as Python quotes it: in single quotes, unless it has some and no double ones. */
function quote(text: Text, budget: Budget): Text {
  const value = read(text, budget);
  const mark = value.includes("'") && !value.includes('"') ? '"' : "'";
  const change = (stretch: string) => stretch.replaceAll(/[\\'"]|(?! )[\p{C}\p{Z}]/gu, (c) => escape(c, mark));
  return concat([trusted(mark), mapStretches(text, { change, budget }), trusted(mark)], budget);
}

const SHORT_ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function escape(character: string, mark: string): string {
  if (character in SHORT_ESCAPES) return SHORT_ESCAPES[character];
  if (character === "'" || character === '"') return character === mark ? `\\${character}` : character;
  const code = character.codePointAt(0) as number;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

/** An integer without an exponent. */
export function integerText(value: number): string {
  return Math.abs(value) < 1e21 ? String(value) : BigInt(value).toString();
}

/** A float as Python prints it: the shortest digits that give it back, with an exponent below 1e-4 and from 1e16 on. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa, exponentText] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const power = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
