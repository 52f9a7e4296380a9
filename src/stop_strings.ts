/**
 * Finds the strings that end a text while the text arrives in pieces, and holds back what may be the beginning of
 * one, so that no part of a stop string is ever shown.
 */

/** Text on its way through. */
export class StopStrings {
  readonly #stops: readonly string[];
  readonly #longest: number;
  /** What has not been passed on: the beginning of a stop string, perhaps. */
  #held = "";
  #found: string | undefined;

  /** @throws {RangeError} When a stop string is empty: every text contains it. */
  constructor(stops: readonly string[]) {
    for (const stop of stops) {
      if (stop === "" || !stop.isWellFormed()) {
        throw new RangeError(`Expected stop strings of at least one character but found ${JSON.stringify(stop)}`);
      }
    }
    this.#stops = stops;
    this.#longest = stops.reduce((longest, stop) => Math.max(longest, stop.length), 0);
  }

  /** The stop string that ended the text, if one has. */
  get found(): string | undefined {
    return this.#found;
  }

  /** Takes a piece and returns the text that is certain: of what follows a stop string, nothing. */
  push(piece: string): string {
    if (this.#found !== undefined) return "";
    if (this.#stops.length === 0) return piece;
    const text = this.#held + piece;
    const end = this.#firstStop(text) ?? text.length - this.#partialStop(text);
    this.#held = this.#found === undefined ? text.slice(end) : "";
    return text.slice(0, end);
  }

  /** The rest, when the text has ended by itself: what was held back was no stop string. */
  flush(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  /**
   * Where the stop string begins that is complete first; of several that are at the same time, the longest. So the
   * result is the same however the text is cut into pieces.
   */
  #firstStop(text: string): number | undefined {
    let [first, firstEnd] = [Infinity, Infinity];
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      const end = at + stop.length;
      if (at < 0 || end > firstEnd || (end === firstEnd && at >= first)) continue;
      [first, firstEnd] = [at, end];
      this.#found = stop;
    }
    return this.#found === undefined ? undefined : first;
  }

  /** The length of the longest end of the text with which a stop string begins. */
  #partialStop(text: string): number {
    for (let length = Math.min(this.#longest - 1, text.length); length > 0; length--) {
      const end = text.slice(text.length - length);
      if (this.#stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
