/**
 * Records plans: one method per op of csrc/abi.h, each checking the shapes it is given when it is called, so that a
 * wrong architecture fails at the line that is wrong. Who may run at the same time and where buffers are is decided at
 * the end, by dependencies.ts and memory.ts.
 */

import { Limit, RopePairs } from "../native/abi.ts";
import { type AttentionOptions, attentionParts } from "./attention_options.ts";
import {
  expectColumns,
  expectCount,
  expectDivisor,
  expectFileType,
  expectLayer,
  expectLayout,
  expectRows,
  expectRowVector,
  expectSameShape,
  expectTokens,
  expectType,
  expectWholeBlocks,
  type Place,
} from "./checks.ts";
import { bufferIntervals, groupInstructions, type RecordedInstruction } from "./dependencies.ts";
import { planMemory } from "./memory.ts";
import {
  ALIGNMENT_BYTES,
  type Buffer,
  bufferRowBytes,
  type BufferType,
  type CacheShape,
  COLUMNS_MAX,
  isIntegerType,
  type Plan,
  POSITIONS_MAX,
  type Weight,
} from "./plan.ts";

/** The sizes a plan is made for. */
export interface PlanOptions {
  /** The most tokens in one step: rows of TOKENS buffers. */
  readonly tokensMax: number;
  /** The most rows of logits in one step: rows of OUTPUTS buffers. */
  readonly outputsMax: number;
  /** Positions are below this. */
  readonly contextLength: number;
  /** How many threads execute it. Default: 0, one per physical core. */
  readonly threads?: number;
  /** The key/value cache. Default: none, for plans without attention. */
  readonly cache?: CacheShape;
}

/** What every op takes: what the instruction is for, in error messages and print-outs. */
export interface Labelled {
  readonly label: string;
}

/** What is left out of an instruction is empty. */
type InstructionParts = Partial<Omit<RecordedInstruction, keyof Place>>;

/**
 * A plan being recorded. Each op appends an instruction and returns the buffer it writes.
 *
 * @example
 * const plan = new PlanBuilder({ tokensMax: 8, outputsMax: 1, contextLength: 512 });
 * const x = plan.input({ label: "x", columns: 256, rows: "TOKENS" });
 * const w = plan.weight({ label: "w", type: "F32", layout: "TILES", offset: 0, rows: 64, columns: 256 });
 * plan.keep(plan.matmul(x, w, { label: "w" }));
 * const finished = runWhole(plan.finish());
 */
export class PlanBuilder {
  readonly #options: PlanOptions;
  readonly #instructions: RecordedInstruction[] = [];
  readonly #buffers: Buffer[] = [];
  readonly #weights: Weight[] = [];
  readonly #constants: { offset: number; bytes: Uint8Array }[] = [];
  readonly #kept = new Set<number>();
  #constantsBytes = 0;

  constructor(options: PlanOptions) {
    expectCount("tokensMax", options.tokensMax, { max: Limit.TOKENS });
    expectCount("outputsMax", options.outputsMax, { max: options.tokensMax });
    expectCount("contextLength", options.contextLength, { max: POSITIONS_MAX });
    if (options.threads !== 0) expectCount("threads", options.threads ?? 1, { max: Limit.THREADS });
    this.#options = options;
  }

  /** A tensor of the file, at `offset` bytes from its start. */
  weight(weight: Omit<Weight, "index" | "source">): Weight {
    expectWholeBlocks(weight);
    return this.#addWeight({ ...weight, source: "MAP" });
  }

  /** Values that are computed and not read: a weight of one row, F64 or F32 as the array is. */
  constant(values: Float32Array | Float64Array, { label }: Labelled): Weight {
    const offset = this.#constantsBytes;
    // A copy with a buffer of its own, so that all of that buffer is the value. Every supported host is little endian.
    this.#constants.push({ offset, bytes: new Uint8Array(values.slice().buffer) });
    this.#constantsBytes += Math.ceil(values.byteLength / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    const type = values instanceof Float64Array ? "F64" : "F32";
    const place = { layout: "ROWS", source: "CONSTANTS", offset } as const;
    return this.#addWeight({ label, type, ...place, rows: 1, columns: values.length });
  }

  /** An F32 buffer that is filled from outside before each step. */
  input(buffer: Pick<Buffer, "label" | "rows" | "columns">): Buffer {
    return this.#addBuffer({ ...buffer, type: "F32" });
  }

  /** Says that a buffer is read after the step, so that nothing else takes its place. */
  keep(buffer: Buffer): void {
    this.#kept.add(buffer.index);
  }

  /** x (tokens, d) = the rows of `table` (vocabulary, d) that the frame's tokens name, times `scale` (1). */
  embed(table: Weight, options: Labelled & { scale?: number }): Buffer {
    const at = { op: "EMBED", label: options.label } as const;
    expectLayout(table, "ROWS", at);
    expectFileType(table, at);
    const dst = this.#result(at, { rows: "TOKENS", columns: table.columns });
    return this.#record(at, { dst, weights: [table], f: [options.scale ?? 1] });
  }

  /**
   * RMSNorm (https://arxiv.org/abs/1910.07467): y (rows, d) = x (rows, d) / sqrt(mean(x^2) + epsilon) * weight, over
   * groups of as many columns as `weight` (1, group) has: all of a row, or each head by itself.
   */
  rmsNorm(src: Buffer, weight: Weight, options: Labelled & { epsilon: number; type?: BufferType }): Buffer {
    const { label, epsilon, type = "F32" } = options;
    const at = { op: "RMS_NORM", label } as const;
    expectType(src, "F32", at);
    expectRowVector(weight, "F32", at);
    expectDivisor(weight.columns, src.columns, { ...at, what: "columns of src in groups of the weight's" });
    const dst = this.#result(at, { rows: src.rows, columns: src.columns, type });
    return this.#record(at, { dst, src: [src], weights: [weight], n: [weight.columns], f: [epsilon] });
  }

  /** y (rows, d) in Q8 or Q16 = x (rows, d) in F32. */
  quantize(src: Buffer, { label, type = "Q8" }: Labelled & { type?: "Q8" | "Q16" }): Buffer {
    const at = { op: "QUANTIZE", label } as const;
    expectType(src, "F32", at);
    const dst = this.#result(at, { rows: src.rows, columns: src.columns, type });
    return this.#record(at, { dst, src: [src] });
  }

  /**
   * y (rows, m) = x (rows, n) * weight (m, n)^T + bias (1, m). With `addTo`, y is that buffer and the product is added
   * to what it holds. x is F32, or Q8 or Q16 when the weight is made of integers.
   */
  matmul(src: Buffer, weight: Weight, options: Labelled & { bias?: Weight | undefined; addTo?: Buffer }): Buffer {
    const { label, bias, addTo } = options;
    const at = { op: "MATMUL", label } as const;
    expectLayout(weight, "TILES", at);
    expectFileType(weight, at);
    expectColumns("src", src, { ...at, columns: weight.columns });
    if (!isIntegerType(weight.type)) expectType(src, "F32", at);
    if (bias !== undefined) {
      expectRowVector(bias, "F32", at);
      expectColumns("the bias", bias, { ...at, columns: weight.rows });
    }
    if (addTo !== undefined) {
      expectType(addTo, "F32", at);
      expectRows(addTo, src.rows, at);
      expectColumns("the buffer to add to", addTo, { ...at, columns: weight.rows });
      if (addTo === src) throw new RangeError(`matmul ${label}: Expected to add to another buffer than src`);
    }
    const dst = addTo ?? this.#result(at, { rows: src.rows, columns: weight.rows });
    const weights = bias === undefined ? [weight] : [weight, bias];
    return this.#record(at, { dst, src: [src], weights, accumulate: addTo !== undefined });
  }

  /**
   * RoPE angles (https://arxiv.org/abs/2104.09864): y (tokens, r) = cos and sin, in turn, of position * frequencies[i],
   * times `magnitude` (1). `frequencies` is F64 (1, r / 2).
   */
  ropeTable(frequencies: Weight, options: Labelled & { magnitude?: number }): Buffer {
    const { label, magnitude = 1 } = options;
    const at = { op: "ROPE_TABLE", label } as const;
    expectRowVector(frequencies, "F64", at);
    const dst = this.#result(at, { rows: "TOKENS", columns: frequencies.columns * 2 });
    return this.#record(at, { dst, weights: [frequencies], f: [magnitude] });
  }

  /**
   * Rotates x (tokens, heads * headColumns) in place by `table` (tokens, r): pairs of the first r columns of each head,
   * neighbours (`INTERLEAVED`) or r / 2 apart (`NEOX`). Returns x.
   */
  rope(src: Buffer, table: Buffer, options: Labelled & { headColumns: number; pairs: keyof typeof RopePairs }): Buffer {
    const { label, headColumns, pairs } = options;
    const at = { op: "ROPE", label } as const;
    expectTokens(src, at);
    expectTokens(table, at);
    expectDivisor(headColumns, src.columns, { ...at, what: "columns of src in heads" });
    expectCount("the columns of the table", table.columns, { max: headColumns, place: at });
    return this.#record(at, { dst: src, src: [src, table], n: [headColumns, table.columns, RopePairs[pairs]] });
  }

  /** Puts keys (tokens, g * k) and values (tokens, g * v) into a layer of a group (0) of the cache. */
  kvWrite(keys: Buffer, values: Buffer, options: Labelled & { layer: number; group?: number }): void {
    const { label, layer, group = 0 } = options;
    const at = { op: "KV_WRITE", label } as const;
    const cache = expectLayer(this.#options.cache, { group, layer }, at);
    expectTokens(keys, at);
    expectTokens(values, at);
    expectColumns("the keys", keys, { ...at, columns: cache.heads * cache.keyColumns });
    expectColumns("the values", values, { ...at, columns: cache.heads * cache.valueColumns });
    this.#record(at, { src: [keys, values], n: [layer, group] });
  }

  /**
   * Causal attention: y (tokens, h * v) = softmax(queries (tokens, h * k) . keys * scale) . values, per head, over the
   * positions of the token's sequence up to its own that the window of the cache's group holds. h / g query heads share
   * a key/value head.
   */
  attention(queries: Buffer, options: Labelled & AttentionOptions): Buffer {
    const { label, layer, group = 0, heads } = options;
    const at = { op: "ATTENTION", label } as const;
    const cache = expectLayer(this.#options.cache, { group, layer }, at);
    expectTokens(queries, at);
    const parts = attentionParts(options, { cache, at });
    expectColumns("the queries", queries, { ...at, columns: heads * cache.keyColumns });
    const dst = this.#result(at, { rows: "TOKENS", columns: heads * cache.valueColumns });
    return this.#record(at, { dst, src: [queries], ...parts });
  }

  /** SwiGLU (https://arxiv.org/abs/2002.05202): y (rows, d) = silu(gate) * up, silu(x) = x / (1 + e^-x). */
  swiglu(gate: Buffer, up: Buffer, options: Labelled & { type?: BufferType }): Buffer {
    const { label, type = "F32" } = options;
    const at = { op: "SWIGLU", label } as const;
    expectSameShape(gate, up, at);
    const dst = this.#result(at, { rows: gate.rows, columns: gate.columns, type });
    return this.#record(at, { dst, src: [gate, up] });
  }

  /** y (rows, d) = a + b. */
  add(a: Buffer, b: Buffer, { label }: Labelled): Buffer {
    const at = { op: "ADD", label } as const;
    expectSameShape(a, b, at);
    const dst = this.#result(at, { rows: a.rows, columns: a.columns });
    return this.#record(at, { dst, src: [a, b] });
  }

  /** y (outputs, d) = the rows of x (tokens, d) that the frame lists. */
  rows(src: Buffer, { label }: Labelled): Buffer {
    const at = { op: "ROWS", label } as const;
    expectTokens(src, at);
    const dst = this.#result(at, { rows: "OUTPUTS", columns: src.columns });
    return this.#record(at, { dst, src: [src] });
  }

  /** The plan of everything recorded: with waits where somebody depends, and every buffer in its place. In slices. */
  *finish(): Generator<void, Plan> {
    const { tokensMax, outputsMax, contextLength, threads = 0, cache } = this.#options;
    const groups = groupInstructions(this.#instructions);
    yield;
    const instructions = this.#instructions.map((one, i) => ({ ...one, noWait: groups[i] === groups[i + 1] }));
    const intervals = bufferIntervals(this.#instructions, { groups, buffers: this.#buffers, kept: this.#kept });
    yield;
    const arena = planMemory(this.#buffers.map((buffer, i) => ({
      bytes: bufferRowBytes(buffer) * (buffer.rows === "TOKENS" ? tokensMax : outputsMax),
      ...intervals[i],
    })));
    yield;
    const constants = new Uint8Array(this.#constantsBytes);
    for (const { offset, bytes } of this.#constants) constants.set(bytes, offset);
    const lists = { instructions, buffers: [...this.#buffers], weights: [...this.#weights] };
    return { ...lists, constants, arena, tokensMax, outputsMax, contextLength, threads, cache };
  }

  #record<Dst extends Buffer | undefined>(at: Place, parts: InstructionParts & { dst?: Dst }): Dst {
    const { dst, src = [], weights = [], n = [], f = [], accumulate = false } = parts;
    this.#instructions.push({ ...at, dst, src, weights, n, f, accumulate });
    expectCount("the number of instructions", this.#instructions.length, { max: Limit.INSTRUCTIONS });
    return dst as Dst;
  }

  /** The buffer an instruction writes: F32 unless said otherwise, named after the instruction. */
  #result(at: Place, buffer: Pick<Buffer, "rows" | "columns"> & { type?: BufferType }): Buffer {
    return this.#addBuffer({ label: `${at.label}:${at.op.toLowerCase()}`, type: "F32", ...buffer });
  }

  #addBuffer(buffer: Omit<Buffer, "index">): Buffer {
    expectCount("the number of buffers", this.#buffers.length + 1, { max: Limit.BUFFERS });
    expectCount(`the columns of buffer ${buffer.label}`, buffer.columns, { max: COLUMNS_MAX });
    const added = { index: this.#buffers.length, ...buffer };
    this.#buffers.push(added);
    return added;
  }

  #addWeight(weight: Omit<Weight, "index">): Weight {
    expectCount("the number of weights", this.#weights.length + 1, { max: Limit.WEIGHTS });
    expectCount(`the rows of weight ${weight.label}`, weight.rows, { max: 2 ** 31 - 1 });
    expectCount(`the columns of weight ${weight.label}`, weight.columns, { max: 2 ** 31 - 1 });
    const added = { index: this.#weights.length, ...weight };
    this.#weights.push(added);
    return added;
  }
}
