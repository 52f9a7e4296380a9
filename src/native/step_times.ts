/**
 * How long steps take, learned from those that were executed: whether the next one is worth a hop to another thread.
 */

/**
 * Up to here a step is executed in the thread that asks for it. Waiting in the background costs about 0.1 ms of
 * latency; a timer may be late by 5 ms, and others share these.
 */
const IN_PLACE_MS = 1;

/**
 * The weight of the newest measurement. Faster ones count more: the first step pays for starting a thread, and a step
 * that others held up says little about the next.
 */
const NEWEST = { faster: 0.5, slower: 0.25 };

/**
 * What a slow machine does per millisecond, for the first guess: it reads 5 GB of weights a second for a single
 * token, and multiplies 50 G weights a second with several. A guess too low costs little: a step in place has a time
 * limit.
 */
const SLOW = { singleBytes: 5e6, severalBytes: 5e7 };

/** Running averages of the time of a step with one token, and of the time per token of steps with more. */
export class StepTimes {
  #singleMs: number;
  #perTokenMs: number;
  #singleKnown = false;
  #perTokenKnown = false;

  /** `weightsBytes` is what one token is multiplied with. */
  constructor(weightsBytes: number) {
    this.#singleMs = weightsBytes / SLOW.singleBytes;
    this.#perTokenMs = weightsBytes / SLOW.severalBytes;
  }

  /** Takes a measurement. */
  add(tokens: number, elapsedMs: number): void {
    if (tokens === 1) {
      this.#singleMs = this.#singleKnown ? average(this.#singleMs, elapsedMs) : elapsedMs;
      this.#singleKnown = true;
    } else {
      const each = elapsedMs / tokens;
      this.#perTokenMs = this.#perTokenKnown ? average(this.#perTokenMs, each) : each;
      this.#perTokenKnown = true;
    }
  }

  /** What a step with this many tokens will take, in milliseconds. */
  predictMs(tokens: number): number {
    return tokens === 1 ? this.#singleMs : tokens * this.#perTokenMs;
  }

  /** Whether a step with this many tokens is short enough for the thread that asks. */
  inPlace(tokens: number): boolean {
    return this.predictMs(tokens) < IN_PLACE_MS;
  }
}

function average(old: number, newest: number): number {
  return old + (newest < old ? NEWEST.faster : NEWEST.slower) * (newest - old);
}
