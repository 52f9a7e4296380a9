// Attention by itself: plans that put keys and values into a cache and ask queries of it, filled with what a test
// likes. Which positions of a text a step computes, and in how many pieces, is the test's choice.
import { NativeCache, NativeMap, NativeWeights } from "../../src/native/objects.ts";
import { Limit } from "../../src/native/abi.ts";
import { NativePlan } from "../../src/native/plan.ts";
import { PlanBuilder, type PlanOptions } from "../../src/plan/builder.ts";
import { encodeCacheShape, encodePlan } from "../../src/plan/encode.ts";
import { createFrame, encodeFrame } from "../../src/plan/frame.ts";
import { type Buffer, type CacheType, instructionName, type Plan } from "../../src/plan/plan.ts";
import { runWhole } from "../../src/time_slice.ts";
import { seededRandom } from "../gguf/seeded_random.ts";

/** The shape of one layer of attention. */
export interface AttentionShape {
  /** Key/value heads. */
  readonly keyValueHeads: number;
  /** Query heads per key/value head. */
  readonly group: number;
  readonly keyColumns: number;
  readonly valueColumns: number;
  /** Of keys and values in the cache. */
  readonly type: CacheType;
  /** Of values. Default: `type`. */
  readonly valueType?: CacheType;
  /** Default: 0, none. */
  readonly window?: number;
}

/** The activations of a text of `length` positions. */
export interface AttentionData {
  readonly length: number;
  /** (length, keyValueHeads * group * keyColumns) */
  readonly queries: Float32Array;
  /** (length, keyValueHeads * keyColumns) */
  readonly keys: Float32Array;
  /** (length, keyValueHeads * valueColumns) */
  readonly values: Float32Array;
}

/** Numbers with the distribution of a sum of four uniform ones: mean 0, deviation 1. */
export function randomData(shape: AttentionShape, { length, seed }: { length: number; seed: number }): AttentionData {
  const { keyValueHeads, group, keyColumns, valueColumns } = shape;
  const random = seededRandom(seed);
  const draw = (count: number) =>
    Float32Array.from({ length: count }, () => {
      const sum = random() + random() + random() + random();
      return (sum / 2 ** 32 - 2) * Math.sqrt(3);
    });
  return {
    length,
    queries: draw(length * keyValueHeads * group * keyColumns),
    keys: draw(length * keyValueHeads * keyColumns),
    values: draw(length * keyValueHeads * valueColumns),
  };
}

/** How an {@linkcode AttentionRunner} is made. */
export interface RunnerOptions {
  /** Positions are below this. */
  readonly contextLength: number;
  /** The most tokens in one step. Default: 64. */
  readonly tokensMax?: number;
  /** Default: 0, one per physical core. */
  readonly threads?: number;
  /** Default: 1 / sqrt(keyColumns). */
  readonly scale?: number;
  /** Default: 0, none. */
  readonly softCap?: number;
  /** Per head. Default: none. */
  readonly sinks?: readonly number[];
  /** Per head. Default: none. */
  readonly slopes?: readonly number[];
}

/** What queries see. Default: what is causal. */
export interface Seeing {
  /** So many positions see each other. */
  readonly prefix?: number;
  /** Instead of what is causal: a bit per position. (queries, words) */
  readonly masks?: { readonly words: Uint32Array; readonly wordsPerToken: number };
  /** Instead of the one in which everything was written. */
  readonly blockTable?: readonly number[];
}

/** One layer of attention in the native library. */
export interface AttentionRunner extends Disposable {
  /** Puts the keys and values of positions `from` to `to - 1` into the cache. */
  write(data: AttentionData, range: { from: number; to: number }): Promise<void>;
  /** Asks the queries of some positions, in one step: the results (positions, heads * valueColumns). */
  attend(data: AttentionData, positions: readonly number[], seeing?: Seeing): Promise<Float32Array>;
  /** The cache; its blocks are in the order of `blockTable`. */
  readonly cache: NativeCache;
  readonly blockTable: readonly number[];
  /** Bytes that the plan of the queries has for activations. */
  readonly arenaBytes: number;
  /** Bytes that the library says this plan holds. */
  readonly memoryBytes: number;
}

/** The layer of the cache that is used: not the first one. */
const LAYER = 1;

/** Makes a cache with two plans over it, one that writes and one that attends. */
export async function createAttention(shape: AttentionShape, options: RunnerOptions): Promise<AttentionRunner> {
  const { keyValueHeads, keyColumns, valueColumns, type, valueType = type, window = 0 } = shape;
  const { contextLength, tokensMax = 64, threads = 0, scale = 1 / Math.sqrt(keyColumns) } = options;
  const blocks = Math.ceil(contextLength / Limit.BLOCK_POSITIONS);
  const heads = { heads: keyValueHeads, keyColumns, valueColumns, keyType: type, valueType };
  const cacheShape = [{ layers: LAYER + 1, ...heads, blocks, window }];
  const sizes = { tokensMax, outputsMax: 1, contextLength, threads, cache: cacheShape };
  const { writing, keys, values } = recordWriter(sizes, shape);
  const { reading, queries, results } = recordReader(sizes, { ...shape, ...options, scale });
  const owned = new DisposableStack();
  const cache = owned.use(NativeCache.create(encodeCacheShape(cacheShape)));
  const write = owned.use(await createPlan(writing, cache));
  const attend = owned.use(await createPlan(reading, cache));
  const limits = { tokensMax, outputsMax: 1, sequencesMax: 1, tableBlocksMax: blocks, groups: 1 };
  const frame = createFrame({ ...limits, maskWordsMax: Math.ceil(contextLength / 32) });
  const blockTable = shuffled(blocks);

  /** Executes a plan for some positions. */
  async function step(plan: NativePlan, positions: readonly number[], seeing: Seeing = {}): Promise<void> {
    const zeros = positions.map(() => 0);
    const words = encodeFrame(frame, {
      tokens: zeros,
      positions,
      sequences: zeros,
      outputs: [],
      blockTables: [[seeing.blockTable ?? blockTable]],
      prefixes: seeing.prefix === undefined ? undefined : [seeing.prefix],
      masks: seeing.masks,
    });
    await plan.step(frame.words, { words });
  }

  return {
    ...{ cache, blockTable },
    arenaBytes: reading.arena.bytes,
    memoryBytes: attend.memoryBytes,
    write: async (data, { from, to }) => {
      for (let start = from; start < to; start += tokensMax) {
        const end = Math.min(to, start + tokensMax);
        fill(write, { buffer: keys, values: rowsOf(data.keys, keys, { from: start, to: end }) });
        fill(write, { buffer: values, values: rowsOf(data.values, values, { from: start, to: end }) });
        await step(write, Array.from({ length: end - start }, (_, i) => start + i));
      }
    },
    attend: async (data, positions, seeing) => {
      const asked = new Float32Array(positions.length * queries.columns);
      for (const [i, position] of positions.entries()) {
        asked.set(rowsOf(data.queries, queries, { from: position, to: position + 1 }), i * queries.columns);
      }
      fill(attend, { buffer: queries, values: asked });
      await step(attend, positions, seeing);
      const found = new Float32Array(positions.length * results.columns);
      attend.readRows({ buffer: results.index, row: 0, rows: positions.length }, found);
      return found;
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** The plan that writes. */
function recordWriter(sizes: PlanOptions, shape: AttentionShape): { writing: Plan; keys: Buffer; values: Buffer } {
  const { keyValueHeads, keyColumns, valueColumns } = shape;
  const plan = new PlanBuilder(sizes);
  const keys = plan.input({ label: "keys", rows: "TOKENS", columns: keyValueHeads * keyColumns });
  const values = plan.input({ label: "values", rows: "TOKENS", columns: keyValueHeads * valueColumns });
  plan.kvWrite(keys, values, { label: "write", layer: LAYER });
  return { writing: runWhole(plan.finish()), keys, values };
}

/** The plan that attends. */
function recordReader(
  sizes: PlanOptions,
  shape: AttentionShape & RunnerOptions & { scale: number },
): { reading: Plan; queries: Buffer; results: Buffer } {
  const { keyValueHeads, group, keyColumns, scale, softCap, sinks, slopes } = shape;
  const heads = keyValueHeads * group;
  const plan = new PlanBuilder(sizes);
  const queries = plan.input({ label: "queries", rows: "TOKENS", columns: heads * keyColumns });
  const constant = (label: string, values?: readonly number[]) =>
    values === undefined ? undefined : plan.constant(Float32Array.from(values), { label });
  const given = { softCap, sinks: constant("sinks", sinks), slopes: constant("slopes", slopes) };
  const results = plan.attention(queries, { label: "attend", layer: LAYER, heads, scale, ...given });
  plan.keep(results);
  return { reading: runWhole(plan.finish()), queries, results };
}

/** A plan without weights. */
async function createPlan(plan: Plan, cache: NativeCache): Promise<NativePlan> {
  const encoded = encodePlan(plan);
  using map = await NativeMap.ofBytes(new Uint8Array(64));
  using weights = NativeWeights.create(map, { ...encoded, threads: 1 });
  await weights.ready();
  return NativePlan.create({ ...encoded, weights, cache, names: plan.instructions.map(instructionName) });
}

function fill(plan: NativePlan, { buffer, values }: { buffer: Buffer; values: Float32Array }): void {
  plan.writeRows(values, { buffer: buffer.index, row: 0, rows: values.length / buffer.columns });
}

function rowsOf(all: Float32Array, { columns }: Buffer, { from, to }: { from: number; to: number }): Float32Array {
  return all.subarray(from * columns, to * columns);
}

/** The numbers below `count` in an order that is not theirs. */
function shuffled(count: number): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const random = seededRandom(count);
  for (let i = count - 1; i > 0; i--) {
    const j = random() % (i + 1);
    [numbers[i], numbers[j]] = [numbers[j], numbers[i]];
  }
  return numbers;
}
