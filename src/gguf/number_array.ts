/**
 * Metadata arrays of numbers as typed arrays of their own. Reads element by element because the bytes in a file are
 * aligned to nothing (a quarter of a millisecond for 262k floats).
 */

import { type NumberType, valueBytesMin } from "./value_types.ts";

/** The elements of a numeric array, in the narrowest typed array that holds each of them exactly. */
export type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

type Reader = (view: DataView, offset: number) => number;

const readers: Readonly<Record<NumberType | "bool", { make: (length: number) => NumberArray; read: Reader }>> = {
  uint8: { make: (length) => new Uint8Array(length), read: (view, offset) => view.getUint8(offset) },
  bool: { make: (length) => new Uint8Array(length), read: (view, offset) => view.getUint8(offset) },
  int8: { make: (length) => new Int8Array(length), read: (view, offset) => view.getInt8(offset) },
  uint16: { make: (length) => new Uint16Array(length), read: (view, offset) => view.getUint16(offset, true) },
  int16: { make: (length) => new Int16Array(length), read: (view, offset) => view.getInt16(offset, true) },
  uint32: { make: (length) => new Uint32Array(length), read: (view, offset) => view.getUint32(offset, true) },
  int32: { make: (length) => new Int32Array(length), read: (view, offset) => view.getInt32(offset, true) },
  float32: { make: (length) => new Float32Array(length), read: (view, offset) => view.getFloat32(offset, true) },
  float64: { make: (length) => new Float64Array(length), read: (view, offset) => view.getFloat64(offset, true) },
  // Number() rounds beyond 2^53, and everything it rounds is beyond 2^53 afterwards: the caller can tell.
  uint64: {
    make: (length) => new Float64Array(length),
    read: (view, offset) => Number(view.getBigUint64(offset, true)),
  },
  int64: {
    make: (length) => new Float64Array(length),
    read: (view, offset) => Number(view.getBigInt64(offset, true)),
  },
};

/** The `length` numbers of the given type that begin at byte `start` of the header. */
export function readNumbers(
  header: Uint8Array,
  array: { readonly elementType: NumberType | "bool"; readonly start: number; readonly length: number },
): NumberArray {
  const { make, read } = readers[array.elementType];
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const numbers = make(array.length);
  const bytes = valueBytesMin[array.elementType];
  for (let i = 0, offset = array.start; i < array.length; i++, offset += bytes) numbers[i] = read(view, offset);
  return numbers;
}
