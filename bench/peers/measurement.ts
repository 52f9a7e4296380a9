/** What is measured of each engine in each round: the contract between compare.ts and the processes that measure. */

/** What a measuring process is told, as JSON in its first argument. */
export interface Task {
  /** The model file. */
  readonly model: string;
  readonly threads: number;
}

/** What it prints, as one line of JSON. */
export interface Measurement {
  /** The engine and its version. */
  readonly engine: string;
  /** From the start of loading to the first token after a prompt of 40 tokens, in milliseconds. */
  readonly firstTokenMs: number;
  /** Tokens per second of prompts of 512 and 40 tokens. */
  readonly prompt512: number;
  readonly prompt40: number;
  /** Tokens per second of a reply of 64 tokens after 40 others. */
  readonly reply64: number;
  /** The most memory the process ever had, mapped files included, in bytes. */
  readonly peakBytes: number;
}

/** The lengths in the names of {@linkcode Measurement}. */
export const PROMPT_TOKENS = { long: 512, short: 40 } as const;
export const REPLY_TOKENS = 64;

/** Tokens of a prompt: ordinary words of the generated vocabulary, all different. */
export function promptTokens(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 300 + i);
}
