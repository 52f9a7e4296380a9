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
  for (const type of new Set(readers.map((reader) => inputType(reader, { precision, rows: x.rows })))) {
    forms[type] = plan.rmsNorm(x, weight, { label: name, epsilon: config.normEpsilon, type });
  }
  return forms;
}

/** x (rows, d) in F32 in the form its reader needs. */
export function convert({ plan, precision }: Recorder, x: Buffer, reader: Linear): Activation {
  const type = inputType(reader, { precision, rows: x.rows });
  return { [type]: type === "F32" ? x : plan.quantize(x, { label: reader.name, type }) };
}

/** y (rows, m) = x (rows, n) * W (m, n)^T + bias, added to `addTo` if there is one. */
export function project(
  { plan }: Recorder,
  x: Activation,
  layer: Linear & { readonly addTo?: Buffer },
): Buffer {
  const { name: label, weight, bias, addTo } = layer;
  const src = isIntegerType(weight.type) ? x.Q8 ?? x.Q16 ?? x.F32 : x.F32;
  return plan.matmul(src!, weight, { label, bias, ...(addTo === undefined ? {} : { addTo }) });
}

/**
 * The form a layer reads: quantized when its weights are made of integers, unless the precision forbids it. The few
 * rows that become logits get 16 bits: behind the last attention nothing averages an error out any more, and there they
 * cost next to nothing (in a prompt one row of many; in decoding the weights, not the arithmetic, take the time).
 */
export function inputType(
  { weight }: Linear,
  { precision, rows }: { precision: Precision; rows: Buffer["rows"] },
): BufferType {
  if (precision === "f32" || !isIntegerType(weight.type)) return "F32";
  return rows === "OUTPUTS" ? "Q16" : "Q8";
}
