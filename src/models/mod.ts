/**
 * The list of architectures, and from a file to a plan through the one it names. Loading weights and running the plan
 * is left to the callers.
 */

import type { GgufFile } from "../gguf/parse.ts";
import { PlanBuilder } from "../plan/builder.ts";
import { runWhole } from "../time_slice.ts";
import { type CacheShape, type CacheType, cacheTypes, type Plan, POSITIONS_MAX } from "../plan/plan.ts";
import type { Architecture, Precision } from "./architecture.ts";
import type { TransformerConfig } from "./config.ts";
import { llama } from "./llama.ts";
import { ModelTensors, type TensorData } from "./tensors.ts";

export type { Architecture, Precision } from "./architecture.ts";
export type { TransformerConfig } from "./config.ts";
export { type TensorData, tensorsToRead } from "./tensors.ts";

/** Every architecture that can be run. To add one: its file in this folder, and a line here. */
export const architectures: readonly Architecture[] = [
  llama,
];

/** Options of {@linkcode buildModel}. */
export interface BuildOptions {
  /** The most tokens in one step. */
  readonly tokensMax: number;
  /** The most rows of logits in one step. */
  readonly outputsMax: number;
  /** How exact the matmuls are. */
  readonly precision: Precision;
  /** The number of blocks of the key/value cache, 64 positions each. */
  readonly cacheBlocks: number;
  /** The same for layers that see a window of it. Default: as many. */
  readonly windowBlocks?: number | undefined;
  /** Positions are below this. Default: what the model was trained with, up to 2^20. */
  readonly contextLength?: number | undefined;
  /** The type of keys in the cache. Default: F16, and F32 when the precision is "f32". */
  readonly keyType?: CacheType | undefined;
  /** The type of values in the cache. Default: as `keyType`'s. */
  readonly valueType?: CacheType | undefined;
  /** How many threads execute the plan. Default: 0, one per physical core. */
  readonly threads?: number | undefined;
  /** The bytes of the tensors {@linkcode tensorsToRead} lists. Default: none, for files where it lists none. */
  readonly tensorData?: TensorData | undefined;
}

/** A model as a plan. */
export interface ModelPlan {
  /** The name of the architecture. */
  readonly architecture: string;
  readonly config: TransformerConfig;
  readonly plan: Plan;
  readonly cacheShape: CacheShape;
  /** The buffer with the logits (outputs, vocabulary). */
  readonly logits: number;
  /** The names of tensors of the file that the plan does not use. */
  readonly unusedTensors: readonly string[];
}

/**
 * The architecture a file is of.
 *
 * @throws {GgufError} When the file names none, or one that is not supported.
 */
export function architectureOf(file: GgufFile): Architecture {
  const key = "general.architecture";
  const name = file.metadata.getString(key, { purpose: "the kind of model" });
  const architecture = architectures.find((known) => known.name === name);
  if (architecture !== undefined) return architecture;
  const supported = architectures.map((known) => known.name).join(", ");
  const expected = `Expected one of the architectures ${supported} (to add one: src/models/mod.ts)`;
  throw file.metadata.errorAt(key, `${expected} but found ${JSON.stringify(name)}`);
}

/**
 * Records the forward pass of a model, at once; 10 to 30 ms for a large one.
 *
 * @throws What {@linkcode buildModelSliced} throws.
 */
export function buildModel(file: GgufFile, options: BuildOptions): ModelPlan {
  return runWhole(buildModelSliced(file, options));
}

/**
 * Records the forward pass of a model, in slices for `runSliced`.
 *
 * @throws {GgufError} When the file's metadata or tensors are not what its architecture needs.
 * @throws {RangeError} When an option is out of range.
 */
export function* buildModelSliced(file: GgufFile, options: BuildOptions): Generator<void, ModelPlan> {
  const { tokensMax, outputsMax, precision, threads = 0, tensorData = new Map() } = options;
  expectOneOf("precision", precision, ["q8", "f32"]);
  const architecture = architectureOf(file);
  const config = architecture.configure(file);
  const { contextLength = Math.min(config.contextLengthTrained, POSITIONS_MAX) } = options;
  const cache = cacheShapeOf(config, options);
  const plan = new PlanBuilder({ tokensMax, outputsMax, contextLength, threads, cache });
  const tensors = new ModelTensors(file, plan, { data: tensorData });
  const logits = yield* architecture.build({ plan, tensors, config, precision });
  plan.keep(logits);
  return {
    architecture: architecture.name,
    config,
    plan: yield* plan.finish(),
    cacheShape: cache,
    logits: logits.index,
    unusedTensors: tensors.unused(),
  };
}

/** The cache that {@linkcode buildModel} records a model for. */
export function cacheShapeOf(
  config: TransformerConfig,
  options: Pick<BuildOptions, "precision" | "cacheBlocks" | "windowBlocks" | "contextLength" | "keyType" | "valueType">,
): CacheShape {
  const { precision, cacheBlocks, windowBlocks = cacheBlocks, contextLength = Infinity } = options;
  const { layers, keyValueHeads: heads, keyColumns, valueColumns, slidingWindow } = config;
  const { keyType = precision === "f32" ? "F32" : "F16" } = options;
  const { valueType = keyType } = options;
  expectOneOf("keyType", keyType, cacheTypes);
  expectOneOf("valueType", valueType, cacheTypes);
  if (!Number.isInteger(cacheBlocks) || cacheBlocks < 1 || cacheBlocks > 2 ** 26) {
    throw new RangeError(`Expected cacheBlocks to be an integer in [1, ${2 ** 26}] but found ${cacheBlocks}`);
  }
  const group = { layers, heads, keyColumns, valueColumns, keyType, valueType };
  // A window that the context does not leave is none.
  const isWindowed = slidingWindow !== 0 && slidingWindow < contextLength;
  return [isWindowed ? { ...group, blocks: windowBlocks, window: slidingWindow } : { ...group, blocks: cacheBlocks }];
}

function expectOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RangeError(`Expected ${name} to be ${allowed.join(" or ")} but found ${value}`);
}
