/**
 * Reads the key/value section of a GGUF header into one small entry per key. Strings and arrays are checked to the last
 * byte but stay in the header; `Metadata` turns them into values when somebody asks.
 */

import type { Cursor } from "./cursor.ts";
import { ARRAY_DEPTH_MAX, type ScalarType, valueBytesMin, type ValueType } from "./value_types.ts";

/** A value of a fixed size. */
export interface ScalarEntry {
  readonly type: ScalarType;
  /** Where the value begins, in bytes from the start of the file. */
  readonly offset: number;
  readonly value: number | bigint | boolean;
}

/** A string: its bytes are `[start, end)` of the header. */
export interface StringEntry {
  readonly type: "string";
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

/** An array: its elements begin at `start` of the header. */
export interface ArrayEntry {
  readonly type: "array";
  readonly elementType: ValueType;
  readonly offset: number;
  readonly length: number;
  readonly start: number;
  /**
   * For an array of strings, (length + 1): where the bytes of each begin. Between two strings are the 8 bytes of a
   * length, so string i ends at `starts[i + 1] - 8`, also the last one.
   */
  readonly starts?: Uint32Array;
}

/** What is known of a metadata key after parsing. */
export type MetadataEntry = ScalarEntry | StringEntry | ArrayEntry;

/**
 * The most keys and the most tensors a file may have. Real ones have 20 to 60 keys, and up to 47,000 tensors where
 * every expert is one of its own. The limit bounds what a hostile header can make of JavaScript objects.
 */
export const ENTRIES_MAX = 65_536;

/** How many elements are read between two yields: 10 to 40 us of work. */
const ELEMENTS_PER_STEP = 1024;

/** How many keys are read between two yields. */
const KEYS_PER_STEP = 64;

/** The least a key/value pair takes: a name of one byte, a type, a value of one byte. */
const PAIR_BYTES_MIN = 8 + 1 + 4 + 1;

/** Reads the number of keys, which stands right before the pairs in the file. */
export function readKeyCount(cursor: Cursor): number {
  return readEntryCount(cursor, { what: "metadata keys", bytesMin: PAIR_BYTES_MIN });
}

/** Reads the number of keys or tensors and compares it with the rest of the file and with {@linkcode ENTRIES_MAX}. */
export function readEntryCount(cursor: Cursor, entry: { what: string; bytesMin: number }): number {
  const at = cursor.offset;
  const count = cursor.count(entry.what, entry.bytesMin);
  if (count > ENTRIES_MAX) throw cursor.error(`Expected at most ${ENTRIES_MAX} ${entry.what} but found ${count}`, at);
  return count;
}

/** Reads `count` key/value pairs. */
export function* readEntries(cursor: Cursor, count: number): Generator<void, Map<string, MetadataEntry>> {
  const entries = new Map<string, MetadataEntry>();
  for (let i = 0; i < count; i++) {
    cursor.key = undefined;
    const at = cursor.offset;
    const key = cursor.name("a metadata key");
    cursor.key = key;
    if (entries.has(key)) throw cursor.error("Expected every metadata key once but found this one again", at);
    entries.set(key, yield* readEntry(cursor));
    if (i % KEYS_PER_STEP === KEYS_PER_STEP - 1) yield;
  }
  cursor.key = undefined;
  return entries;
}

function* readEntry(cursor: Cursor): Generator<void, MetadataEntry> {
  const type = cursor.valueType("the metadata type");
  const offset = cursor.offset;
  if (type === "string") return { type, offset, ...cursor.string("the string") };
  if (type !== "array") return { type, offset, value: cursor.scalar(type) };
  const elementType = cursor.valueType("the array's element type");
  const length = cursor.count(`elements of an array of ${elementType}`, valueBytesMin[elementType]);
  const start = cursor.offset;
  if (elementType !== "string") {
    yield* skipElements(cursor, elementType, length);
    return { type, elementType, offset, length, start };
  }
  // The bytes of that many strings are there before the list of where they begin is made: it is half as large at most.
  cursor.need(length * valueBytesMin.string, "an array of string");
  const starts = new Uint32Array(length + 1);
  for (let from = 0; from < length; from += ELEMENTS_PER_STEP) {
    cursor.strings(Math.min(ELEMENTS_PER_STEP, length - from), { starts, from });
    yield;
  }
  starts[length] = cursor.offset + valueBytesMin.string;
  return { type, elementType, offset, length, start, starts };
}

/** Checks and steps over the elements of an array whose starts are not needed. */
function* skipElements(cursor: Cursor, elementType: ValueType, length: number): Generator<void, void> {
  if (elementType === "array") {
    yield* skipArrays(cursor, length);
  } else if (elementType === "string" || elementType === "bool") {
    for (let done = 0; done < length; done += ELEMENTS_PER_STEP) {
      const step = Math.min(ELEMENTS_PER_STEP, length - done);
      if (elementType === "string") cursor.strings(step);
      else for (let i = 0; i < step; i++) cursor.scalar("bool");
      yield;
    }
  } else {
    const bytes = length * valueBytesMin[elementType];
    cursor.need(bytes, `an array of ${elementType}`);
    cursor.offset += bytes;
  }
}

/**
 * Steps over `length` arrays that are the elements of an array. A stack of counts, so that no file chooses how deep we
 * call.
 */
function* skipArrays(cursor: Cursor, length: number): Generator<void, void> {
  const remaining = [length];
  for (let done = 0; remaining.length > 0; done++) {
    if (done % ELEMENTS_PER_STEP === ELEMENTS_PER_STEP - 1) yield;
    const last = remaining.length - 1;
    if (remaining[last] === 0) {
      remaining.pop();
      continue;
    }
    remaining[last]--;
    const at = cursor.offset;
    const elementType = cursor.valueType("the nested array's element type");
    const count = cursor.count(`elements of a nested array of ${elementType}`, valueBytesMin[elementType]);
    if (elementType !== "array") {
      yield* skipElements(cursor, elementType, count);
      continue;
    }
    if (remaining.length + 2 > ARRAY_DEPTH_MAX) {
      throw cursor.error(`Expected arrays to be nested at most ${ARRAY_DEPTH_MAX} deep but found more`, at);
    }
    remaining.push(count);
  }
}
