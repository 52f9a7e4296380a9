/**
 * Penalties on tokens that occurred lately, as in llama.cpp: the logit is divided by the repetition penalty (multiplied
 * where it is negative, so that it always falls), then lowered by the frequency penalty for each occurrence and by the
 * presence penalty once.
 */

import { checkNumber } from "./check.ts";

/** Options of the penalties. Off by default. */
export interface PenaltyOptions {
  /** Divides the logits of repeated tokens (Keskar et al., "CTRL", 2019). Above 0; 1 is off. Default 1. */
  repetitionPenalty?: number | undefined;
  /** Is subtracted from a repeated token's logit for each occurrence. Default 0. */
  frequencyPenalty?: number | undefined;
  /** Is subtracted from a repeated token's logit once. Default 0. */
  presencePenalty?: number | undefined;
  /** How many of the last tokens count, those of the prompt included. 0 is off, -1 is all. Default 64. */
  penaltyLastTokens?: number | undefined;
}

/** Checked options. */
export type ResolvedPenalties = { [name in keyof PenaltyOptions]-?: number };

const FINITE = { text: "a finite number", holds: Number.isFinite };

/** Fills in defaults and checks ranges. */
export function resolvePenalties(options: PenaltyOptions): ResolvedPenalties {
  return {
    repetitionPenalty: checkNumber("repetitionPenalty", {
      value: options.repetitionPenalty,
      fallback: 1,
      range: { text: "a finite number above 0", holds: (x) => x > 0 && x < Infinity },
    }),
    frequencyPenalty: checkNumber("frequencyPenalty", { value: options.frequencyPenalty, fallback: 0, range: FINITE }),
    presencePenalty: checkNumber("presencePenalty", { value: options.presencePenalty, fallback: 0, range: FINITE }),
    penaltyLastTokens: checkNumber("penaltyLastTokens", {
      value: options.penaltyLastTokens,
      fallback: 64,
      range: { text: "an integer from 0 on, or -1 for all tokens", holds: (x) => Number.isSafeInteger(x) && x >= -1 },
    }),
  };
}

/** The last tokens, and what they do to logits. */
export class Penalties {
  readonly #options: ResolvedPenalties;
  /** How many tokens are remembered; Infinity for all, 0 when no penalty is set. */
  readonly #limit: number;
  /** The remembered tokens, a ring from `#start` on. (capacity) */
  #ring = new Int32Array(64);
  #start = 0;
  #length = 0;
  /** Where each remembered token is in `#distinct`. */
  readonly #slots = new Map<number, number>();
  /** The remembered tokens once each, how often they occur, and their logits before penalties. (capacity) each */
  #distinct = new Int32Array(64);
  #occurrences = new Int32Array(64);
  #saved = new Float32Array(64);

  constructor(options: ResolvedPenalties) {
    this.#options = options;
    const { repetitionPenalty, frequencyPenalty, presencePenalty, penaltyLastTokens } = options;
    const isOff = repetitionPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0;
    this.#limit = isOff ? 0 : penaltyLastTokens === -1 ? Infinity : penaltyLastTokens;
  }

  /** Remembers a token. */
  accept(token: number): void {
    if (this.#limit === 0) return;
    if (this.#length === this.#limit) this.#forgetOldest();
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#start + this.#length) % this.#ring.length] = token;
    this.#length++;
    const slot = this.#slots.get(token);
    if (slot !== undefined) {
      this.#occurrences[slot]++;
      return;
    }
    const free = this.#slots.size;
    this.#slots.set(token, free);
    this.#distinct[free] = token;
    this.#occurrences[free] = 1;
  }

  /** Lowers the logits of the remembered tokens in place. Every call is followed by one of `restore`. */
  apply(logits: Float32Array): void {
    const { repetitionPenalty, frequencyPenalty, presencePenalty } = this.#options;
    for (let i = 0; i < this.#slots.size; i++) {
      const token = this.#distinct[i];
      if (token >= logits.length) continue;
      const logit = logits[token];
      this.#saved[i] = logit;
      const repeated = logit <= 0 ? logit * repetitionPenalty : logit / repetitionPenalty;
      logits[token] = repeated - this.#occurrences[i] * frequencyPenalty - presencePenalty;
    }
  }

  /** Puts the logits back that `apply` changed: they belong to the caller, and copying all of them would cost more. */
  restore(logits: Float32Array): void {
    for (let i = 0; i < this.#slots.size; i++) {
      if (this.#distinct[i] < logits.length) logits[this.#distinct[i]] = this.#saved[i];
    }
  }

  /** The remembered tokens, oldest first. */
  history(): number[] {
    return Array.from({ length: this.#length }, (_, i) => this.#ring[(this.#start + i) % this.#ring.length]);
  }

  /** Forgets everything. */
  clear(): void {
    this.#length = 0;
    this.#slots.clear();
  }

  #forgetOldest(): void {
    const token = this.#ring[this.#start];
    this.#start = (this.#start + 1) % this.#ring.length;
    this.#length--;
    const slot = this.#slots.get(token) as number;
    if (--this.#occurrences[slot] > 0) return;
    // The last distinct token moves into the gap.
    const last = this.#slots.size - 1;
    this.#distinct[slot] = this.#distinct[last];
    this.#occurrences[slot] = this.#occurrences[last];
    this.#slots.set(this.#distinct[slot], slot);
    this.#slots.delete(token);
  }

  #grow(): void {
    const tokens = this.history();
    const capacity = 2 * this.#ring.length;
    this.#ring = new Int32Array(capacity);
    this.#ring.set(tokens);
    this.#start = 0;
    const [distinct, occurrences] = [this.#distinct, this.#occurrences];
    this.#distinct = new Int32Array(capacity);
    this.#distinct.set(distinct);
    this.#occurrences = new Int32Array(capacity);
    this.#occurrences.set(occurrences);
    this.#saved = new Float32Array(capacity);
  }
}
