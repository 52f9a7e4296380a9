/**
 * Writes GGUF files: version 3, little endian, tensors in the given order, each padded to the alignment as llama.cpp
 * does. Where the bytes go is left to the caller. What is written, `parseGguf` reads back exactly.
 */

import { HeaderEncoder } from "./header_encoder.ts";
import { ALIGNMENT_DEFAULT, ALIGNMENT_KEY, isAlignment, MAGIC } from "./parse.ts";
import { shapeFault, tensorBytes, type TensorType, tensorTypeByName } from "./tensor_types.ts";
import type { MetadataValue } from "./value_types.ts";

export type { MetadataArray, MetadataValue } from "./value_types.ts";

/** The version that is written. */
const VERSION = 3;

/** A tensor to be written. */
export interface TensorContent<Data> {
  /** The name, such as `"blk.0.attn_q.weight"`. */
  readonly name: string;
  /** The type's name, such as `"Q4_K"`. */
  readonly type: string;
  /** 1 to 4 dimensions in GGUF order: `shape[0]` is the contiguous one. */
  readonly shape: readonly number[];
  /** The bytes of the values, as many as type and shape take. */
  readonly data: Data;
}

/** What a GGUF file consists of. */
export interface GgufContent<Data> {
  /** Keys and values, in this order. */
  readonly metadata: readonly (readonly [key: string, value: MetadataValue])[];
  /** The tensors, in this order. */
  readonly tensors: readonly TensorContent<Data>[];
  /**
   * What the place of every tensor is a multiple of, in bytes: a power of two of at least 8. Default:
   * `general.alignment` of the metadata, else 32. Another one than the metadata say is an error; where they say nothing
   * the key is added, last.
   */
  readonly alignment?: number;
}

/** Where a tensor goes: `offset` from the beginning of the data, all sizes in bytes. */
interface Placed {
  readonly type: TensorType;
  readonly offset: number;
  readonly bytes: number;
  readonly paddedBytes: number;
}

/**
 * A whole GGUF file in memory.
 *
 * @throws {RangeError} When a value does not fit its type, a name comes twice, or data have the wrong size.
 */
export function writeGguf(content: GgufContent<Uint8Array>): Uint8Array {
  const tensors = content.tensors.map((tensor) => ({ ...tensor, data: () => [tensor.data] }));
  const { header, placed } = encodeHeader(content);
  const file = new Uint8Array(placed.reduce((sum, { paddedBytes }) => sum + paddedBytes, header.length));
  file.set(header);
  let offset = header.length;
  for (const chunk of tensorChunks(tensors, placed)) {
    file.set(chunk, offset);
    offset += chunk.length;
  }
  return file;
}

/**
 * A GGUF file in pieces, for files larger than memory: the header first, then the data of one tensor after the other,
 * which are asked for only when it is their turn and passed on as they are.
 *
 * @throws {RangeError} As {@linkcode writeGguf}; data of the wrong size are noticed when they have been passed on.
 */
export function* ggufChunks(content: GgufContent<() => Iterable<Uint8Array>>): Generator<Uint8Array, void> {
  const { header, placed } = encodeHeader(content);
  yield header;
  yield* tensorChunks(content.tensors, placed);
}

function* tensorChunks(
  tensors: readonly TensorContent<() => Iterable<Uint8Array>>[],
  placed: readonly Placed[],
): Generator<Uint8Array, void> {
  for (const [index, tensor] of tensors.entries()) {
    const { bytes, paddedBytes } = placed[index];
    let done = 0;
    for (const chunk of tensor.data()) {
      done += chunk.length;
      if (done > bytes) break;
      yield chunk;
    }
    if (done !== bytes) {
      const found = done > bytes ? "more" : `${done}`;
      throw new RangeError(
        `Expected ${bytes} bytes of data for tensor ${JSON.stringify(tensor.name)} but found ${found}`,
      );
    }
    if (paddedBytes > bytes) yield new Uint8Array(paddedBytes - bytes);
  }
}

/** The header up to the first byte of the data, and where the tensors go behind it. */
function encodeHeader(content: GgufContent<unknown>): { header: Uint8Array; placed: Placed[] } {
  const { metadata, alignment } = settleAlignment(content);
  const placed = placeTensors(content.tensors, alignment);
  const encoder = new HeaderEncoder();
  encoder.uint32(MAGIC);
  encoder.uint32(VERSION);
  encoder.uint64(content.tensors.length);
  encoder.uint64(metadata.length);
  requireUnique(metadata.map(([key]) => key), "metadata key");
  for (const [key, value] of metadata) {
    encoder.key = key;
    encoder.name(key);
    encoder.value(value);
  }
  requireUnique(content.tensors.map(({ name }) => name), "tensor name");
  for (const [index, { name, shape }] of content.tensors.entries()) {
    encoder.key = name;
    encoder.name(name);
    encoder.uint32(shape.length);
    for (const dimension of shape) encoder.uint64(dimension);
    encoder.uint32(placed[index].type.id);
    encoder.uint64(placed[index].offset);
  }
  // Without tensors there are no data to align.
  const length = placed.length === 0 ? encoder.length : roundUp(encoder.length, alignment);
  return { header: encoder.finish(length), placed };
}

/** The alignment to use, and the metadata that state it where the default would not. */
function settleAlignment(
  content: GgufContent<unknown>,
): { metadata: readonly (readonly [string, MetadataValue])[]; alignment: number } {
  const stated = content.metadata.find(([key]) => key === ALIGNMENT_KEY)?.[1];
  if (stated !== undefined && stated.type !== "uint32") {
    throw new TypeError(`Expected ${ALIGNMENT_KEY} to be a uint32 but found the type ${stated.type}`);
  }
  const statedAlignment = stated === undefined ? undefined : Number(stated.value);
  const alignment = content.alignment ?? statedAlignment ?? ALIGNMENT_DEFAULT;
  if (!isAlignment(alignment)) {
    throw new RangeError(`Expected alignment to be a power of two of at least 8 but found ${alignment}`);
  }
  if (statedAlignment !== undefined && statedAlignment !== alignment) {
    throw new RangeError(`Expected alignment to be ${statedAlignment} as in ${ALIGNMENT_KEY} but found ${alignment}`);
  }
  if (stated !== undefined || alignment === ALIGNMENT_DEFAULT) return { metadata: content.metadata, alignment };
  return { metadata: [...content.metadata, [ALIGNMENT_KEY, { type: "uint32", value: alignment }]], alignment };
}

function placeTensors(tensors: readonly TensorContent<unknown>[], alignment: number): Placed[] {
  let offset = 0;
  return tensors.map(({ name, type: typeName, shape }) => {
    const type = tensorTypeByName(typeName);
    if (type === undefined) {
      throw new RangeError(`Expected the type of tensor "${name}" to be known but found ${typeName}`);
    }
    const fault = shapeFault(type, shape);
    if (fault !== undefined) throw new RangeError(`${fault} in tensor "${name}"`);
    const bytes = tensorBytes(type, shape);
    const placed = { type, offset, bytes, paddedBytes: roundUp(bytes, alignment) };
    offset += placed.paddedBytes;
    if (!Number.isSafeInteger(offset)) {
      throw new RangeError(`Expected a file of less than 2^53 bytes but found ${offset}`);
    }
    return placed;
  });
}

function requireUnique(names: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new RangeError(`Expected every ${what} once but found ${JSON.stringify(name)} again`);
    seen.add(name);
  }
}

/** The least multiple of `alignment` that is at least `bytes`. Divides, because bit operations end at 2^32. */
function roundUp(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
