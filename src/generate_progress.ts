/** What a generation has so far: its text and its tokens, and whether it is over. */

import { ContextOverflowError } from "./errors.ts";
import type { Engine, GenerateRequest } from "./generate.ts";
import { GenerateClock } from "./generate_clock.ts";
import type { GenerationResult, StopReason } from "./generation.ts";
import { StopStrings } from "./stop_strings.ts";
import type { StreamDecoder } from "./tokenizer/mod.ts";

/** Collects tokens until one of them, or their number, ends the text. */
export class GenerateProgress {
  readonly clock: GenerateClock = new GenerateClock();
  /** Why it is over; `undefined` while it goes on. */
  stopReason: StopReason | undefined;
  promptTokens = 0;
  forgottenTokens = 0;
  readonly #engine: Engine;
  readonly #request: GenerateRequest;
  readonly #stops: StopStrings;
  readonly #tokens: number[] = [];
  #text = "";
  #cachedTokens = 0;
  #computedTokens = 0;

  constructor(engine: Engine, request: GenerateRequest) {
    this.#engine = engine;
    this.#request = request;
    this.#stops = new StopStrings(request.stop);
  }

  /** The prompt is being computed, what the cache does not have of it. */
  begin({ cachedTokens, computedTokens }: { cachedTokens: number; computedTokens: number }): void {
    [this.#cachedTokens, this.#computedTokens] = [cachedTokens, computedTokens];
    this.clock.promptBegins();
  }

  /**
   * The next token.
   *
   * @param contextTokens How many tokens the sequence has.
   * @returns Whether the token goes on with the sequence, and what there is to show now.
   * @throws {ContextOverflowError} When the context is full and that is to be an error.
   */
  push(token: number, from: { decoder: StreamDecoder; contextTokens: number }): { goesOn: boolean; piece: string } {
    const { decoder, contextTokens } = from;
    const { tokenizer, contextLength } = this.#engine;
    const { maxTokens, overflow: { contextOverflow } } = this.#request;
    this.clock.token();
    const goesOn = !tokenizer.endOfGenerationTokens.has(token);
    if (goesOn) this.#tokens.push(token);
    let piece = goesOn ? this.#stops.push(decoder.push(token)) : "";
    if (this.#stops.found !== undefined) this.stopReason = "stop";
    else if (!goesOn) this.stopReason = "endOfText";
    else if (this.#tokens.length >= maxTokens) this.stopReason = "maxTokens";
    else if (contextTokens >= contextLength) {
      // The last token of a full context is not computed: nothing comes after it.
      if (contextOverflow === "error") throw new ContextOverflowError(contextLength);
      if (contextOverflow !== "shift") this.stopReason = "contextFull";
    }
    if (this.stopReason !== undefined) piece += this.#stops.push(decoder.flush()) + this.#stops.flush();
    this.#text += piece;
    return { goesOn, piece };
  }

  /** When it is over. */
  result(): GenerationResult {
    const { loadMs } = this.#engine;
    const stopString = this.#stops.found;
    return {
      text: this.#text,
      tokens: this.#tokens,
      stopReason: this.stopReason ?? "cancelled",
      seed: this.#request.sampler.seed,
      usage: {
        promptTokens: this.promptTokens,
        generatedTokens: this.#tokens.length,
        cachedTokens: this.#cachedTokens,
        ...(this.forgottenTokens > 0 ? { forgottenTokens: this.forgottenTokens } : {}),
      },
      timings: this.clock.timings({ computedTokens: this.#computedTokens, loadMs }),
      ...(stopString === undefined ? {} : { stopString }),
    };
  }
}
