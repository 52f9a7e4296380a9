/**
 * The generation loop: from a prompt to pieces of text. What tokens mean is the tokenizer's, which token comes next is
 * the sampler's, what is computed is the forward pass's, and how a user holds it all is generation.ts's.
 */

import type { KvCache } from "./cache/kv_cache.ts";
import type { ForwardPass } from "./forward.ts";
import { GenerateClock } from "./generate_clock.ts";
import type { GenerationResult, StopReason } from "./generation.ts";
import { joinSignals } from "./joined_signal.ts";
import { createSampler, type SamplingOptions } from "./sampling/mod.ts";
import { StopStrings } from "./stop_strings.ts";
import { StreamDecoder, type Tokenizer } from "./tokenizer/mod.ts";

/** The parts of a loaded model that generate. */
export interface Engine {
  readonly tokenizer: Tokenizer;
  readonly forward: ForwardPass;
  readonly cache: KvCache;
  /** The most tokens of prompt and answer together. */
  readonly contextLength: number;
  /** How long loading took, in milliseconds. */
  readonly loadMs: number;
}

/** One generation; its options have been checked. */
export interface GenerateRequest {
  /** Makes the tokens of the prompt. */
  readonly encode: (signal: AbortSignal) => Promise<Int32Array>;
  readonly sampling: SamplingOptions;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  /** Ends the generation with an error: the signal's reason. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Generates: yields text in pieces of whole characters, then returns the result.
 *
 * @param request With `cancel`, which ends the generation without an error. Both signals act within the time of one
 * instruction.
 * @throws {RangeError} When the prompt is empty or longer than the context.
 * @throws The reason of `request.signal`.
 */
export async function* generate(
  engine: Engine,
  request: GenerateRequest & { readonly cancel: AbortSignal },
): AsyncGenerator<string, GenerationResult> {
  const { tokenizer, forward, contextLength, loadMs } = engine;
  const { maxTokens, cancel } = request;
  using joined = joinSignals(request.signal, cancel);
  const { signal } = joined;
  const clock = new GenerateClock();
  const sampler = createSampler(request.sampling);
  const stops = new StopStrings(request.stop);
  const tokens: number[] = [];
  let [text, promptTokens, steps] = ["", 0, 0];
  let stopReason: StopReason | undefined = "maxTokens";
  using sequence = engine.cache.createSequence();
  try {
    const prompt = await request.encode(signal);
    promptTokens = prompt.length;
    expectPromptLength(promptTokens, contextLength);
    for (const token of prompt) sampler.accept(token);
    const decoder = new StreamDecoder(tokenizer, { previousToken: prompt.at(-1) });
    const logits = new Float32Array(forward.vocabularySize); // (vocabulary)
    const next = new Int32Array(1);
    clock.promptBegins();
    await forward.append(sequence, prompt, { logits, signal });
    clock.promptEnds();
    if (maxTokens > 0) stopReason = undefined;
    while (stopReason === undefined) {
      const token = sampler.sample(logits);
      clock.token();
      const ends = tokenizer.endOfGenerationTokens.has(token);
      if (!ends) tokens.push(token);
      if (!ends) sampler.accept(token);
      let piece = ends ? "" : stops.push(decoder.push(token));
      if (stops.found !== undefined) stopReason = "stop";
      else if (ends) stopReason = "endOfText";
      else if (tokens.length >= maxTokens) stopReason = "maxTokens";
      else if (sequence.length >= contextLength) stopReason = "contextFull";
      if (stopReason !== undefined) piece += stops.push(decoder.flush()) + stops.flush();
      if (piece !== "") {
        text += piece;
        clock.pause();
        yield piece;
        clock.resume();
      }
      if (stopReason !== undefined) break;
      next[0] = token;
      await forward.append(sequence, next, { logits, signal });
      steps++;
    }
  } catch (error) {
    if (!cancel.aborted || error !== cancel.reason) throw error;
    stopReason = "cancelled";
  }
  const usage = { promptTokens, generatedTokens: tokens.length, cachedTokens: 0 };
  const timings = clock.timings({ promptTokens, steps, loadMs });
  const result = { text, tokens, stopReason, seed: sampler.seed, usage, timings };
  return stops.found === undefined ? result : { ...result, stopString: stops.found };
}

function expectPromptLength(tokens: number, contextLength: number): void {
  if (tokens === 0) throw new RangeError("Expected a prompt of at least one token but found an empty one");
  if (tokens <= contextLength) return;
  throw new RangeError(
    `Expected a prompt of at most ${contextLength} tokens (the contextLength of this model) but found ${tokens}`,
  );
}
