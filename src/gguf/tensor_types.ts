/**
 * Every tensor type GGUF has: id, name, values and bytes per block, and the size of a tensor that follows from them.
 * Which of them can be computed with is known to csrc/quants and the models, not here.
 */

/** A tensor type of the GGUF format. */
export interface TensorType {
  /** The number in the file (`enum ggml_type`). */
  readonly id: number;
  /** The name as in ggml, such as `"Q4_K"`. */
  readonly name: string;
  /** How many values one block holds; a row is a whole number of blocks. */
  readonly blockValues: number;
  /** How many bytes one block takes. */
  readonly blockBytes: number;
}

/** More than four dimensions do not exist in ggml (`GGML_MAX_DIMS`). */
export const TENSOR_DIMENSIONS_MAX = 4;

// id, name, values per block, bytes per block
const rows: readonly (readonly [number, string, number, number])[] = [
  [0, "F32", 1, 4],
  [1, "F16", 1, 2],
  [2, "Q4_0", 32, 18],
  [3, "Q4_1", 32, 20],
  [6, "Q5_0", 32, 22],
  [7, "Q5_1", 32, 24],
  [8, "Q8_0", 32, 34],
  [9, "Q8_1", 32, 36],
  [10, "Q2_K", 256, 84],
  [11, "Q3_K", 256, 110],
  [12, "Q4_K", 256, 144],
  [13, "Q5_K", 256, 176],
  [14, "Q6_K", 256, 210],
  [15, "Q8_K", 256, 292],
  [16, "IQ2_XXS", 256, 66],
  [17, "IQ2_XS", 256, 74],
  [18, "IQ3_XXS", 256, 98],
  [19, "IQ1_S", 256, 50],
  [20, "IQ4_NL", 32, 18],
  [21, "IQ3_S", 256, 110],
  [22, "IQ2_S", 256, 82],
  [23, "IQ4_XS", 256, 136],
  [24, "I8", 1, 1],
  [25, "I16", 1, 2],
  [26, "I32", 1, 4],
  [27, "I64", 1, 8],
  [28, "F64", 1, 8],
  [29, "IQ1_M", 256, 56],
  [30, "BF16", 1, 2],
  [34, "TQ1_0", 256, 54],
  [35, "TQ2_0", 256, 66],
  [39, "MXFP4", 32, 17],
  [40, "NVFP4", 64, 36],
  [41, "Q1_0", 128, 18],
  [42, "Q2_0", 64, 18],
];

/** All tensor types, ascending by id. */
export const tensorTypes: readonly TensorType[] = rows.map(
  ([id, name, blockValues, blockBytes]) => ({ id, name, blockValues, blockBytes }),
);

/** Types that GGUF once had: their files exist, their meaning is gone from ggml. */
export const removedTensorTypes: ReadonlyMap<number, string> = new Map([
  [4, "Q4_2"],
  [5, "Q4_3"],
  [31, "Q4_0_4_4"],
  [32, "Q4_0_4_8"],
  [33, "Q4_0_8_8"],
  [36, "IQ4_NL_4_4"],
  [37, "IQ4_NL_4_8"],
  [38, "IQ4_NL_8_8"],
]);

const byId: ReadonlyMap<number, TensorType> = new Map(tensorTypes.map((type) => [type.id, type]));
const byName: ReadonlyMap<string, TensorType> = new Map(tensorTypes.map((type) => [type.name, type]));

/** The tensor type with this number, or `undefined` when there is none (or no more: {@linkcode removedTensorTypes}). */
export function tensorTypeById(id: number): TensorType | undefined {
  return byId.get(id);
}

/** The tensor type with this name (`"Q4_K"`), or `undefined`. */
export function tensorTypeByName(name: string): TensorType | undefined {
  return byName.get(name);
}

/**
 * What is wrong with a shape (GGUF order: the first dimension is the contiguous one) for tensors of this type, as the
 * end of a sentence, or `undefined` when nothing is.
 */
export function shapeFault(type: TensorType, shape: readonly number[]): string | undefined {
  if (shape.length < 1 || shape.length > TENSOR_DIMENSIONS_MAX) {
    return `Expected 1 to ${TENSOR_DIMENSIONS_MAX} dimensions but found ${shape.length}`;
  }
  let values = 1;
  for (const [index, dimension] of shape.entries()) {
    if (!Number.isSafeInteger(dimension) || dimension < 1) {
      return `Expected dimension ${index} to be an integer from 1 to 2^53 - 1 but found ${dimension}`;
    }
    // Both factors are exact, so a product that is at most 2^53 - 1 is exact too, and a larger one cannot wrap around.
    values *= dimension;
    if (values > Number.MAX_SAFE_INTEGER) {
      return `Expected fewer than 2^53 values in a tensor but found the shape [${shape.join(", ")}]`;
    }
  }
  if (shape[0] % type.blockValues !== 0) {
    return `Expected rows of a multiple of ${type.blockValues} values for ${type.name} but found rows of ${shape[0]}`;
  }
  return undefined;
}

/**
 * How many bytes a tensor of this type and shape takes, for a shape without a {@linkcode shapeFault}. Beyond 2^53 it is
 * rounded, which no comparison with the size of a file can notice.
 */
export function tensorBytes(type: TensorType, shape: readonly number[]): number {
  const values = shape.reduce((product, dimension) => product * dimension, 1);
  return (values / type.blockValues) * type.blockBytes;
}
