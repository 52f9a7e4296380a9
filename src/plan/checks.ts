/**
 * What the builder expects of the shapes it is given. Every error names the instruction, what was expected and what was
 * found: "matmul blk.2.ffn_up: Expected src to have 256 columns but found f32 (tokens, 512) ...".
 */

import { TypeValues } from "../native/abi.ts";
import {
  type Buffer,
  type CacheGroup,
  type CacheShape,
  instructionName,
  type OpName,
  type RowsName,
  type Weight,
} from "./plan.ts";

/** The instruction a check is for. */
export interface Place {
  readonly op: OpName;
  readonly label: string;
}

/** A buffer or weight as its type and shape: `"q8 (tokens, 256)"`. */
export function describe(tensor: Buffer | Weight): string {
  return "layout" in tensor
    ? `${tensor.type} ${tensor.layout.toLowerCase()} (${tensor.rows}, ${tensor.columns})`
    : `${tensor.type.toLowerCase()} (${tensor.rows.toLowerCase()}, ${tensor.columns})`;
}

/** A count of something is a positive integer of at most `max`. */
export function expectCount(name: string, count: number, limit: { max: number; place?: Place }): void {
  const { max, place } = limit;
  if (Number.isInteger(count) && count >= 1 && count <= max) return;
  const message = `Expected ${name} to be an integer in [1, ${max}] but found ${count}`;
  throw place === undefined ? new RangeError(message) : placeError(place, message);
}

/** A buffer has the given element type. */
export function expectType(buffer: Buffer, type: Buffer["type"], place: Place): void {
  if (buffer.type === type) return;
  throw placeError(place, `Expected ${buffer.label} to be ${type.toLowerCase()} but found ${describe(buffer)}`);
}

/** A buffer has as many rows as the step has tokens, or outputs. */
export function expectRows(buffer: Buffer, rows: RowsName, place: Place): void {
  if (buffer.rows === rows) return;
  const expected = rows.toLowerCase();
  throw placeError(place, `Expected ${buffer.label} to have rows of the ${expected} but found ${describe(buffer)}`);
}

/** A buffer is F32 with a row per token. */
export function expectTokens(buffer: Buffer, place: Place): void {
  expectType(buffer, "F32", place);
  expectRows(buffer, "TOKENS", place);
}

/** A buffer or weight has the given number of columns. */
export function expectColumns(what: string, tensor: Buffer | Weight, place: Place & { columns: number }): void {
  if (tensor.columns === place.columns) return;
  const found = `${describe(tensor)} (${tensor.label})`;
  throw placeError(place, `Expected ${what} to have ${place.columns} columns but found ${found}`);
}

/** A weight has the given layout. */
export function expectLayout(weight: Weight, layout: Weight["layout"], place: Place): void {
  if (weight.layout === layout) return;
  const found = `${describe(weight)} (${weight.label})`;
  throw placeError(place, `Expected a weight in the layout ${layout} but found ${found}`);
}

/** A weight is one row of numbers. */
export function expectRowVector(weight: Weight, type: "F32" | "F64", place: Place): void {
  if (weight.type === type && weight.rows === 1 && weight.layout === "ROWS") return;
  const found = `${describe(weight)} (${weight.label})`;
  throw placeError(place, `Expected one row of ${type} in the layout ROWS but found ${found}`);
}

/** A weight has a type that files have, and not F64, which only constants have. */
export function expectFileType(weight: Weight, place: Place): void {
  if (weight.type !== "F64") return;
  throw placeError(
    place,
    `Expected a type that tensors of a file have but found ${describe(weight)} (${weight.label})`,
  );
}

/** The rows of a weight are whole blocks of its type. */
export function expectWholeBlocks(weight: Pick<Weight, "label" | "type" | "columns">): void {
  const { label, type, columns } = weight;
  if (type === "F64" || columns % TypeValues[type] === 0) return;
  throw new RangeError(`Expected ${label} to have whole blocks of ${type} in a row but found ${columns} columns`);
}

/** Two buffers are F32 and equal in rows and columns. */
export function expectSameShape(a: Buffer, b: Buffer, place: Place): void {
  expectType(a, "F32", place);
  expectType(b, "F32", place);
  expectRows(b, a.rows, place);
  expectColumns("the second operand", b, { ...place, columns: a.columns });
}

/** `part` goes into `whole` without remainder. */
export function expectDivisor(part: number, whole: number, place: Place & { what: string }): void {
  if (Number.isInteger(part) && part >= 1 && whole % part === 0) return;
  throw placeError(place, `Expected to divide the ${place.what} evenly but found ${whole} / ${part}`);
}

/** The cache has the given group, and that the given layer. */
export function expectLayer(
  cache: CacheShape | undefined,
  { group, layer }: { group: number; layer: number },
  place: Place,
): CacheGroup {
  if (cache === undefined) throw placeError(place, "Expected a plan with a key/value cache but found none");
  const found = cache[group];
  if (found === undefined) throw placeError(place, `Expected a cache group below ${cache.length} but found ${group}`);
  if (Number.isInteger(layer) && layer >= 0 && layer < found.layers) return found;
  throw placeError(place, `Expected a layer below ${found.layers} but found ${layer}`);
}

/** An error that names the instruction. */
export function placeError(place: Place, message: string): RangeError {
  return new RangeError(`${instructionName(place)}: ${message}`);
}
