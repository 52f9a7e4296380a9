/**
 * Saving and loading sequences: their tokens, what has been computed of them, and their sampler. The bytes are put
 * together in sequence_file.ts.
 */

import type { KvCache } from "./cache/kv_cache.ts";
import type { KvSequence } from "./cache/kv_sequence.ts";
import { loadBlocks, saveBlocks, savedBytes } from "./cache/saved_blocks.ts";
import { ArpeggioError, SequenceStateError } from "./errors.ts";
import { createSampler, type ResolvedSamplingOptions, type Sampler, type SamplerState } from "./sampling/mod.ts";
import { createFile, openFile, seal } from "./sequence_file.ts";
import { runSliced } from "./time_slice.ts";

/** What has to be the same where a sequence is saved and where it is loaded. */
export interface StateIdentity {
  /** Of the model's file (model_fingerprint.ts). */
  readonly model: string;
  /** How the model is computed: precision, types and shape of the cache, version of the kernels, as text. */
  readonly computation: string;
}

/** What sequences are saved from and loaded into. */
export interface StatePlace {
  readonly cache: KvCache;
  readonly identity: () => Promise<StateIdentity>;
  readonly contextLength: number;
  readonly vocabularySize: number;
}

/** A sequence and what chooses its tokens. */
export interface SampledSequence {
  readonly sequence: KvSequence;
  readonly sampler: Sampler;
}

/** The header of a file. */
interface StateHeader extends StateIdentity {
  readonly tokens: number;
  /** How many of the tokens have been computed. */
  readonly computed: number;
  readonly repeatable: boolean;
  readonly sampling: ResolvedSamplingOptions;
  readonly sampler: SamplerState;
}

/**
 * The bytes of a sequence that nobody computes at the moment.
 *
 * @throws {ArpeggioError} When a fork shares its last block and the cache has no room for a copy.
 */
export async function saveState(
  { sequence, sampler }: SampledSequence,
  { cache, identity: find }: StatePlace,
): Promise<Uint8Array> {
  const identity = await find();
  const { length, repeatable } = sequence;
  const tokens = sequence.tokens.view().slice();
  const state = { sampling: sampler.options, sampler: sampler.getState() };
  const header: StateHeader = { ...identity, tokens: tokens.length, computed: length, repeatable, ...state };
  const { bytes, blocks } = createFile({ header, tokens, blocksBytes: savedBytes(cache, length) });
  sequence.busy = true;
  try {
    await runSliced(saveBlocks(cache, sequence, blocks));
  } finally {
    sequence.busy = false;
  }
  await seal(bytes);
  return bytes;
}

/**
 * A sequence from its bytes.
 *
 * @throws {SequenceStateError} When they are damaged or of another model, computation or version.
 * @throws {ArpeggioError} When the cache has not enough room.
 */
export async function loadState(bytes: Uint8Array, place: StatePlace): Promise<SampledSequence> {
  const { cache, contextLength } = place;
  const identity = await place.identity();
  const file = await openFile(bytes, (header) => checkHeader(header, { identity, contextLength }).tokens);
  const header = file.header as StateHeader;
  const unknown = file.tokens.find((token) => token < 0 || token >= place.vocabularySize);
  if (unknown !== undefined) throw new SequenceStateError(`Expected tokens of the model but found ${unknown}`);
  const wanted = savedBytes(cache, header.computed);
  if (file.blocks.length !== wanted) {
    throw new SequenceStateError(`Expected ${wanted} bytes of keys and values but found ${file.blocks.length}`);
  }
  const sampler = restoreSampler(header);
  const sequence = cache.createSequence(file.tokens);
  try {
    if (header.computed > 0) await restore(sequence, { header, blocks: file.blocks, cache });
  } catch (error) {
    sequence[Symbol.dispose]();
    throw error;
  }
  return { sequence, sampler };
}

async function restore(
  sequence: KvSequence,
  { header, blocks, cache }: { header: StateHeader; blocks: Uint8Array; cache: KvCache },
): Promise<void> {
  if (!sequence.restore(header.computed, header)) {
    // Computing again gives the same, when there is room.
    if (header.repeatable) return;
    const { usedTokens, totalTokens } = cache.usage;
    throw new ArpeggioError(
      `Expected room for ${header.computed} tokens in the key/value cache but ${usedTokens} of ${totalTokens} are in ` +
        `use: dispose sequences, or load the model with a larger cacheTokens`,
    );
  }
  sequence.busy = true;
  try {
    await runSliced(loadBlocks(cache, sequence, blocks));
  } finally {
    sequence.busy = false;
  }
}

/** The header, if it is one and of this model. */
function checkHeader(
  header: unknown,
  { identity, contextLength }: { identity: StateIdentity; contextLength: number },
): StateHeader {
  const { model, computation, tokens, computed, repeatable } = (header ?? {}) as Partial<StateHeader>;
  if (model !== identity.model) {
    throw new SequenceStateError(
      `Expected a sequence of the model ${identity.model} but found one of ${JSON.stringify(model)}`,
    );
  }
  if (computation !== identity.computation) {
    throw new SequenceStateError(
      `Expected a sequence computed with ${identity.computation} but found ${JSON.stringify(computation)}: load the ` +
        "model with the same precision and kvType, with the same version of arpeggio",
    );
  }
  // One token more: the last of a full context has not been computed.
  const counts = isCount(tokens, contextLength + 1) && isCount(computed, Math.min(tokens, contextLength));
  if (!counts || typeof repeatable !== "boolean") {
    throw new SequenceStateError(
      `Expected at most ${contextLength + 1} tokens but found ${JSON.stringify({ tokens, computed, repeatable })}: ` +
        "load the model with a larger contextLength",
    );
  }
  return header as StateHeader;
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && value as number >= 0 && value as number <= most;
}

function restoreSampler({ sampling, sampler: state }: StateHeader): Sampler {
  try {
    const sampler = createSampler(sampling);
    sampler.setState(state);
    return sampler;
  } catch (error) {
    throw new SequenceStateError(`Expected the state of a sampler but found something else: ${error}`, {
      cause: error,
    });
  }
}
