/**
 * From a plan to the bytes C takes: the records of csrc/abi.h, little endian, at the offsets of the generated
 * src/native/abi.ts. Validation is done there; here a plan is what it says it is.
 */

import {
  BufferRecord,
  CacheShape as CacheRecord,
  Flag,
  InstrRecord,
  Layout,
  Limit,
  NONE,
  Op,
  PlanShape,
  Rows,
  Source,
  Type,
  WeightRecord,
} from "../native/abi.ts";
import type { Buffer, CacheGroup, CacheShape, Instruction, Plan, Weight } from "./plan.ts";

/** A plan as arguments of `arp_weights_create` and `arp_plan_create`. */
export interface EncodedPlan {
  /** Records of {@linkcode EncodedPlan.weightsCount} weights. */
  readonly weights: Uint8Array;
  readonly weightsCount: number;
  /** The bytes of the weights whose source is the constants. */
  readonly constants: Uint8Array;
  /** One `arp_plan_shape`. */
  readonly shape: Uint8Array;
  readonly instructions: Uint8Array;
  readonly buffers: Uint8Array;
}

/** Encodes a plan. */
export function encodePlan(plan: Plan): EncodedPlan {
  const { offsets } = plan.arena;
  const buffers = plan.buffers.map((buffer) => ({ ...buffer, offset: offsets[buffer.index] }));
  return {
    weights: encodeRecords(plan.weights, { size: WeightRecord.size, write: writeWeight }),
    weightsCount: plan.weights.length,
    constants: plan.constants,
    shape: encodeRecords([plan], { size: PlanShape.size, write: writeShape }),
    instructions: encodeRecords(plan.instructions, { size: InstrRecord.size, write: writeInstruction }),
    buffers: encodeRecords(buffers, { size: BufferRecord.size, write: writeBuffer }),
  };
}

/** Encodes the groups of a cache for `arp_cache_create`. */
export function encodeCacheShape(groups: CacheShape): Uint8Array {
  return encodeRecords(groups, { size: CacheRecord.size, write: writeCacheGroup });
}

/** Where a record is written. */
interface Target {
  readonly view: DataView;
  /** The start of the record in the view. */
  readonly at: number;
}

/** One record of `size` bytes per item; what `write` leaves out is zero. */
function encodeRecords<Item>(
  items: readonly Item[],
  record: { size: number; write: (item: Item, target: Target) => void },
): Uint8Array {
  const bytes = new Uint8Array(items.length * record.size);
  const view = new DataView(bytes.buffer);
  for (const [i, item] of items.entries()) record.write(item, { view, at: i * record.size });
  return bytes;
}

function writeCacheGroup(cache: CacheGroup, { view, at }: Target): void {
  view.setUint32(at + CacheRecord.layers, cache.layers, true);
  view.setUint32(at + CacheRecord.heads, cache.heads, true);
  view.setUint32(at + CacheRecord.keyColumns, cache.keyColumns, true);
  view.setUint32(at + CacheRecord.valueColumns, cache.valueColumns, true);
  view.setUint32(at + CacheRecord.keyType, Type[cache.keyType], true);
  view.setUint32(at + CacheRecord.valueType, Type[cache.valueType], true);
  view.setUint32(at + CacheRecord.blocks, cache.blocks, true);
  view.setUint32(at + CacheRecord.blockPositions, Limit.BLOCK_POSITIONS, true);
  view.setUint32(at + CacheRecord.window, cache.window ?? 0, true);
}

function writeShape(plan: Plan, { view, at }: Target): void {
  view.setUint32(at + PlanShape.instructions, plan.instructions.length, true);
  view.setUint32(at + PlanShape.buffers, plan.buffers.length, true);
  view.setUint32(at + PlanShape.tokensMax, plan.tokensMax, true);
  view.setUint32(at + PlanShape.outputsMax, plan.outputsMax, true);
  view.setUint32(at + PlanShape.contextLength, plan.contextLength, true);
  view.setUint32(at + PlanShape.threads, plan.threads, true);
  view.setFloat64(at + PlanShape.arenaBytes, plan.arena.bytes, true);
}

function writeWeight(weight: Weight, { view, at }: Target): void {
  view.setBigUint64(at + WeightRecord.offset, BigInt(weight.offset), true);
  view.setUint32(at + WeightRecord.type, Type[weight.type], true);
  view.setUint32(at + WeightRecord.layout, Layout[weight.layout], true);
  view.setUint32(at + WeightRecord.source, Source[weight.source], true);
  view.setUint32(at + WeightRecord.rows, weight.rows, true);
  view.setUint32(at + WeightRecord.columns, weight.columns, true);
}

function writeBuffer(buffer: Buffer & { offset: number }, { view, at }: Target): void {
  view.setBigUint64(at + BufferRecord.offset, BigInt(buffer.offset), true);
  view.setUint32(at + BufferRecord.columns, buffer.columns, true);
  view.setUint16(at + BufferRecord.type, Type[buffer.type], true);
  view.setUint16(at + BufferRecord.rows, Rows[buffer.rows], true);
}

function writeInstruction(instruction: Instruction, { view, at }: Target): void {
  const { op, dst, src, weights, n, f, noWait, accumulate } = instruction;
  view.setUint16(at + InstrRecord.op, Op[op], true);
  view.setUint16(at + InstrRecord.flags, (noWait ? Flag.NO_WAIT : 0) | (accumulate ? Flag.ACCUMULATE : 0), true);
  view.setUint32(at + InstrRecord.dst, dst?.index ?? NONE, true);
  for (let i = 0; i < 3; i++) {
    view.setUint32(at + InstrRecord.src + 4 * i, src[i]?.index ?? NONE, true);
    view.setUint32(at + InstrRecord.weight + 4 * i, weights[i]?.index ?? NONE, true);
  }
  for (let i = 0; i < 4; i++) {
    view.setUint32(at + InstrRecord.n + 4 * i, n[i] ?? 0, true);
    view.setFloat32(at + InstrRecord.f + 4 * i, f[i] ?? 0, true);
  }
}
