/**
 * What forward passes have in common: activations in the form that the weights reading them need, and projections with
 * their optional biases. Which blocks an architecture has, and in which order, is up to its own file.
 */

import type { Buffer, BufferType, Weight } from "../plan/plan.ts";
import { isIntegerType } from "../plan/plan.ts";
import type { Precision, Recorder } from "./architecture.ts";
import type { MatrixShape } from "./tensors.ts";

/** A linear layer: the matrix (rows, columns), and the bias (rows) when the file has one. */
export interface Linear {
  /** The name of the tensors without ".weight" and ".bias". */
  readonly name: string;
  readonly weight: Weight;
  readonly bias: Weight | undefined;
}

/** An activation in each form that somebody reads. */
export type Activation = Readonly<Partial<Record<BufferType, Buffer>>>;

/** Finds the tensors of a linear layer. */
export function linear({ tensors }: Recorder, name: string, shape: MatrixShape): Linear {
  const weight = tensors.matrix(`${name}.weight`, shape);
  const bias = `${name}.bias`;
  return { name, weight, bias: tensors.has(bias) ? tensors.vector(bias, shape.rows) : undefined };
}

/** RMSNorm of x (rows, d) by the tensor `<name>.weight` (d), for the layers that read it. */
export function normalize(
  recorder: Recorder,
  x: Buffer,
  { name, readers }: { name: string; readers: readonly Linear[] },
): Activation {
  const { plan, tensors, config, precision } = recorder;
  const weight = tensors.vector(`${name}.weight`, x.columns);
  const forms: Partial<Record<BufferType, Buffer>> = {};
  for (const type of new Set(readers.map((reader) => inputType(reader, precision)))) {
    forms[type] = plan.rmsNorm(x, weight, { label: name, epsilon: config.normEpsilon, type });
  }
  return forms;
}

/** x (rows, d) in F32 in the form its reader needs. */
export function convert({ plan, precision }: Recorder, x: Buffer, reader: Linear): Activation {
  return inputType(reader, precision) === "F32" ? { F32: x } : { Q8: plan.quantize(x, { label: reader.name }) };
}

/** y (rows, m) = x (rows, n) * W (m, n)^T + bias, added to `addTo` if there is one. */
export function project(
  { plan, precision }: Recorder,
  x: Activation,
  layer: Linear & { readonly addTo?: Buffer },
): Buffer {
  const { name: label, weight, bias, addTo } = layer;
  const src = x[inputType(layer, precision)]!;
  return plan.matmul(src, weight, { label, bias, ...(addTo === undefined ? {} : { addTo }) });
}

/** The form a layer reads: Q8 when its weights are made of integers, unless the precision forbids it. */
export function inputType({ weight }: Linear, precision: Precision): BufferType {
  return precision === "q8" && isIntegerType(weight.type) ? "Q8" : "F32";
}
