/** What is measured after cached tokens: the contract between depth_compare.ts and the processes that measure. */

/** What a measuring process is told, as JSON in its first argument. */
export interface DepthTask {
  /** The model file. */
  readonly model: string;
  readonly threads: number;
  /** How many tokens are in the cache before. */
  readonly depth: number;
  /** The type of the numbers in the cache. */
  readonly kvType: "f16" | "q8_0";
}

/** What it prints, as one line of JSON. */
export interface DepthMeasurement {
  /** The engine and its version. */
  readonly engine: string;
  /** Tokens per second of 512 tokens of prompt. */
  readonly prompt512: number;
  /** Tokens per second of a reply of 64 tokens. */
  readonly reply64: number;
}

/** The lengths in the names of {@linkcode DepthMeasurement}. */
export const PROMPT_TOKENS = 512;
export const REPLY_TOKENS = 64;

/** Room for what is measured behind the cached tokens: 512 of a prompt, or 64 of a reply and the first one. */
export const ROOM_TOKENS = 576;
