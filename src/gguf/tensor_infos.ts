/**
 * Reads the tensor section of a GGUF header and decides where every tensor lies: inside the file, aligned, and nowhere
 * on another tensor. Nothing after this step can point outside the file. Which tensors a model needs is the model's
 * business.
 */

import { GgufError } from "../errors.ts";
import type { Cursor } from "./cursor.ts";
import { readEntryCount } from "./metadata_entries.ts";
import {
  removedTensorTypes,
  shapeFault,
  TENSOR_DIMENSIONS_MAX,
  tensorBytes,
  type TensorType,
  tensorTypeById,
} from "./tensor_types.ts";

/** Where a tensor lies and what it is. */
export interface TensorInfo {
  /** The name, such as `"blk.0.attn_q.weight"`. */
  readonly name: string;
  /** The type's name, such as `"Q4_K"`. */
  readonly type: string;
  /** The type's number in the file. */
  readonly typeId: number;
  /** 1 to 4 dimensions in GGUF order: `shape[0]` is the contiguous one (columns), `shape[1]` counts rows. */
  readonly shape: readonly number[];
  /** Where the data begin, in bytes from the start of the file. */
  readonly offset: number;
  /** How many bytes the data take. `offset + bytes` is within the file. */
  readonly bytes: number;
  /** Where the tensor's description begins in the file, for errors about it. */
  readonly infoOffset: number;
}

/** A tensor whose place is still relative to the beginning of the data, as in the file. */
interface TensorDescription {
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly relativeOffset: bigint;
  readonly infoOffset: number;
}

/** What the placement of tensors depends on, all in bytes. */
export interface TensorLayout {
  readonly dataOffset: number;
  readonly alignment: number;
  readonly fileBytes: number;
}

/** The least a description takes: a name of one byte, the number of dimensions, one dimension, type, offset. */
const DESCRIPTION_BYTES_MIN = 8 + 1 + 4 + 8 + 4 + 8;

/** How many tensors are handled between two yields: 50 to 200 us of work. */
const TENSORS_PER_STEP = 128;

/** Reads the number of tensors, which stands at the start of the header, before the keys. */
export function readTensorCount(cursor: Cursor): number {
  return readEntryCount(cursor, { what: "tensors", bytesMin: DESCRIPTION_BYTES_MIN });
}

/** Reads `count` tensor descriptions. */
export function* readDescriptions(cursor: Cursor, count: number): Generator<void, Map<string, TensorDescription>> {
  const descriptions = new Map<string, TensorDescription>();
  for (let i = 0; i < count; i++) {
    cursor.key = undefined;
    const infoOffset = cursor.offset;
    const name = cursor.name("a tensor name");
    cursor.key = name;
    if (descriptions.has(name)) throw cursor.error("Expected every tensor once but found this one again", infoOffset);
    const shape = readShape(cursor);
    const type = readTensorType(cursor);
    const fault = shapeFault(type, shape);
    if (fault !== undefined) throw cursor.error(fault, infoOffset);
    descriptions.set(name, { type, shape, relativeOffset: cursor.uint64("a tensor's offset"), infoOffset });
    if (i % TENSORS_PER_STEP === TENSORS_PER_STEP - 1) yield;
  }
  cursor.key = undefined;
  return descriptions;
}

function readShape(cursor: Cursor): number[] {
  const at = cursor.offset;
  const dimensions = cursor.uint32("the number of dimensions");
  if (dimensions < 1 || dimensions > TENSOR_DIMENSIONS_MAX) {
    throw cursor.error(`Expected 1 to ${TENSOR_DIMENSIONS_MAX} dimensions but found ${dimensions}`, at);
  }
  const shape: number[] = [];
  for (let i = 0; i < dimensions; i++) {
    const dimensionAt = cursor.offset;
    const dimension = cursor.uint64("a dimension");
    if (dimension < 1n || dimension > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw cursor.error(`Expected dimension ${i} to be from 1 to 2^53 - 1 but found ${dimension}`, dimensionAt);
    }
    shape.push(Number(dimension));
  }
  return shape;
}

function readTensorType(cursor: Cursor): TensorType {
  const at = cursor.offset;
  const id = cursor.uint32("a tensor type");
  const type = tensorTypeById(id);
  if (type !== undefined) return type;
  const removed = removedTensorTypes.get(id);
  if (removed !== undefined) {
    throw cursor.error(`Expected a tensor type in use but found ${id} (${removed}), which GGUF no longer has`, at);
  }
  throw cursor.error(`Expected a known tensor type but found ${id}`, at);
}

/** Gives every tensor its place in the file and makes sure that it is its own. */
export function* placeTensors(
  descriptions: ReadonlyMap<string, TensorDescription>,
  layout: TensorLayout,
): Generator<void, Map<string, TensorInfo>> {
  const tensors = new Map<string, TensorInfo>();
  let ascending = true;
  let end = layout.dataOffset;
  for (const [name, description] of descriptions) {
    const tensor = placeTensor(name, { ...description, ...layout });
    ascending &&= tensor.offset >= end;
    end = tensor.offset + tensor.bytes;
    tensors.set(name, tensor);
    if (tensors.size % TENSORS_PER_STEP === 0) yield;
  }
  if (!ascending) yield* checkOverlaps(tensors);
  return tensors;
}

function placeTensor(name: string, tensor: TensorDescription & TensorLayout): TensorInfo {
  const { type, shape, relativeOffset, infoOffset, fileBytes } = tensor;
  const where = { key: name, offsetBytes: infoOffset };
  if (relativeOffset % BigInt(tensor.alignment) !== 0n) {
    throw new GgufError(
      `Expected a tensor offset that is a multiple of ${tensor.alignment} but found ${relativeOffset}`,
      where,
    );
  }
  // Beyond 2^53 both are rounded, but then they are beyond the end of any file too.
  const offset = tensor.dataOffset + Number(relativeOffset);
  const bytes = tensorBytes(type, shape);
  if (offset + bytes > fileBytes) {
    const needed = `${bytes} bytes of the tensor from byte ${offset} on`;
    throw new GgufError(`Expected ${needed} but the file ends at ${fileBytes}: is it an incomplete download?`, where);
  }
  return { name, type: type.name, typeId: type.id, shape, offset, bytes, infoOffset };
}

/** Tensors in another order than their data are rare but legal; only then is there something to sort. */
function* checkOverlaps(tensors: ReadonlyMap<string, TensorInfo>): Generator<void, void> {
  const byOffset = new Map<number, TensorInfo>();
  for (const tensor of tensors.values()) {
    const other = byOffset.get(tensor.offset);
    if (other !== undefined) throw overlapError(tensor, other);
    byOffset.set(tensor.offset, tensor);
    if (byOffset.size % TENSORS_PER_STEP === 0) yield;
  }
  // Sorting numbers in a typed array needs no comparator: 65,536 of them take about 3 ms.
  const offsets = Float64Array.from(byOffset.keys()).sort();
  for (let i = 1; i < offsets.length; i++) {
    const before = byOffset.get(offsets[i - 1])!;
    if (before.offset + before.bytes > offsets[i]) throw overlapError(byOffset.get(offsets[i])!, before);
    if (i % TENSORS_PER_STEP === 0) yield;
  }
}

function overlapError(tensor: TensorInfo, other: TensorInfo): GgufError {
  const place = `bytes ${other.offset} to ${other.offset + other.bytes}`;
  const message = `Expected a tensor of its own at byte ${tensor.offset} but found "${other.name}" at ${place}`;
  return new GgufError(message, { key: tensor.name, offsetBytes: tensor.infoOffset });
}
