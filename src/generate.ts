/**
 * The generation loop: from a prompt to pieces of text. What tokens mean is the tokenizer's, which token comes next is
 * the sampler's, when it is computed is the scheduler's, and how a user holds it all is generation.ts's.
 */

import type { KvSequence } from "./cache/kv_sequence.ts";
import { type OverflowOptions, shiftContext } from "./context_overflow.ts";
import { GenerateProgress } from "./generate_progress.ts";
import type { GenerationResult, PieceReader } from "./generation.ts";
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
 * Generates: gives the reader text in pieces of whole characters, then returns the result. Awaits only what takes its
 * time, for which small models generate too fast: an await of nothing is a tenth of their token.
 *
 * @param reader With `cancel`, which ends the generation without an error. Both signals act at once.
 * @throws {RangeError} When the prompt is empty or longer than the context.
 * @throws {ContextOverflowError} When the context is full and that is to be an error.
 * @throws The reason of `request.signal`.
 */
export async function generate(
  engine: Engine,
  request: GenerateRequest,
  reader: PieceReader,
): Promise<GenerationResult> {
  const { tokenizer, contextLength, scheduler } = engine;
  const { sampler, overflow, maxTokens } = request;
  const { cancel } = reader;
  using joined = joinSignals(request.signal, cancel);
  const { signal } = joined;
  const progress = new GenerateProgress(engine, request);
  const { clock } = progress;
  using lane = scheduler.arrive();
  let sequence: KvSequence | undefined;
  try {
    sequence = await request.open(signal);
    const { tokens } = sequence;
    progress.promptTokens = tokens.length;
    progress.forgottenTokens += await fitPrompt(sequence, { contextLength, overflow });
    const decoder = new StreamDecoder(tokenizer, { previousToken: tokens.view().at(-1) });
    let token = -1;
    const take = (logits: Float32Array) => {
      if (maxTokens > 0) token = sampler.sample(logits);
    };
    const next = { sequence, lane, take, signal };
    const onStart = (cachedTokens: number) =>
      progress.begin({ cachedTokens, computedTokens: tokens.length - cachedTokens });
    await scheduler.compute({ ...next, begins: true, onStart });
    clock.promptEnds();
    if (maxTokens === 0) progress.stopReason = "maxTokens";
    while (progress.stopReason === undefined) {
      const { goesOn, piece } = progress.push(token, { decoder, contextTokens: tokens.length });
      if (goesOn) {
        sampler.accept(token);
        tokens.push([token]);
      }
      const reading = piece === "" ? undefined : reader.take(piece);
      if (reading !== undefined) {
        clock.pause();
        await reading;
        clock.resume();
      }
      if (progress.stopReason !== undefined) break;
      if (tokens.length > contextLength) {
        progress.forgottenTokens += await shiftContext(sequence, { contextLength, overflow });
      }
      const computing = scheduler.compute(next);
      if (computing !== undefined) await computing;
      clock.step();
    }
  } catch (error) {
    if (!cancel.aborted || error !== cancel.reason) throw error;
    progress.stopReason = "cancelled";
  } finally {
    if (sequence !== undefined) request.close(sequence);
  }
  return progress.result();
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
