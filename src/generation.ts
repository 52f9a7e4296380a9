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

/** Who reads the pieces. */
export interface PieceReader {
  /** Aborted when no more pieces are wanted: the source then ends with "cancelled". */
  readonly cancel: AbortSignal;
  /**
   * Takes a piece.
   *
   * @returns What the source awaits before it computes the next one; `undefined` when that is wanted already.
   */
  take(piece: string): Promise<void> | undefined;
}

/** Gives the reader the pieces and in the end returns the result. */
export type PieceSource = (reader: PieceReader) => Promise<GenerationResult>;

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
  /** How many pieces are wanted so far. */
  #wanted = 0;
  /** Lets the source go on, when it waits until more are wanted. */
  #resume: (() => void) | undefined;
  /** Fulfilled with the next piece or the end, when a reader waits for that. */
  #news: PromiseWithResolvers<void> | undefined;
  #running: Promise<void> | undefined;
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
        while (next >= this.#pieces.length && this.#outcome === undefined) await this.#untilNews(next + 1);
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
    if (this.#running !== undefined && this.#outcome === undefined) void this.#runToEnd();
  }

  /** Stops the generation and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel.abort();
    if (this.#running !== undefined) await this.#runToEnd();
  }

  async #drain(): Promise<GenerationResult> {
    await this.#runToEnd();
    if (this.#outcome !== undefined && "result" in this.#outcome) return this.#outcome.result;
    throw this.#outcome?.error;
  }

  /** Never rejects: the outcome says it. */
  #runToEnd(): Promise<void> {
    return this.#want(Infinity);
  }

  /** Waits for one more piece, so that there are `pieces`, or for the end. Several readers wait for the same. */
  #untilNews(pieces: number): Promise<void> {
    const { promise } = this.#news ??= Promise.withResolvers();
    void this.#want(pieces);
    return promise;
  }

  /** Lets the source produce until there are so many pieces. Returns its end. */
  #want(pieces: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, pieces);
    if (this.#running === undefined) return this.#running = this.#run();
    this.#resume?.();
    return this.#running;
  }

  async #run(): Promise<void> {
    const reader = { cancel: this.#cancel.signal, take: (piece: string) => this.#take(piece) };
    try {
      this.#outcome = { result: await this.#source(reader) };
    } catch (error) {
      this.#outcome = { error };
    }
    this.#tell();
  }

  #take(piece: string): Promise<void> | undefined {
    this.#pieces.push(piece);
    this.#tell();
    if (this.#pieces.length < this.#wanted) return undefined;
    return new Promise((resolve) => this.#resume = resolve);
  }

  #tell(): void {
    this.#news?.resolve();
    this.#news = undefined;
  }
}
