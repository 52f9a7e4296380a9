/**
 * The generation loop: from a prompt to pieces of text. What tokens mean is the tokenizer's, which token comes next is
 * the sampler's, when it is computed is the scheduler's, and how a user holds it all is generation.ts's.
 */

import type { KvSequence } from "./cache/kv_sequence.ts";
import { type OverflowOptions, shiftContext } from "./context_overflow.ts";
import { GenerateProgress } from "./generate_progress.ts";
import type { GenerationResult } from "./generation.ts";
import type { JobOptions, Lane } from "./job.ts";
import { joinSignals } from "./joined_signal.ts";
import type { Sampler } from "./sampling/mod.ts";
import type { Scheduler } from "./scheduler.ts";
import { StreamDecoder, type Tokenizer } from "./tokenizer/mod.ts";

/** The parts of a loaded model that generate. */
export interface Engine {
  readonly tokenizer: Tokenizer;
  readonly scheduler: Scheduler;
  /** The most tokens of prompt and answer together. */
  readonly contextLength: number;
  /** How long loading took, in milliseconds. */
  readonly loadMs: number;
}

/** One generation; its options have been checked. */
export interface GenerateRequest {
  /** Gives the sequence with the prompt. */
  readonly open: (signal: AbortSignal) => Promise<KvSequence>;
  /** Is told that the sequence is not needed any more. */
  readonly close: (sequence: KvSequence) => void;
  /** Knows the tokens of the prompt when `open` is done. */
  readonly sampler: Sampler;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly overflow: OverflowOptions;
  /** Ends the generation with an error: the signal's reason. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Generates: yields text in pieces of whole characters, then returns the result.
 *
 * @param request With `cancel`, which ends the generation without an error. Both signals act at once.
 * @throws {RangeError} When the prompt is empty or longer than the context.
 * @throws {ContextOverflowError} When the context is full and that is to be an error.
 * @throws The reason of `request.signal`.
 */
export async function* generate(
  engine: Engine,
  request: GenerateRequest & { readonly cancel: AbortSignal },
): AsyncGenerator<string, GenerationResult> {
  const { tokenizer, contextLength } = engine;
  const { sampler, cancel, overflow } = request;
  using joined = joinSignals(request.signal, cancel);
  const { signal } = joined;
  const progress = new GenerateProgress(engine, request);
  using lane = engine.scheduler.arrive();
  let sequence: KvSequence | undefined;
  try {
    sequence = await request.open(signal);
    const { tokens } = sequence;
    progress.promptTokens = tokens.length;
    progress.forgottenTokens += await fitPrompt(sequence, { contextLength, overflow });
    const decoder = new StreamDecoder(tokenizer, { previousToken: tokens.view().at(-1) });
    const next = nextToken(engine, { sequence, lane, sampler, signal, samples: request.maxTokens > 0 });
    const onStart = (cachedTokens: number) =>
      progress.begin({ cachedTokens, computedTokens: tokens.length - cachedTokens });
    let token = await next({ onStart });
    progress.clock.promptEnds();
    if (request.maxTokens === 0) progress.stopReason = "maxTokens";
    while (progress.stopReason === undefined) {
      const { goesOn, piece } = progress.push(token, { decoder, contextTokens: tokens.length });
      if (goesOn) {
        sampler.accept(token);
        tokens.push([token]);
      }
      if (piece !== "") {
        progress.clock.pause();
        yield piece;
        progress.clock.resume();
      }
      if (progress.stopReason !== undefined) break;
      progress.forgottenTokens += await shiftContext(sequence, { contextLength, overflow });
      token = await next();
      progress.clock.step();
    }
  } catch (error) {
    if (!cancel.aborted || error !== cancel.reason) throw error;
    progress.stopReason = "cancelled";
  } finally {
    if (sequence !== undefined) request.close(sequence);
  }
  return progress.result();
}

/** A function that computes what has not been computed, and samples what follows. */
function nextToken(
  { scheduler }: Engine,
  from: { sequence: KvSequence; lane: Lane; sampler: Sampler; signal: AbortSignal; samples: boolean },
): (options?: Pick<JobOptions, "onStart">) => Promise<number> {
  const { sequence, lane, sampler, signal, samples } = from;
  let token = -1;
  const take = (logits: Float32Array) => {
    if (samples) token = sampler.sample(logits);
  };
  let begins = true;
  return async (options) => {
    await scheduler.compute({ sequence, lane, begins, take, signal, ...options });
    begins = false;
    return token;
  };
}

/** Makes sure that there is a prompt and that the context has room for it. Returns how many tokens were forgotten. */
async function fitPrompt(
  sequence: KvSequence,
  { contextLength, overflow }: { contextLength: number; overflow: OverflowOptions },
): Promise<number> {
  const { length } = sequence.tokens;
  if (length === 0) throw new RangeError("Expected a prompt of at least one token but found an empty one");
  if (overflow.contextOverflow === "shift") return await shiftContext(sequence, { contextLength, overflow });
  if (length <= contextLength) return 0;
  throw new RangeError(
    `Expected a prompt of at most ${contextLength} tokens (the contextLength of this model) but found ${length}`,
  );
}
