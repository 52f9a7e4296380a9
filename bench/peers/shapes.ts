/**
 * The shapes of well-known models, for files with random weights that cost as much to run as the real ones. All are
 * written as the architecture `llama`, whose arithmetic is theirs up to details that take no time.
 */

/** What a model of grouped-query attention and SwiGLU consists of. */
export interface Shape {
  readonly layers: number;
  /** Columns of the residual stream. */
  readonly columns: number;
  /** Columns of the hidden layer of the feed-forward network. */
  readonly feedForwardColumns: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly vocabularySize: number;
  readonly ropeBase: number;
  /** Whether the output matrix is the embedding table. */
  readonly isTied: boolean;
  /** Whether q, k and v have biases. */
  readonly hasBiases: boolean;
}

/** The shapes by the names of `--shape`. */
export const shapes: Readonly<Record<string, Shape>> = {
  // The size of the embedded model, to see in seconds whether everything works.
  "tiny": {
    layers: 2,
    columns: 256,
    feedForwardColumns: 768,
    heads: 4,
    keyValueHeads: 2,
    vocabularySize: 1024,
    ropeBase: 10_000,
    isTied: false,
    hasBiases: false,
  },
  // https://huggingface.co/TinyLlama/TinyLlama-1.1B-Chat-v1.0
  "tinyllama-1.1b": {
    layers: 22,
    columns: 2048,
    feedForwardColumns: 5632,
    heads: 32,
    keyValueHeads: 4,
    vocabularySize: 32_000,
    ropeBase: 10_000,
    isTied: false,
    hasBiases: false,
  },
  // https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct
  "qwen2.5-0.5b": {
    layers: 24,
    columns: 896,
    feedForwardColumns: 4864,
    heads: 14,
    keyValueHeads: 2,
    vocabularySize: 151_936,
    ropeBase: 1_000_000,
    isTied: true,
    hasBiases: true,
  },
  // https://huggingface.co/meta-llama/Llama-3.2-1B-Instruct
  "llama-3.2-1b": {
    layers: 16,
    columns: 2048,
    feedForwardColumns: 8192,
    heads: 32,
    keyValueHeads: 8,
    vocabularySize: 128_256,
    ropeBase: 500_000,
    isTied: true,
    hasBiases: false,
  },
  // https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct
  "llama-3.1-8b": {
    layers: 32,
    columns: 4096,
    feedForwardColumns: 14_336,
    heads: 32,
    keyValueHeads: 8,
    vocabularySize: 128_256,
    ropeBase: 500_000,
    isTied: false,
    hasBiases: false,
  },
};
