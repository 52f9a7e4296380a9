// A small plan with every op, as the bytes that C takes, and calls of C without the wrappers that keep arguments right:
// for tests that break them.
import { runWhole } from "../../src/time_slice.ts";
import { BufferRecord, ErrorRecord, InstrRecord, PlanShape, Status } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import { encodeCacheShape, encodePlan } from "../../src/plan/encode.ts";
import type { CacheShape, Plan } from "../../src/plan/plan.ts";

/** What a call returned, and what it said when that was an error. */
export interface Outcome {
  /** A status or a handle. */
  readonly result: number;
  readonly instruction: number;
  readonly text: string;
}

/** Makes a call with an error record as its last argument. */
export function outcomeOf(call: (error: Uint8Array) => number): Outcome {
  const record = new Uint8Array(ErrorRecord.size);
  const view = new DataView(record.buffer);
  view.setInt32(ErrorRecord.instruction, -2, true);
  const result = call(record);
  const text = new TextDecoder().decode(record.subarray(ErrorRecord.text));
  return { result, instruction: view.getInt32(ErrorRecord.instruction, true), text: text.slice(0, text.indexOf("\0")) };
}

/** Fields of an instruction; `undefined` and what is left out of a list stays. */
export interface InstrFields {
  readonly op?: number;
  readonly flags?: number;
  readonly dst?: number;
  readonly src?: readonly (number | undefined)[];
  readonly weight?: readonly (number | undefined)[];
  readonly n?: readonly number[];
  readonly f?: readonly number[];
}

/** Fields of a buffer. */
export interface BufferFields {
  readonly offset?: bigint;
  readonly columns?: number;
  readonly type?: number;
  readonly rows?: number;
}

/** Fields of the shape of a plan. */
export type ShapeFields = Partial<Record<Exclude<keyof typeof PlanShape, "size">, number>>;

/** A plan as bytes that can be changed. */
export interface RawPlan {
  readonly shape: Uint8Array;
  readonly instructions: Uint8Array;
  readonly buffers: Uint8Array;
}

/** A copy of the bytes of a plan. */
export function copyPlan({ shape, instructions, buffers }: RawPlan): RawPlan {
  return { shape: shape.slice(), instructions: instructions.slice(), buffers: buffers.slice() };
}

/** Changes an instruction. */
export function setInstruction({ instructions }: RawPlan, index: number, fields: InstrFields): void {
  const view = new DataView(instructions.buffer);
  const at = index * InstrRecord.size;
  const { op, flags, dst, src = [], weight = [], n = [], f = [] } = fields;
  if (op !== undefined) view.setUint16(at + InstrRecord.op, op, true);
  if (flags !== undefined) view.setUint16(at + InstrRecord.flags, flags, true);
  if (dst !== undefined) view.setUint32(at + InstrRecord.dst, dst, true);
  for (const [name, numbers] of Object.entries({ src, weight, n } as const)) {
    const start = at + InstrRecord[name as "src" | "weight" | "n"];
    numbers.forEach((value, i) => value !== undefined && view.setUint32(start + 4 * i, value, true));
  }
  f.forEach((value, i) => view.setFloat32(at + InstrRecord.f + 4 * i, value, true));
}

/** Changes a buffer. */
export function setBuffer({ buffers }: RawPlan, index: number, fields: BufferFields): void {
  const view = new DataView(buffers.buffer);
  const at = index * BufferRecord.size;
  const { offset, columns, type, rows } = fields;
  if (offset !== undefined) view.setBigUint64(at + BufferRecord.offset, offset, true);
  if (columns !== undefined) view.setUint32(at + BufferRecord.columns, columns, true);
  if (type !== undefined) view.setUint16(at + BufferRecord.type, type, true);
  if (rows !== undefined) view.setUint16(at + BufferRecord.rows, rows, true);
}

/** Changes the shape. */
export function setShape({ shape }: RawPlan, fields: ShapeFields): void {
  const view = new DataView(shape.buffer);
  for (const [name, value] of Object.entries(fields)) {
    if (name === "arenaBytes") view.setFloat64(PlanShape.arenaBytes, value, true);
    else view.setUint32(PlanShape[name as keyof ShapeFields], value, true);
  }
}

/** The cache of {@linkcode everyOp}. */
export const cacheShape: CacheShape = [
  { layers: 2, heads: 2, keyColumns: 32, valueColumns: 16, keyType: "F16", valueType: "F16", blocks: 3 },
];

/** Weights by their labels: type, layout, rows and columns. */
const weightShapes = {
  table: ["F32", "ROWS", 20, 64],
  wq: ["Q8_0", "TILES", 128, 64],
  wk: ["F16", "TILES", 64, 64],
  wv: ["F32", "TILES", 32, 64],
  out: ["Q4_K", "TILES", 20, 256],
} as const;

/** Enough for the largest of them. They all begin at the first byte. */
const MAP_BYTES = 32 * 1024;

/** A plan that uses every op once at least. Its buffers do not share memory, so that one can be broken by itself. */
export function everyOp(): Plan {
  const sizes = { tokensMax: 8, outputsMax: 4, contextLength: 192, threads: 2, cache: cacheShape };
  const plan = new PlanBuilder(sizes);
  const [table, wq, wk, wv, out] = Object.entries(weightShapes).map(([label, [type, layout, rows, columns]]) =>
    plan.weight({ label, type, layout, offset: 0, rows, columns })
  );
  const normWeight = plan.constant(new Float32Array(64).fill(1), { label: "norm" });
  const frequencies = plan.constant(Float64Array.from({ length: 8 }, (_, i) => 2 ** -i), { label: "frequencies" });
  const bias = plan.constant(new Float32Array(128).fill(0.5), { label: "bias" });
  const x = plan.embed(table, { label: "x" }); // (tokens, 64)
  const angles = plan.ropeTable(frequencies, { label: "angles" }); // (tokens, 16)
  const h = plan.rmsNorm(x, normWeight, { label: "h", epsilon: 1e-5 });
  const h8 = plan.quantize(h, { label: "h8" });
  const q = plan.matmul(h8, wq, { label: "q", bias }); // (tokens, 4 * 32)
  const k = plan.matmul(h, wk, { label: "k" }); // (tokens, 2 * 32)
  const v = plan.matmul(h, wv, { label: "v" }); // (tokens, 2 * 16)
  plan.rope(q, angles, { label: "rope", headColumns: 32, pairs: "NEOX" });
  plan.kvWrite(k, v, { label: "write", layer: 1 });
  const a = plan.attention(q, { label: "attend", layer: 1, heads: 4, scale: 0.2 }); // (tokens, 4 * 16)
  const sum = plan.add(x, a, { label: "sum" });
  const gated = plan.swiglu(sum, a, { label: "gated" });
  const rows = plan.rows(gated, { label: "rows" }); // (outputs, 64)
  const wide = plan.input({ label: "wide", rows: "OUTPUTS", columns: 256 });
  const logits = plan.matmul(wide, out, { label: "logits" }); // (outputs, 20)
  plan.matmul(wide, out, { label: "more", addTo: logits });
  for (const buffer of [x, angles, h, h8, q, k, v, a, sum, gated, rows, wide, logits]) plan.keep(buffer);
  return runWhole(plan.finish());
}

/** Everything {@linkcode everyOp} needs, in the native library, as handles. */
export interface RawObjects extends Disposable {
  readonly plan: Plan;
  readonly raw: RawPlan;
  readonly map: number;
  readonly weights: number;
  readonly cache: number;
  /** Calls `arp_plan_create`. */
  create(raw: RawPlan, objects?: { weights?: number; cache?: number }): Outcome;
  /** The number of an instruction, of a buffer, of a weight with this label. */
  instruction(label: string): number;
  buffer(label: string): number;
  weight(label: string): number;
}

/** Makes them. */
export function createObjects(): RawObjects {
  const { functions } = openLibrary();
  const plan = everyOp();
  const { weights: records, weightsCount, constants, ...raw } = encodePlan(plan);
  const bytes = new Uint8Array(MAP_BYTES).fill(0x3c); // Numbers about 1 or 0.01 in every format.
  const map = functions.arp_map_memory(bytes.length, null);
  functions.arp_map_write(map, 0, bytes, bytes.length);
  const weights = functions.arp_weights_create(map, records, weightsCount, constants, constants.length, 1, null);
  while (functions.arp_wait(weights, 1000, null) === Status.PENDING);
  const cache = functions.arp_cache_create(encodeCacheShape(cacheShape), 1, null);
  const find = (list: readonly { label: string }[]) => (label: string) => {
    const index = list.findIndex((item) => item.label === label);
    if (index < 0) throw new Error(`Expected a label of the plan but found ${label}`);
    return index;
  };
  return {
    ...{ plan, raw, map, weights, cache },
    create: ({ shape, instructions, buffers }, objects = {}) =>
      outcomeOf((error) =>
        functions.arp_plan_create(
          ...[objects.weights ?? weights, objects.cache ?? cache, shape, instructions, buffers, error] as const,
        )
      ),
    instruction: find(plan.instructions),
    buffer: (label) => find(plan.buffers.map((buffer) => ({ label: buffer.label.split(":")[0] })))(label),
    weight: find(plan.weights),
    [Symbol.dispose]: () => [weights, cache, map].forEach((handle) => functions.arp_release(handle)),
  };
}
