// Llama written down directly, from tensors by name to logits, in f64 and without a plan: what a recorded plan has to
// compute.
import type { TransformerConfig } from "../../src/models/config.ts";
import { dequantize } from "../reference/dequantize.ts";
import type { TinyModel } from "./tiny_llama.ts";

/** How the angles of a test's model come about: the angle of pair i is position * frequencies[i]. */
export interface Angles {
  readonly frequencies: readonly number[];
  readonly magnitude: number;
}

type Vector = number[];

/** A model, and the keys and values so far: by layer, position and key/value head. */
interface Run {
  readonly model: TinyModel;
  readonly config: TransformerConfig;
  readonly angles: Angles;
  readonly keys: Vector[][][];
  readonly values: Vector[][][];
}

/** The logits of every position of one sequence of tokens. */
export function directLogits(
  model: TinyModel,
  { config, angles, tokens }: { config: TransformerConfig; angles: Angles; tokens: readonly number[] },
): Vector[] {
  const layers = Array.from({ length: config.layers }, (_, layer) => layer);
  const run: Run = { model, config, angles, keys: layers.map(() => []), values: layers.map(() => []) };
  return tokens.map((token, position) => {
    let x = tensor(run, "token_embd.weight")!.slice(token * config.columns, (token + 1) * config.columns);
    for (const layer of layers) {
      const name = `blk.${layer}`;
      const attended = attention(run, norm(run, `${name}.attn_norm`, x), { layer, position });
      x = add(x, linear(run, `${name}.attn_output`, attended));
      x = add(x, feedForward(run, name, norm(run, `${name}.ffn_norm`, x)));
    }
    const output = model.file.tensors.has("output.weight") ? "output" : "token_embd";
    return linear(run, output, norm(run, "output_norm", x));
  });
}

function attention(run: Run, x: Vector, { layer, position }: { layer: number; position: number }): Vector {
  const { heads, keyValueHeads, keyColumns, valueColumns } = run.config;
  const project = (name: string) => linear(run, `blk.${layer}.attn_${name}`, x);
  run.keys[layer].push(cut(project("k"), keyColumns).map((head) => rotate(run.angles, head, position)));
  run.values[layer].push(cut(project("v"), valueColumns));
  const queries = cut(project("q"), keyColumns).map((head) => rotate(run.angles, head, position));
  return queries.flatMap((query, h) => {
    const group = Math.floor((h * keyValueHeads) / heads);
    const scores = run.keys[layer].map((keys) => dot(query, keys[group]) / Math.sqrt(keyColumns));
    const weights = scores.map((score) => Math.exp(score - Math.max(...scores)));
    const total = weights.reduce((a, b) => a + b);
    const column = (i: number) => run.values[layer].map((values) => values[group][i]);
    return Array.from({ length: valueColumns }, (_, i) => dot(weights, column(i)) / total);
  });
}

function feedForward(run: Run, name: string, x: Vector): Vector {
  const up = linear(run, `${name}.ffn_up`, x);
  const hidden = linear(run, `${name}.ffn_gate`, x).map((gate, i) => (gate / (1 + Math.exp(-gate))) * up[i]);
  return linear(run, `${name}.ffn_down`, hidden);
}

function tensor({ model }: Run, name: string): Vector | undefined {
  const info = model.file.tensors.get(name);
  if (info === undefined) return undefined;
  const count = info.shape.reduce((product, dimension) => product * dimension, 1);
  return [...dequantize(info.type, { bytes: model.bytes, offset: info.offset, count })];
}

function linear(run: Run, name: string, x: Vector): Vector {
  const w = tensor(run, `${name}.weight`)!;
  const bias = tensor(run, `${name}.bias`);
  return cut(w, x.length).map((row, i) => dot(row, x) + (bias?.[i] ?? 0));
}

function norm(run: Run, name: string, x: Vector): Vector {
  const weight = tensor(run, `${name}.weight`)!;
  const scale = 1 / Math.sqrt(dot(x, x) / x.length + run.config.normEpsilon);
  return x.map((value, i) => value * scale * weight[i]);
}

function rotate({ frequencies, magnitude }: Angles, head: Vector, position: number): Vector {
  const rotated = [...head];
  for (const [i, frequency] of frequencies.entries()) {
    const [a, b] = [head[2 * i], head[2 * i + 1]];
    const [cos, sin] = [Math.cos(position * frequency), Math.sin(position * frequency)];
    rotated[2 * i] = (a * cos - b * sin) * magnitude;
    rotated[2 * i + 1] = (a * sin + b * cos) * magnitude;
  }
  return rotated;
}

/** The parts of `size` numbers, one after the other. */
function cut(x: Vector, size: number): Vector[] {
  return Array.from({ length: x.length / size }, (_, part) => x.slice(part * size, (part + 1) * size));
}

function add(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + b[i]);
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
