// Makes tiny llama files with random weights and any configuration, for tests that need another model than the real
// ones.
import { writeGguf } from "../../src/gguf/write.ts";
import type { MetadataValue } from "../../src/gguf/write.ts";
import { parseGguf } from "../../src/gguf/parse.ts";
import type { GgufFile } from "../../src/gguf/parse.ts";
import { tensorsToRead } from "../../src/models/mod.ts";
import { runWhole } from "../../src/time_slice.ts";
import { seededRandom } from "../gguf/seeded_random.ts";

/** What a tiny model may differ in. */
export interface TinyOptions {
  readonly seed?: number;
  readonly layers?: number;
  readonly columns?: number;
  readonly hidden?: number;
  readonly heads?: number;
  readonly keyValueHeads?: number;
  readonly keyColumns?: number;
  readonly valueColumns?: number;
  readonly vocabulary?: number;
  /** Whether there is no output matrix of its own. Default: false. */
  readonly tied?: boolean;
  /** Whether linear layers have biases. Default: false. */
  readonly biases?: boolean;
  /** Frequency factors, written as rope_freqs.weight. */
  readonly ropeFactors?: readonly number[];
  /** Metadata to add or, with `undefined`, to leave out, by key. */
  readonly metadata?: Readonly<Record<string, MetadataValue | undefined>>;
  /** The type of a tensor. Default: F32. */
  readonly typeOf?: (name: string) => "F32" | "F16" | "BF16" | "Q8_0";
  /** Changes the list of tensors at the end. */
  readonly edit?: (tensors: TinyTensor[]) => TinyTensor[];
}

/** A tensor of a tiny model. */
export interface TinyTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A tiny model: the bytes of the file and what the parser says of them. */
export interface TinyModel {
  readonly bytes: Uint8Array;
  readonly file: GgufFile;
}

const sizes = { layers: 2, columns: 32, hidden: 64, heads: 4, keyValueHeads: 2, vocabulary: 48 };

/** Makes a tiny model. */
export function tinyLlama(options: TinyOptions = {}): TinyModel {
  const { layers, columns, hidden, heads, keyValueHeads } = { ...sizes, ...options };
  const { keyColumns = columns / heads, valueColumns = columns / heads } = options;
  const uint32 = (value: number): MetadataValue => ({ type: "uint32", value });
  const float32 = (value: number): MetadataValue => ({ type: "float32", value });
  const metadata: Record<string, MetadataValue | undefined> = {
    "general.architecture": { type: "string", value: "llama" },
    "llama.block_count": uint32(layers),
    "llama.context_length": uint32(256),
    "llama.embedding_length": uint32(columns),
    "llama.feed_forward_length": uint32(hidden),
    "llama.attention.head_count": uint32(heads),
    "llama.attention.head_count_kv": uint32(keyValueHeads),
    "llama.attention.key_length": uint32(keyColumns),
    "llama.attention.value_length": uint32(valueColumns),
    "llama.attention.layer_norm_rms_epsilon": float32(1e-5),
    ...options.metadata,
  };
  const tensors = tinyTensors(options);
  const bytes = writeGguf({
    metadata: Object.entries(metadata).filter((entry): entry is [string, MetadataValue] => entry[1] !== undefined),
    tensors: options.edit?.(tensors) ?? tensors,
  });
  return { bytes, file: runWhole(parseGguf(bytes)) };
}

/** The bytes of the tensors that building a plan needs, as a caller reads them. */
export function tensorDataOf({ file, bytes }: TinyModel): Map<string, Uint8Array> {
  return new Map(
    tensorsToRead(file).map(({ name, offset, bytes: length }) => {
      return [name, bytes.slice(offset, offset + length)] as const;
    }),
  );
}

function tinyTensors(options: TinyOptions): TinyTensor[] {
  const { layers, columns, hidden, heads, keyValueHeads, vocabulary } = { ...sizes, ...options };
  const { keyColumns = columns / heads, valueColumns = columns / heads } = options;
  const random = seededRandom(options.seed ?? 1);
  const tensors: TinyTensor[] = [];
  function add(name: string, shape: readonly number[], spread: number, center = 0): void {
    const type = options.typeOf?.(name) ?? "F32";
    const count = shape.reduce((product, dimension) => product * dimension, 1);
    const values = Float32Array.from({ length: count }, () => center + spread * (random() / 2 ** 31 - 1));
    tensors.push({ name, type, shape, data: encodeValues(type, values) });
  }
  function addLinear(name: string, [m, n]: readonly [number, number]): void {
    add(`${name}.weight`, [n, m], 1.7 / Math.sqrt(n));
    if (options.biases) add(`${name}.bias`, [m], 0.2);
  }
  add("token_embd.weight", [columns, vocabulary], 1);
  for (let i = 0; i < layers; i++) {
    add(`blk.${i}.attn_norm.weight`, [columns], 0.3, 1);
    addLinear(`blk.${i}.attn_q`, [heads * keyColumns, columns]);
    addLinear(`blk.${i}.attn_k`, [keyValueHeads * keyColumns, columns]);
    addLinear(`blk.${i}.attn_v`, [keyValueHeads * valueColumns, columns]);
    addLinear(`blk.${i}.attn_output`, [columns, heads * valueColumns]);
    add(`blk.${i}.ffn_norm.weight`, [columns], 0.3, 1);
    addLinear(`blk.${i}.ffn_gate`, [hidden, columns]);
    addLinear(`blk.${i}.ffn_up`, [hidden, columns]);
    addLinear(`blk.${i}.ffn_down`, [columns, hidden]);
  }
  add("output_norm.weight", [columns], 0.3, 1);
  if (!options.tied) add("output.weight", [columns, vocabulary], 1.7 / Math.sqrt(columns));
  const { ropeFactors } = options;
  if (ropeFactors) {
    const data = new Uint8Array(Float32Array.from(ropeFactors).buffer);
    tensors.push({ name: "rope_freqs.weight", type: "F32", shape: [ropeFactors.length], data });
  }
  return tensors;
}

function encodeValues(type: "F32" | "F16" | "BF16" | "Q8_0", values: Float32Array): Uint8Array {
  if (type === "F32") return new Uint8Array(values.slice().buffer);
  if (type === "Q8_0") return encodeQ8(values);
  const view = new DataView(new ArrayBuffer(2 * values.length));
  const words = new Uint32Array(values.slice().buffer);
  for (let i = 0; i < values.length; i++) {
    if (type === "F16") view.setFloat16(2 * i, values[i], true);
    else view.setUint16(2 * i, words[i] >>> 16, true);
  }
  return new Uint8Array(view.buffer);
}

/** Blocks of an f16 scale and 32 int8. */
function encodeQ8(values: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer((values.length / 32) * 34));
  for (let block = 0; block < values.length / 32; block++) {
    const part = values.subarray(32 * block, 32 * block + 32);
    const scale = part.reduce((max, value) => Math.max(max, Math.abs(value)), 0) / 127;
    view.setFloat16(34 * block, scale, true);
    part.forEach((value, i) => view.setInt8(34 * block + 2 + i, Math.round(value / scale) | 0));
  }
  return new Uint8Array(view.buffer);
}
