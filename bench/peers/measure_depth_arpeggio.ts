/** Measures arpeggio behind cached tokens in this process: see depth_measurement.ts. Runs under Deno, Bun and Node. */

import { loadModel, type Model } from "../../mod.ts";
import {
  type DepthMeasurement,
  type DepthTask,
  PROMPT_TOKENS,
  REPLY_TOKENS,
  ROOM_TOKENS,
} from "./depth_measurement.ts";

/** What is repeated becomes likelier, so that the reply does not end. */
const options = { temperature: 0, frequencyPenalty: -1000 };

async function measure({ model: path, threads, depth, kvType }: DepthTask): Promise<DepthMeasurement> {
  await using model = await loadModel(path, { threads, kvType, contextLength: depth + ROOM_TOKENS });
  // One token per byte, with a space and the token of the beginning in front: the vocabulary has no words of these.
  const cached = "a".repeat(Math.max(depth - 2, 0));
  const { reply64 } = await reply(model, cached);
  return {
    engine: `arpeggio, ${model.info.runtime}, ${model.info.isa}, KV ${kvType}`,
    prompt512: await promptRate(model, { cached, depth }),
    reply64,
  };
}

/** Computes the tokens before, and tokens per second after the first that is generated. */
async function reply(model: Model, cached: string): Promise<{ reply64: number }> {
  const { tokens, timings } = await model.generate(cached || "a", { ...options, maxTokens: REPLY_TOKENS + 1 });
  if (tokens.length === REPLY_TOKENS + 1) return { reply64: timings.generatedTokensPerSecond };
  throw new Error(`Expected ${REPLY_TOKENS + 1} tokens, found ${tokens.length}`);
}

/** Tokens per second of those that are not cached. */
async function promptRate(model: Model, { cached, depth }: { cached: string; depth: number }): Promise<number> {
  const prompt = cached + "b".repeat(depth === 0 ? PROMPT_TOKENS - 2 : PROMPT_TOKENS);
  const { usage, timings } = await model.generate(prompt, { ...options, maxTokens: 1 });
  const computed = usage.promptTokens - usage.cachedTokens;
  if (Math.abs(computed - PROMPT_TOKENS) > 2) {
    throw new Error(`Expected ${PROMPT_TOKENS} new tokens, found ${computed}`);
  }
  return timings.promptTokensPerSecond;
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]))));
