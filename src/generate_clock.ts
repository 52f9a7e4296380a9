/** The stopwatch of a generation. */

import type { Timings } from "./generation.ts";

/** Measures the parts of one generation, without the time in which the reader of its pieces has the word. */
export class GenerateClock {
  readonly #begin = performance.now();
  #promptBegin = 0;
  #promptEnd = 0;
  #firstToken = 0;
  #pauseBegin = 0;
  #pausedMs = 0;
  #steps = 0;

  /** The prompt is being computed from now on. */
  promptBegins(): void {
    this.#promptBegin = performance.now();
  }

  /** The logits of the prompt's last token are there. */
  promptEnds(): void {
    this.#promptEnd = performance.now();
  }

  /** A token has been chosen. */
  token(): void {
    this.#firstToken ||= performance.now();
  }

  /** A token after the prompt has been computed. */
  step(): void {
    this.#steps++;
  }

  /** A piece is handed to the reader. */
  pause(): void {
    this.#pauseBegin = performance.now();
  }

  /** The reader wants to go on. */
  resume(): void {
    this.#pausedMs += performance.now() - this.#pauseBegin;
  }

  /** The figures, when it is over: `computedTokens` of the prompt had to be computed. */
  timings(counts: { computedTokens: number; loadMs: number }): Timings {
    const { computedTokens, loadMs } = counts;
    const promptMs = this.#promptEnd === 0 ? 0 : this.#promptEnd - this.#promptBegin;
    const generateMs = this.#promptEnd === 0 ? 0 : performance.now() - this.#promptEnd - this.#pausedMs;
    return {
      loadMs,
      queueMs: this.#promptBegin === 0 ? 0 : this.#promptBegin - this.#begin,
      promptMs,
      generateMs,
      firstTokenMs: this.#firstToken === 0 ? 0 : this.#firstToken - this.#begin,
      promptTokensPerSecond: perSecond(computedTokens, promptMs),
      generatedTokensPerSecond: perSecond(this.#steps, generateMs),
    };
  }
}

function perSecond(count: number, milliseconds: number): number {
  return milliseconds > 0 ? (count / milliseconds) * 1000 : 0;
}
