/** Measures the tests of `arpeggio bench` with a loaded model: nothing is sampled and no text is made. */

import { ArpeggioError } from "../errors.ts";
import { nextTurn } from "../event_loop.ts";
import { ForwardPass } from "../forward.ts";
import type { ModelParts } from "../model_loading.ts";
import { type BenchTest, benchTestTokens } from "./bench_tests.ts";

/** Options of {@linkcode measureTest}. */
export interface MeasureOptions {
  readonly repetitions: number;
  /** Whether to execute the test once before the clock starts; of generated tokens, only one. */
  readonly warmup: boolean;
  readonly signal: AbortSignal;
  /** Is told the share that is done, 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/**
 * Measures a test.
 *
 * @returns The time of each repetition, in milliseconds.
 * @throws The signal's reason.
 */
export async function measureTest(parts: ModelParts, test: BenchTest, options: MeasureOptions): Promise<number[]> {
  const { repetitions, warmup, signal, onProgress } = options;
  const { modelPlan: { plan, logits }, nativePlan: native } = parts;
  // Not through the scheduler, which would find in the cache what has been computed before.
  const forward = new ForwardPass({ plan, native, logits, sequencesMax: 1 });
  const row = new Float32Array(forward.vocabularySize); // (vocabulary)
  const tokens = someTokens(benchTestTokens(test), forward.vocabularySize);
  using sequence = parts.cache.createSequence();

  async function append(count: number): Promise<void> {
    const end = sequence.length + count;
    sequence.tokens.push(tokens.subarray(sequence.length, end));
    while (sequence.length < end) {
      const next = Math.min(sequence.length + forward.tokensMax, end);
      if (!sequence.reserve(next)) throw new ArpeggioError(`Expected room for ${next} tokens in the cache`);
      await forward.step([{ sequence, count: next - sequence.length, outputs: next === end ? 1 : 0 }], signal);
      sequence.commit(next);
    }
    forward.readLogits(0, row);
  }

  async function execute({ prompt, generated }: BenchTest): Promise<number> {
    sequence.trim(test.depth);
    // In the first repetition, or when layers with a window have forgotten it.
    if (sequence.length < test.depth) {
      sequence.trim(0);
      await append(test.depth);
    }
    // Ctrl-C gets its chance outside of what is measured.
    await nextTurn();
    const begin = performance.now();
    if (prompt > 0) await append(prompt);
    for (let i = 0; i < generated; i++) await append(1);
    return performance.now() - begin;
  }

  if (warmup) await execute({ ...test, generated: Math.min(test.generated, 1) });
  const milliseconds: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    onProgress(i / repetitions);
    milliseconds.push(await execute(test));
  }
  return milliseconds;
}

/** Tokens from all over the vocabulary. Which ones does not change the time; a fixed stride repeats itself late. */
function someTokens(count: number, vocabularySize: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => (i * 7919) % vocabularySize);
}
