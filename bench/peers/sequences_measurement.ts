/**
 * What is measured of several generations at the same time: the contract between sequences_compare.ts and the processes
 * that measure.
 */

/** What a measuring process is told, as JSON in its first argument. */
export interface SequencesTask {
  /** The model file. */
  readonly model: string;
  readonly threads: number;
  /** How many generations. */
  readonly sequences: number;
}

/** What it prints, as one line of JSON. */
export interface SequencesMeasurement {
  /** The engine and its version. */
  readonly engine: string;
  /** Tokens per second of one generation, with its prompt. */
  readonly alone: number;
  /** Tokens per second of all of them at the same time, with their prompts. */
  readonly together: number;
  /** When the last one ended, in times of when the first one did. */
  readonly spread: number;
  /** To the first token after a prompt of 2001 tokens, in milliseconds; `null`: not measured. */
  readonly firstMs: number | null;
  /** The same for a second prompt that differs in its last token. */
  readonly secondMs: number | null;
}

/** Tokens per prompt and per reply. */
export const PROMPT_TOKENS = 10;
export const REPLY_TOKENS = 128;

/** Tokens that the two prompts have in common. */
export const PREFIX_TOKENS = 2000;
