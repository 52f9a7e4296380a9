// Loads a GGUF file into native plans with nothing between test and library, and computes logits with any number of
// threads and any division of the prompt. What the logits should be is left to the tests.
import { fileURLToPath } from "node:url";
import { buildModel, type BuildOptions, type ModelPlan } from "../../src/models/mod.ts";
import { Limit } from "../../src/native/abi.ts";
import { NativeCache, NativeMap, NativeWeights } from "../../src/native/objects.ts";
import { NativePlan } from "../../src/native/plan.ts";
import { encodeCacheShape, encodePlan } from "../../src/plan/encode.ts";
import { createFrame, encodeFrame, type Step } from "../../src/plan/frame.ts";
import { instructionName } from "../../src/plan/plan.ts";
import { readModel } from "../reference/fixtures.ts";
import { sequenceStep } from "../reference/interpret.ts";

/** How {@linkcode loadEngine} builds a model. */
export interface EngineOptions {
  readonly precision: BuildOptions["precision"];
  /** The most tokens in one step. Default: 64. */
  readonly tokensMax?: number;
}

/** How {@linkcode Engine.logits} computes: nothing of it may change a bit. */
export interface RunOptions {
  /** The most tokens in one step. Default: `tokensMax`. */
  readonly chunk?: number;
  /** Default: 0, one per physical core. */
  readonly threads?: number;
}

/** A model in the native library, with a cache for one text of {@linkcode CONTEXT_LENGTH} tokens. */
export interface Engine extends Disposable {
  readonly model: ModelPlan;
  /** Numbers per row of logits. */
  readonly vocabulary: number;
  /** Executes one step and gives the logits of its outputs. (outputs, vocabulary) */
  step(step: Step, options?: { threads?: number }): Promise<Float32Array>;
  /** The logits of every token of a text. (tokens, vocabulary) */
  logits(tokens: readonly number[], options?: RunOptions): Promise<Float32Array>;
}

/** The most tokens of a text: as many as arpeggio-mini has positions. */
export const CONTEXT_LENGTH = 512;

const BLOCKS = CONTEXT_LENGTH / Limit.BLOCK_POSITIONS;

/** The table of a text alone in the cache. Any order of the blocks will do; this one is not that of their numbers. */
export const blockTable: number[] = Array.from({ length: BLOCKS }, (_, i) => BLOCKS - 1 - i);

/** Loads a model. */
export async function loadEngine(url: URL, options: EngineOptions): Promise<Engine> {
  const { precision, tokensMax = 64 } = options;
  const sizes = { tokensMax, outputsMax: tokensMax, cacheBlocks: BLOCKS, contextLength: CONTEXT_LENGTH };
  const model = buildModel(readModel(url).file, { ...sizes, precision });
  const owned = new DisposableStack();
  using map = NativeMap.ofFile(fileURLToPath(url));
  const weights = owned.use(NativeWeights.create(map, { ...encodePlan(model.plan), threads: 0 }));
  await weights.ready();
  const cache = owned.use(NativeCache.create(encodeCacheShape(model.cacheShape)));
  const vocabulary = model.plan.buffers[model.logits].columns;
  const limits = { tokensMax, outputsMax: tokensMax, sequencesMax: tokensMax, tableBlocksMax: BLOCKS, groups: 1 };
  const frame = createFrame(limits);
  const plans = new Map<number, NativePlan>();

  // Plans with any number of threads share weights and cache.
  function planFor(threads: number): NativePlan {
    const known = plans.get(threads);
    if (known !== undefined) return known;
    const names = model.plan.instructions.map(instructionName);
    const made = NativePlan.create({ ...encodePlan({ ...model.plan, threads }), weights, cache, names });
    plans.set(threads, owned.use(made));
    return made;
  }

  async function step(step: Step, { threads = 0 }: { threads?: number } = {}): Promise<Float32Array> {
    const plan = planFor(threads);
    await plan.step(frame.words, { words: encodeFrame(frame, step) });
    const rows = step.outputs.length;
    const logits = new Float32Array(rows * vocabulary);
    plan.readRows({ buffer: model.logits, row: 0, rows }, logits);
    return logits;
  }

  async function logits(tokens: readonly number[], options: RunOptions = {}): Promise<Float32Array> {
    const { chunk = tokensMax, threads = 0 } = options;
    const all = new Float32Array(tokens.length * vocabulary);
    for (let start = 0; start < tokens.length; start += chunk) {
      const part = sequenceStep(tokens.slice(start, start + chunk), { start, blocks: blockTable });
      all.set(await step(part, { threads }), start * vocabulary);
    }
    return all;
  }

  return { model, vocabulary, step, logits, [Symbol.dispose]: () => owned.dispose() };
}
