/** Measures several generations of arpeggio at once: see sequences_measurement.ts. Runs under Deno, Bun and Node. */

import { loadModel, type Model } from "../../mod.ts";
import {
  PREFIX_TOKENS,
  PROMPT_TOKENS,
  REPLY_TOKENS,
  type SequencesMeasurement,
  type SequencesTask,
} from "./sequences_measurement.ts";

/** What is repeated becomes likelier, so that the reply does not end. */
const options = { temperature: 0, frequencyPenalty: -1000 };

async function measure({ model: path, threads, sequences }: SequencesTask): Promise<SequencesMeasurement> {
  await using model = await loadModel(path, { threads, contextLength: 4096, sequencesMax: sequences });
  await model.generate("warm", { ...options, maxTokens: 2 });
  const [alone] = await generateAll(model, 1);
  const ends = await generateAll(model, sequences);
  const [firstMs, secondMs] = [await firstTokenMs(model, "b"), await firstTokenMs(model, "c")];
  return {
    engine: `arpeggio, ${model.info.runtime}, ${model.info.isa}`,
    alone: REPLY_TOKENS / (alone / 1000),
    together: (sequences * REPLY_TOKENS) / (Math.max(...ends) / 1000),
    spread: Math.max(...ends) / Math.min(...ends),
    firstMs,
    secondMs,
  };
}

/** When each ended, in milliseconds. */
async function generateAll(model: Model, count: number): Promise<number[]> {
  model.clearCache();
  const begin = performance.now();
  return await Promise.all(Array.from({ length: count }, async (_, i) => {
    // One token per byte, with a space and the token of the beginning in front.
    const prompt = String.fromCharCode(97 + i % 26).repeat(PROMPT_TOKENS - 2);
    const { tokens } = await model.generate(prompt, { ...options, maxTokens: REPLY_TOKENS });
    if (tokens.length !== REPLY_TOKENS) throw new Error(`Expected ${REPLY_TOKENS} tokens, found ${tokens.length}`);
    return performance.now() - begin;
  }));
}

async function firstTokenMs(model: Model, last: string): Promise<number> {
  const prompt = "a".repeat(PREFIX_TOKENS - 2) + last;
  return (await model.generate(prompt, { ...options, maxTokens: 1 })).timings.firstTokenMs;
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]))));
