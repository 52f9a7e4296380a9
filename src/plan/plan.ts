/**
 * The plan: a forward pass as a flat list of instructions over activation buffers and weights, as data. What each op
 * computes is said in csrc/abi.h; builder.ts records plans, memory.ts places their buffers, encode.ts hands them to C.
 */

import { type Layout, type Op, type Rows, type Source, TypeValues } from "../native/abi.ts";

/** An operation of the instruction set. */
export type OpName = Exclude<keyof typeof Op, "COUNT">;

/** The element types a weight from a file may have. */
export type WeightType = keyof typeof TypeValues;

/**
 * The element types of activations: numbers; blocks of 32 bytes with a scale; or two rows of such blocks, the second
 * for what the first left over (about 16 bits).
 */
export type BufferType = "F32" | "Q8" | "Q16";

/** How many rows a buffer has in a step: the tokens of the step, or those of them whose logits are asked for. */
export type RowsName = keyof typeof Rows;

/** A matrix of (rows, columns) in the file or among the constants of the plan. */
export interface Weight {
  /** The place in {@linkcode Plan.weights}. */
  readonly index: number;
  /** The tensor's name, or what the constant is. */
  readonly label: string;
  readonly type: WeightType | "F64";
  readonly layout: keyof typeof Layout;
  readonly source: keyof typeof Source;
  /** Where it begins, in bytes from the start of its source. */
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
}

/** An activation matrix of (tokens or outputs, columns). */
export interface Buffer {
  /** The place in {@linkcode Plan.buffers}. */
  readonly index: number;
  readonly label: string;
  readonly type: BufferType;
  readonly rows: RowsName;
  readonly columns: number;
}

/** One line of a plan. The meaning of `src`, `weights`, `n` and `f` is given by `op` (csrc/abi.h). */
export interface Instruction {
  readonly op: OpName;
  /** What the instruction is for: `"blk.2.ffn_up"`. */
  readonly label: string;
  readonly dst: Buffer | undefined;
  readonly src: readonly Buffer[];
  readonly weights: readonly Weight[];
  readonly n: readonly number[];
  readonly f: readonly number[];
  /** Adds to `dst` instead of replacing it. */
  readonly accumulate: boolean;
  /** The next instruction may start before this one is complete. */
  readonly noWait: boolean;
}

/** How numbers may be kept in a cache. */
export const cacheTypes = ["F32", "F16", "BF16", "Q8_0", "Q4_0"] as const;

/** How numbers are kept in a cache: as they are, rounded, or 32 columns at a time as 8 or 4 bits with a scale. */
export type CacheType = (typeof cacheTypes)[number];

/** Layers of a key/value cache that share block tables. Blocks have `Limit.BLOCK_POSITIONS` positions. */
export interface CacheGroup {
  /** How many layers; a block has one number for all of them. */
  readonly layers: number;
  /** Key/value heads. */
  readonly heads: number;
  /** Columns of a key head. */
  readonly keyColumns: number;
  /** Columns of a value head. */
  readonly valueColumns: number;
  readonly keyType: CacheType;
  readonly valueType: CacheType;
  readonly blocks: number;
  /** How many positions a token sees, itself included. Default: 0, all up to its own. */
  readonly window?: number;
}

/** A key/value cache: what the plans that share it agree on. */
export type CacheShape = readonly CacheGroup[];

/** Where the buffers are in the plan's memory. */
export interface Arena {
  /** Per buffer, in bytes, multiples of 64. */
  readonly offsets: readonly number[];
  /** The size of the whole, in bytes. */
  readonly bytes: number;
}

/** A complete forward pass. */
export interface Plan {
  readonly instructions: readonly Instruction[];
  readonly buffers: readonly Buffer[];
  readonly weights: readonly Weight[];
  /** The bytes of the weights whose source is `CONSTANTS`; each begins at a multiple of 64. */
  readonly constants: Uint8Array;
  readonly arena: Arena;
  /** The most tokens in one step. */
  readonly tokensMax: number;
  /** The most rows of logits in one step. */
  readonly outputsMax: number;
  /** Positions are below this. */
  readonly contextLength: number;
  /** How many threads execute it; 0 is one per physical core. */
  readonly threads: number;
  /** The cache the plan is for; `undefined` for a plan without attention. */
  readonly cache: CacheShape | undefined;
}

/** The alignment of buffers, rows and constants in bytes: a cache line, and the widest vector. */
export const ALIGNMENT_BYTES = 64;

/**
 * The most positions of a sequence: the angles of positions below it are reduced exactly when the frequencies are at
 * most 1 (csrc/ops/rope_table.c).
 */
export const POSITIONS_MAX: number = 2 ** 20;

/** The most columns of a buffer (csrc/plan.c). */
export const COLUMNS_MAX: number = 2 ** 24;

/** The types a weight from a file may have, by name. */
export const weightTypes = Object.keys(TypeValues) as readonly WeightType[];

/** Whether a plan can compute with weights of the type with this name. */
export function isWeightType(name: string): name is WeightType {
  return Object.hasOwn(TypeValues, name);
}

/** What an instruction is called in error messages: `"matmul blk.2.ffn_up"`. */
export function instructionName({ op, label }: Pick<Instruction, "op" | "label">): string {
  return `${op.toLowerCase()} ${label}`;
}

/**
 * Whether a weight type is made of blocks of integers with scales, so that it can be multiplied with Q8 activations.
 * F32, F16 and BF16 are not.
 */
export function isIntegerType(type: Weight["type"]): boolean {
  return type !== "F64" && TypeValues[type] > 1;
}

/**
 * The bytes one row of a buffer takes. F32: four per value, padded to a cache line. Q8: a block of 64 bytes per 32
 * values (32 int8, their f32 scale and sums), an even number of blocks because kernels take them in pairs.
 */
export function bufferRowBytes(buffer: { readonly type: BufferType; readonly columns: number }): number {
  const { type, columns } = buffer;
  if (type !== "F32") return Math.ceil(columns / 64) * 2 * 64 * (type === "Q16" ? 2 : 1);
  return Math.ceil((columns * 4) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
