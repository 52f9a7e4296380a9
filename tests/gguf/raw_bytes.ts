/** Builds GGUF headers byte by byte, right or wrong: the writer of src/gguf refuses to write what the tests need. */

const encoder = new TextEncoder();

/** All parts one after the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** A little-endian 32-bit integer. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** A little-endian 64-bit integer. */
export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** A string with its length in front. */
export function text(value: string): Uint8Array {
  const bytes = encoder.encode(value);
  return join(u64(bytes.length), bytes);
}

/** The numbers of the metadata types. */
export const typeIds = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

/** A key with a value of the given type. */
export function pair(key: string, type: keyof typeof typeIds, value: Uint8Array): Uint8Array {
  return join(text(key), u32(typeIds[type]), value);
}

/** The value of an array: element type, count, elements. */
export function array(type: keyof typeof typeIds, count: number | bigint, elements: Uint8Array): Uint8Array {
  return join(u32(typeIds[type]), u64(count), elements);
}

/** The description of a tensor. `type` is the number of the tensor type, F32 unless given. */
export function tensor(
  name: string,
  what: { shape?: readonly (number | bigint)[]; type?: number; offset?: number | bigint },
): Uint8Array {
  const { shape = [8], type = 0, offset = 0 } = what;
  return join(text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(offset));
}

/** A file: magic, version, counts (those of the lists unless given), pairs, tensors, zeros up to 32, and the data. */
export function file(
  parts: {
    version?: number;
    tensorsCount?: number | bigint;
    keysCount?: number | bigint;
    pairs?: readonly Uint8Array[];
    tensors?: readonly Uint8Array[];
    dataBytes?: number;
  },
): Uint8Array {
  const { version = 3, pairs = [], tensors = [], dataBytes = 0 } = parts;
  const { tensorsCount = tensors.length, keysCount = pairs.length } = parts;
  const header = join(
    encoder.encode("GGUF"),
    u32(version),
    u64(tensorsCount),
    u64(keysCount),
    ...pairs,
    ...tensors,
  );
  const padding = dataBytes > 0 ? (32 - header.length % 32) % 32 : 0;
  return join(header, new Uint8Array(padding + dataBytes));
}
