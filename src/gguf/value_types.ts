/**
 * The types a metadata value can have: their numbers in the file, names and sizes, and the shape of a complete value as
 * the writer takes it and `Metadata.get` returns it.
 */

/** Metadata types in the order of their numbers in the file (`enum gguf_metadata_value_type`). */
export const valueTypes = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float32",
  "bool",
  "string",
  "array",
  "uint64",
  "int64",
  "float64",
] as const;

/** The name of a metadata type. */
export type ValueType = (typeof valueTypes)[number];

/** A metadata type whose values are numbers. */
export type NumberType = Exclude<ValueType, "bool" | "string" | "array">;

/** A metadata type whose values are whole numbers. */
export type IntegerType = Exclude<NumberType, "float32" | "float64">;

/** A metadata type of a fixed size. */
export type ScalarType = NumberType | "bool";

/**
 * The least number of bytes a value takes: for scalars its size, for a string its length field, for an array the
 * element type and the count. A count is compared with the remaining bytes by this before anything is allocated.
 */
export const valueBytesMin: Readonly<Record<ValueType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  string: 8,
  array: 12,
  uint64: 8,
  int64: 8,
  float64: 8,
};

/** The least and the greatest value of each integer type. */
export const integerRanges: Readonly<Record<IntegerType, readonly [bigint, bigint]>> = {
  uint8: [0n, 0xffn],
  int8: [-0x80n, 0x7fn],
  uint16: [0n, 0xffffn],
  int16: [-0x8000n, 0x7fffn],
  uint32: [0n, 0xffff_ffffn],
  int32: [-0x8000_0000n, 0x7fff_ffffn],
  uint64: [0n, 0xffff_ffff_ffff_ffffn],
  int64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
};

/** How deep arrays may be nested, the outermost included. No known model nests them at all. */
export const ARRAY_DEPTH_MAX = 8;

/** A metadata key or tensor name has at most this many bytes: the limit the GGUF specification states for keys. */
export const NAME_BYTES_MAX = 65_535;

/** A complete metadata value. */
export type MetadataValue =
  /** u64 and i64 outside the safe integers are bigints. */
  | { readonly type: NumberType; readonly value: number | bigint }
  | { readonly type: "bool"; readonly value: boolean }
  /** Bytes where the string is not UTF-8. */
  | { readonly type: "string"; readonly value: string | Uint8Array }
  | MetadataArray;

/** A complete metadata array. */
export type MetadataArray =
  | { readonly type: "array"; readonly elementType: NumberType; readonly value: ArrayLike<number | bigint> }
  | { readonly type: "array"; readonly elementType: "bool"; readonly value: ArrayLike<boolean> }
  | { readonly type: "array"; readonly elementType: "string"; readonly value: ArrayLike<string | Uint8Array> }
  | { readonly type: "array"; readonly elementType: "array"; readonly value: ArrayLike<MetadataArray> };

/** Whether values of this type are whole numbers. */
export function isIntegerType(type: ValueType): type is IntegerType {
  return type in integerRanges;
}
