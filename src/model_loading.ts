/**
 * Loading: from the bytes of a model to the parts that generate. The order matters: weights are arranged by the
 * threads of the native library while this thread, in slices, makes the tables of the tokenizer.
 */

import { KvCache } from "./cache/kv_cache.ts";
import { nativeMemory } from "./cache/native_memory.ts";
import { cacheBlocks } from "./cache_size.ts";
import { type ChatTemplate, createChatTemplate } from "./chat/mod.ts";
import { GgufError, NativeError } from "./errors.ts";
import { nextTurn } from "./event_loop.ts";
import { ForwardPass } from "./forward.ts";
import type { GgufFile } from "./gguf/parse.ts";
import { readGguf } from "./gguf/reader.ts";
import {
  cacheTypeOf,
  type LoadModelOptions,
  type LoadPhase,
  type ResolvedSizes,
  resolveSizes,
} from "./load_options.ts";
import { modelFingerprint } from "./model_fingerprint.ts";
import { type ModelSource, openModelSource } from "./model_source.ts";
import { architectureOf, buildModelSliced, cacheShapeOf, type ModelPlan, tensorsToRead } from "./models/mod.ts";
import { ABI_VERSION } from "./native/abi.ts";
import { openLibrarySliced } from "./native/library.ts";
import { NativeCache, type NativeMap, NativeWeights } from "./native/objects.ts";
import { NativePlan } from "./native/plan.ts";
import { encodeCacheShape, encodePlan } from "./plan/encode.ts";
import { type CacheShape, instructionName } from "./plan/plan.ts";
import { Scheduler } from "./scheduler.ts";
import type { StateIdentity } from "./sequence_state.ts";
import { runSliced } from "./time_slice.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer/mod.ts";

/** How many tokens are looked at between two chances for the event loop. */
const TOKENS_PER_STEP = 1000;

/** The metadata key of the chat template. */
const TEMPLATE_KEY = "tokenizer.chat_template";

/** Everything a loaded model consists of. Disposing it frees what the native library holds. */
export interface ModelParts extends Disposable {
  readonly file: GgufFile;
  readonly modelPlan: ModelPlan;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly weights: NativeWeights;
  readonly nativeCache: NativeCache;
  readonly nativePlan: NativePlan;
  readonly cache: KvCache;
  readonly scheduler: Scheduler;
  /** What sequences are saved for. */
  readonly identity: () => Promise<StateIdentity>;
}

/**
 * Loads a model. When it fails, nothing is left behind.
 *
 * @param options Checked ones.
 */
export async function loadParts(source: string | URL | Uint8Array, options: LoadModelOptions): Promise<ModelParts> {
  const { signal } = options;
  signal?.throwIfAborted();
  // Code that runs for the first time is slow: each part of the work gets a turn of the event loop of its own.
  await openLibrarySliced();
  await nextTurn();
  await using opened = disposable(await openModelSource(source));
  const report = (phase: LoadPhase, fraction: number) => options.onProgress?.({ phase, fraction });
  report("header", 0);
  const file = await readGguf(opened.bytes, { signal });
  const sizes = resolveSizes(options, architectureOf(file).configure(file).contextLengthTrained);
  const modelPlan = await planModel(file, { options, sizes, source: opened });
  report("header", 1);
  using stack = new DisposableStack();
  await nextTurn();
  const encoded = encodePlan(modelPlan.plan);
  const map = stack.use(await mapModel(file, { source: opened, signal }));
  const weights = stack.use(NativeWeights.create(map, { ...encoded, threads: options.threads ?? 0 }));
  const identity = identityOf(file, { modelPlan, map, options });
  report("tokenizer", 0);
  const tokenizer = await runSliced(createTokenizer(file.metadata), { signal });
  const template = await runSliced(createTemplate(file, { tokenizer, given: options.chatTemplate }), { signal });
  report("tokenizer", 1);
  await weights.ready({ signal, onProgress: (share) => report("weights", share) });
  await nextTurn();
  const nativeCache = stack.use(createNativeCache(modelPlan.cacheShape));
  const names = modelPlan.plan.instructions.map(nameAt);
  const nativePlan = stack.use(NativePlan.create({ ...encoded, weights, cache: nativeCache, names }));
  const { plan, logits, cacheShape } = modelPlan;
  const forward = new ForwardPass({ plan, native: nativePlan, logits, sequencesMax: sizes.sequencesMax });
  const groups = cacheShape.map(({ blocks, window = 0 }) => ({ blocks, window }));
  const cache = new KvCache(groups, nativeMemory(nativeCache, plan));
  const scheduler = new Scheduler({ forward, cache, queueMax: sizes.queueMax });
  const owned = stack.move();
  return {
    ...{ file, modelPlan, tokenizer, template, weights, nativeCache, nativePlan, cache, scheduler, identity },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function disposable(source: ModelSource): ModelSource & AsyncDisposable {
  return { ...source, [Symbol.asyncDispose]: () => source.close() };
}

/** As errors name it: "matmul at #37 blk.2.ffn_up". */
function nameAt(instruction: Parameters<typeof instructionName>[0], index: number): string {
  return instructionName(instruction).replace(" ", ` at #${index} `);
}

async function planModel(
  file: GgufFile,
  { options, sizes, source }: { options: LoadModelOptions; sizes: ResolvedSizes; source: ModelSource },
): Promise<ModelPlan> {
  const { contextLength, tokensMax, sequencesMax: outputsMax } = sizes;
  const { precision = "q8", threads = 0 } = options;
  const { kvType = precision === "f32" ? "f32" : "f16" } = options;
  const keyType = cacheTypeOf(kvType);
  const tensorData = new Map<string, Uint8Array>();
  for (const { name, offset, bytes } of tensorsToRead(file)) {
    tensorData.set(name, await source.bytes.read(offset, bytes));
  }
  const types = { precision, keyType, valueType: keyType, contextLength } as const;
  const shape = cacheShapeOf(architectureOf(file).configure(file), { ...types, cacheBlocks: 1 });
  const windows = shape.map(({ window = 0 }) => window);
  const { cacheBytes } = options;
  const blocks = cacheBlocks({ ...sizes, windows, cacheBytes, blockBytes: measureBlocks(shape) });
  const work = buildModelSliced(file, {
    ...{ ...types, tokensMax, outputsMax, threads, tensorData },
    ...{ cacheBlocks: Math.max(...blocks), windowBlocks: Math.min(...blocks) },
  });
  return await runSliced(work, { signal: options.signal });
}

/** What has to be the same for a saved sequence to go on: found out when one is saved or loaded for the first time. */
function identityOf(
  file: GgufFile,
  from: { modelPlan: ModelPlan; map: NativeMap; options: LoadModelOptions },
): () => Promise<StateIdentity> {
  const { modelPlan, map, options: { precision = "q8" } } = from;
  const groups = modelPlan.cacheShape.map(({ keyType, valueType, window = 0 }) => `${keyType} ${valueType} ${window}`);
  const computation = `abi ${ABI_VERSION}, ${precision}, ${groups.join(", ")}`;
  let identity: Promise<StateIdentity> | undefined;
  return () => identity ??= modelFingerprint(map, file).then((model) => ({ model, computation }));
}

/** Bytes of a block of each group: of a cache that has one of each. */
function measureBlocks(shape: CacheShape): number[] {
  using probe = NativeCache.create(encodeCacheShape(shape.map((group) => ({ ...group, blocks: 1 }))));
  return shape.map((_, group) => probe.blockBytes(group));
}

function createNativeCache(shape: CacheShape): NativeCache {
  try {
    return NativeCache.create(encodeCacheShape(shape));
  } catch (error) {
    if (!(error instanceof NativeError && error.status === "OUT_OF_MEMORY")) throw error;
    throw new NativeError(`${error.message}: load the model with smaller cacheBytes, or cacheTokens`, error.status);
  }
}

async function mapModel(
  file: GgufFile,
  { source, signal }: { source: ModelSource; signal: AbortSignal | undefined },
): Promise<NativeMap> {
  const map = await source.map({ signal });
  if (map.bytes === file.fileBytes) return map;
  const found = map.bytes;
  map[Symbol.dispose]();
  throw new GgufError(`Expected a file of ${file.fileBytes} bytes but found ${found}: it changes while it is read`);
}

/** The chat template of the file, or the one given, with the texts that messages must not bring in. */
function* createTemplate(
  file: GgufFile,
  { tokenizer, given }: { tokenizer: Tokenizer; given: string | undefined },
): Generator<void, ChatTemplate> {
  const { bosToken, eosToken, vocabularySize } = tokenizer;
  const controlTexts: string[] = [];
  for (let token = 0; token < vocabularySize; token++) {
    const type = tokenizer.tokenType(token);
    if (type === "control" || type === "unknown") controlTexts.push(tokenizer.tokenText(token));
    if (token % TOKENS_PER_STEP === 0) yield;
  }
  return createChatTemplate(given ?? file.metadata.getString(TEMPLATE_KEY, { default: undefined }), {
    bosToken: bosToken === undefined ? undefined : tokenizer.tokenText(bosToken),
    eosToken: eosToken === undefined ? undefined : tokenizer.tokenText(eosToken),
    controlTexts,
  });
}
