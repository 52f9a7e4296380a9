/**
 * What rendering one template may cost. A chat template is a program out of a downloaded file: without a budget, ten
 * lines of it can loop for years or double a string until memory is gone. Who spends how much is said where it is
 * spent.
 */

import { ChatTemplateError } from "../../errors.ts";

/** The limits of one rendering. */
export interface Limits {
  /** Evaluated nodes, visited elements, and one for every 32 characters that are looked at. About 100 ns each. */
  steps: number;
  /** Bytes of all strings, lists and mappings that are built, whether they are dropped again or not. */
  bytes: number;
  /** Characters of one string, the output included. */
  textLength: number;
}

/** How deep expressions, blocks, macro calls and values may be nested. A level takes about 400 bytes of stack. */
export const MAX_DEPTH = 300;

/** How many elements `range` may have: the limit of Jinja's own sandbox (`MAX_RANGE`). */
export const MAX_RANGE = 100_000;

/** How many steps are done in one go: about 20 us, or 1 ms in code that the engine sees for the first time. */
const SLICE_STEPS = 200;

/**
 * The limits for messages of a given size. The constants allow a short conversation anything a template in use does a
 * hundred times over; the rest grows with the input, because a template passes each message on several times, and some
 * look at all messages for each.
 */
export function limitsFor({ messages, characters }: { messages: number; characters: number }): Limits {
  return {
    steps: 5_000_000 + 20_000 * messages + characters,
    bytes: 24 * 2 ** 20 + 32_768 * messages + 64 * characters,
    textLength: 2 ** 21 + 8 * characters,
  };
}

/** What is left of the limits. */
export class Budget {
  readonly #limits: Limits;
  #steps: number;
  #bytes: number;
  #depth = 0;
  /** How many steps are left when the current slice is over. */
  #sliceEnd: number;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#steps = limits.steps;
    this.#bytes = limits.bytes;
    this.#sliceEnd = limits.steps - SLICE_STEPS;
  }

  /** Pays for work. */
  spend(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw new ChatTemplateError(`The chat template takes more than ${this.#limits.steps} steps`);
  }

  /** Whether so much has been done since the last time it said yes that the event loop should have its turn. */
  isSliceOver(): boolean {
    if (this.#sliceEnd < this.#steps) return false;
    this.#sliceEnd = this.#steps - SLICE_STEPS;
    return true;
  }

  /** Pays for looking at so many characters. */
  scan(characters: number): void {
    this.spend(1 + characters / 32);
  }

  /** Pays for memory, before it is allocated. */
  allocate(bytes: number): void {
    this.#bytes -= bytes;
    if (!(this.#bytes >= 0)) {
      throw new ChatTemplateError(`The chat template takes more than ${this.#limits.bytes} bytes of memory`);
    }
  }

  /** Checks the length of a string before it is built. */
  checkLength(characters: number): void {
    if (!(characters <= this.#limits.textLength)) {
      throw new ChatTemplateError(`The chat template makes more than ${this.#limits.textLength} characters of text`);
    }
  }

  /** Goes one level deeper. Every call is followed by one of `leave`, unless an error ends the rendering. */
  enter(): void {
    this.spend(1);
    if (++this.#depth > MAX_DEPTH) {
      throw new ChatTemplateError(`The chat template is nested deeper than ${MAX_DEPTH} levels`);
    }
  }

  leave(): void {
    this.#depth--;
  }
}
