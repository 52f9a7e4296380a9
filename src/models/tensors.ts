/**
 * Finds the tensors an architecture names, checks their shapes and types, and makes them weights of a plan. Their bytes
 * stay in the file, except for a few small ones that TypeScript computes with.
 */

import { GgufError } from "../errors.ts";
import type { GgufFile, TensorInfo } from "../gguf/parse.ts";
import type { PlanBuilder } from "../plan/builder.ts";
import { isWeightType, type Weight, type WeightType, weightTypes } from "../plan/plan.ts";
import { ROPE_FACTORS } from "./rope.ts";

/** The bytes of tensors by name. */
export type TensorData = ReadonlyMap<string, Uint8Array>;

/** The shape of a matrix in the order of mathematics. */
export interface MatrixShape {
  readonly rows: number;
  readonly columns: number;
}

/** The types of tensors whose values are plain numbers, with the bytes of one. */
const floatBytes: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };

/** One vector of 2^20 columns in F16, the widest a model may have. */
const READ_BYTES_MAX = 2 ** 21;

/**
 * The tensors whose bytes building a model needs: the frequency factors of RoPE, and norms and biases that are not F32
 * (C takes those in F32 only). All are small.
 */
export function tensorsToRead(file: GgufFile): TensorInfo[] {
  return [...file.tensors.values()].filter((tensor) => {
    if (tensor.bytes > READ_BYTES_MAX || dimensions(tensor).length !== 1) return false;
    if (tensor.name === ROPE_FACTORS) return tensor.type in floatBytes;
    return (tensor.type === "F16" || tensor.type === "BF16") && /(norm\.weight|\.bias)$/.test(tensor.name);
  });
}

/** The tensors of a file on their way into a plan. */
export class ModelTensors {
  readonly #file: GgufFile;
  readonly #plan: PlanBuilder;
  readonly #data: TensorData;
  readonly #used = new Set<string>();

  /** `data` has the bytes of {@linkcode tensorsToRead}. */
  constructor(file: GgufFile, plan: PlanBuilder, { data }: { data: TensorData }) {
    this.#file = file;
    this.#plan = plan;
    this.#data = data;
  }

  /** Whether the file has a tensor of this name. */
  has(name: string): boolean {
    return this.#file.tensors.has(name);
  }

  /** A matrix to multiply with. */
  matrix(name: string, { rows, columns }: MatrixShape): Weight {
    return this.#weight(name, { layout: "TILES", shape: [columns, rows] });
  }

  /** A matrix to take rows from. */
  table(name: string, { rows, columns }: MatrixShape): Weight {
    return this.#weight(name, { layout: "ROWS", shape: [columns, rows] });
  }

  /** One row of F32, converted when the file has it in another type. */
  vector(name: string, columns: number): Weight {
    const tensor = this.#find(name, [columns]);
    if (tensor.type === "F32") return this.#weight(name, { layout: "ROWS", shape: [columns] });
    return this.#plan.constant(this.values(name, columns), { label: name });
  }

  /** The values of a small tensor of one row: one of {@linkcode tensorsToRead}. */
  values(name: string, columns: number): Float32Array {
    const tensor = this.#find(name, [columns]);
    const bytes = this.#data.get(name);
    if (!(tensor.type in floatBytes)) {
      throw tensorError(tensor, `Expected ${Object.keys(floatBytes).join(" or ")} but found ${tensor.type}`);
    }
    if (bytes?.length !== tensor.bytes) {
      throw new TypeError(`Expected the ${tensor.bytes} bytes of ${name} but found ${bytes?.length ?? "none"}`);
    }
    return decodeFloats(tensor.type, bytes);
  }

  /** The names of the tensors nobody asked for, in the order of the file. */
  unused(): string[] {
    return [...this.#file.tensors.keys()].filter((name) => !this.#used.has(name));
  }

  #weight(name: string, { layout, shape }: { layout: Weight["layout"]; shape: readonly number[] }): Weight {
    const tensor = this.#find(name, shape);
    const [columns, rows = 1] = shape;
    return this.#plan.weight({ label: name, type: weightType(tensor), layout, offset: tensor.offset, rows, columns });
  }

  /** The tensor of this name, which must have this shape (in the order of GGUF: columns first). */
  #find(name: string, shape: readonly number[]): TensorInfo {
    const tensor = this.#file.tensors.get(name);
    if (tensor === undefined) {
      const expected = `Expected a tensor of shape [${shape.join(", ")}]`;
      throw new GgufError(`${expected} but the file does not have it`, { key: name });
    }
    const found = dimensions(tensor);
    if (found.length !== shape.length || found.some((dimension, i) => dimension !== shape[i])) {
      throw tensorError(tensor, `Expected the shape [${shape.join(", ")}] but found [${tensor.shape.join(", ")}]`);
    }
    this.#used.add(name);
    return tensor;
  }
}

function weightType(tensor: TensorInfo): WeightType {
  if (isWeightType(tensor.type)) return tensor.type;
  const supported = `one of the weight types ${weightTypes.join(", ")} (csrc/quants/list.h)`;
  throw tensorError(tensor, `Expected ${supported} but found ${tensor.type}`);
}

function tensorError(tensor: TensorInfo, message: string): GgufError {
  return new GgufError(message, { key: tensor.name, offsetBytes: tensor.infoOffset });
}

/** The shape without dimensions of 1 at its end, which mean nothing. */
function dimensions(tensor: TensorInfo): readonly number[] {
  let length = tensor.shape.length;
  while (length > 1 && tensor.shape[length - 1] === 1) length--;
  return tensor.shape.slice(0, length);
}

function decodeFloats(type: string, bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.length / floatBytes[type]);
  const read = {
    F32: (i: number) => view.getFloat32(4 * i, true),
    F16: (i: number) => view.getFloat16(2 * i, true),
    BF16: (i: number) => bfloat16(view.getUint16(2 * i, true)),
  }[type]!;
  for (let i = 0; i < values.length; i++) values[i] = read(i);
  return values;
}

/** The upper half of an f32. */
function bfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
}
