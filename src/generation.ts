/**
 * A running generation as its user sees it: text piece by piece, or all at once. Where the pieces come from is left to
 * generate.ts.
 */

/** Why a generation ended. `cancelled`: its reader left the loop, or it was disposed. */
export type StopReason = "endOfText" | "maxTokens" | "stop" | "contextFull" | "cancelled";

/** How many tokens were processed. */
export interface Usage {
  /** Tokens of the prompt. */
  readonly promptTokens: number;
  /** Tokens generated, without one that ended the text. */
  readonly generatedTokens: number;
  /** Tokens of the prompt that did not have to be computed: what was computed before begins with them. */
  readonly cachedTokens: number;
  /** Tokens of prompt and answer that were forgotten to make room (`contextOverflow: "shift"`), if there were any. */
  readonly forgottenTokens?: number;
}

/** How long it took. Waiting for the reader of the pieces does not count. */
export interface Timings {
  /** Loading the model, before any generation, in milliseconds. */
  readonly loadMs: number;
  /** From the start until the prompt began to be computed: tokenizing, and waiting for a turn, in milliseconds. */
  readonly queueMs: number;
  /** Computing the prompt, in milliseconds. */
  readonly promptMs: number;
  /** Everything after the prompt, in milliseconds. */
  readonly generateMs: number;
  /** From the start to the first token, in milliseconds. */
  readonly firstTokenMs: number;
  /** Tokens of the prompt per second, of those that had to be computed. */
  readonly promptTokensPerSecond: number;
  /** Tokens per second after the first one, which belongs to the prompt; 0 when there was no other. */
  readonly generatedTokensPerSecond: number;
}

/** What a generation resulted in. */
export interface GenerationResult {
  /** All pieces together. */
  readonly text: string;
  /** The ids of the generated tokens, without one that ended the text. */
  readonly tokens: readonly number[];
  /** Why it ended. */
  readonly stopReason: StopReason;
  /** The stop string that ended the text, when `stopReason` is `"stop"`. */
  readonly stopString?: string;
  /** The seed that was used: with it and the same options, the same text is generated again. */
  readonly seed: number;
  /** How many tokens were processed. */
  readonly usage: Usage;
  /** How long it took. */
  readonly timings: Timings;
}

/** Produces the pieces and in the end the result. Stops between two pieces, or by the signal, with "cancelled". */
export type PieceSource = (cancel: AbortSignal) => AsyncGenerator<string, GenerationResult>;

/**
 * A generation that starts when it is first awaited or iterated; one that never is costs nothing.
 *
 * - `for await (const piece of generation)` yields text as it is generated: at least one character each, never a part
 *   of one. Nothing is computed ahead of the reader. Leaving the loop early stops the generation, unless somebody
 *   awaits it.
 * - `await generation` runs it to its end and gives the whole {@linkcode GenerationResult}; after a loop, that of the
 *   loop.
 *
 * Both can be used, and more than once: it is generated only once. Errors reach whoever awaits or iterates.
 */
export class Generation implements AsyncIterable<string, undefined>, PromiseLike<GenerationResult> {
  readonly #pieces: string[] = [];
  readonly #cancel = new AbortController();
  readonly #source: PieceSource;
  #running: AsyncGenerator<string, GenerationResult> | undefined;
  #pulling: Promise<void> | undefined;
  #outcome: { readonly result: GenerationResult } | { readonly error: unknown } | undefined;
  #drained: Promise<GenerationResult> | undefined;
  #readers = 0;

  /** For `Model.generate`. */
  constructor(source: PieceSource) {
    this.#source = source;
  }

  /** Yields the text from its beginning, piece by piece. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, undefined> {
    this.#readers++;
    let ended = false;
    try {
      for (let next = 0;; next++) {
        while (next >= this.#pieces.length && this.#outcome === undefined) await this.#pull();
        if (next < this.#pieces.length) {
          yield this.#pieces[next];
          continue;
        }
        ended = true;
        if (this.#outcome !== undefined && "error" in this.#outcome) throw this.#outcome.error;
        return;
      }
    } finally {
      this.#readers--;
      if (!ended && this.#readers === 0 && this.#drained === undefined) this[Symbol.dispose]();
    }
  }

  /** Runs to the end; see `Promise.prototype.then`. */
  // deno-lint-ignore no-thenable -- `await generation` is the point.
  then<Fulfilled = GenerationResult, Rejected = never>(
    onFulfilled?: ((result: GenerationResult) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((error: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#drained ??= this.#drain();
    return this.#drained.then(onFulfilled, onRejected);
  }

  /** Stops the generation; whoever awaits it gets what there is, with the stop reason `"cancelled"`. */
  [Symbol.dispose](): void {
    this.#cancel.abort();
    // Nobody may be reading any more: let it end, which frees its memory. Its errors are kept for whoever asks.
    if (this.#running !== undefined && this.#outcome === undefined) void this.#pullToEnd();
  }

  /** Stops the generation and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel.abort();
    if (this.#running !== undefined) await this.#pullToEnd();
  }

  async #drain(): Promise<GenerationResult> {
    await this.#pullToEnd();
    if (this.#outcome !== undefined && "result" in this.#outcome) return this.#outcome.result;
    throw this.#outcome?.error;
  }

  async #pullToEnd(): Promise<void> {
    while (this.#outcome === undefined) await this.#pull();
  }

  /**
   * One more piece, or the end. Never rejects: the outcome says it. Several callers at once wait for the same piece.
   */
  #pull(): Promise<void> {
    this.#pulling ??= this.#pullOnce().finally(() => this.#pulling = undefined);
    return this.#pulling;
  }

  async #pullOnce(): Promise<void> {
    this.#running ??= this.#source(this.#cancel.signal);
    try {
      const { done, value } = await this.#running.next();
      if (done) this.#outcome = { result: value };
      else this.#pieces.push(value);
    } catch (error) {
      this.#outcome = { error };
    }
  }
}
