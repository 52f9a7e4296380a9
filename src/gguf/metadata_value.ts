/**
 * Complete values of metadata entries: what the writer takes, what a round trip compares, what `inspect` prints. The
 * typed getters of `Metadata` are for everything else. The entries were checked when the header was parsed.
 */

import { Cursor } from "./cursor.ts";
import type { MetadataEntry } from "./metadata_entries.ts";
import { decodeUtf8 } from "./utf8.ts";
import type { MetadataArray, MetadataValue, ValueType } from "./value_types.ts";

/** The value of an entry of this header; of an array only the first `elementsMax` elements (default: all). */
export function completeValue(header: Uint8Array, entry: MetadataEntry, elementsMax: number = Infinity): MetadataValue {
  if (entry.type === "string") return { type: "string", value: textOrBytes(header, entry) };
  if (entry.type === "array") {
    const cursor = new Cursor(header, header.length);
    cursor.offset = entry.start;
    return readArray(cursor, { ...entry, elementsMax });
  }
  return { type: entry.type, value: entry.value } as MetadataValue;
}

/** A metadata value as one line of text, without characters a terminal could obey. */
export function printableValue(value: MetadataValue): string {
  if (value.type === "array") {
    return `[${Array.from<unknown, string>(value.value, (element) => printableElement(element)).join(", ")}]`;
  }
  return printableElement(value.value);
}

/** The name of an entry's type: `"uint32"`, `"array<string>"`. */
export function typeName(entry: { readonly type: ValueType; readonly elementType?: ValueType }): string {
  return entry.type === "array" ? `array<${entry.elementType}>` : entry.type;
}

function readArray(
  cursor: Cursor,
  array: { elementType: ValueType; length: number; elementsMax: number },
): MetadataArray {
  const { elementType, elementsMax } = array;
  const value: unknown[] = [];
  for (let i = 0; i < Math.min(array.length, elementsMax); i++) {
    if (elementType === "string") {
      value.push(textOrBytes(cursor.bytes, cursor.string("a string")));
    } else if (elementType === "array") {
      const nested = cursor.valueType("the element type");
      // Skipping is by reading: the elements that are not wanted of a nested array lie before the next one.
      const whole = readArray(cursor, {
        elementType: nested,
        length: cursor.count("elements", 1),
        elementsMax: Infinity,
      });
      value.push(whole);
    } else {
      value.push(cursor.scalar(elementType));
    }
  }
  return { type: "array", elementType, value } as MetadataArray;
}

function textOrBytes(header: Uint8Array, range: { start: number; end: number }): string | Uint8Array {
  return decodeUtf8(header, range) ?? header.slice(range.start, range.end);
}

function printableElement(element: unknown): string {
  if (typeof element === "string") return printableText(element);
  if (element instanceof Uint8Array) return printableText(new TextDecoder().decode(element));
  if (typeof element === "object") return printableValue(element as MetadataArray);
  return String(element);
}

/**
 * JSON, with the characters escaped that JSON leaves alone but a terminal may not: DEL, C1, line and direction marks.
 */
function printableText(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
