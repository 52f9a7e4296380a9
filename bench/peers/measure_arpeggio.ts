/** Measures arpeggio in this process: see measurement.ts. Runs under Deno, Bun and Node. */

import { readFileSync } from "node:fs";
import { loadModel, type Model } from "../../mod.ts";
import { type Measurement, PROMPT_TOKENS, promptTokens, REPLY_TOKENS, type Task } from "./measurement.ts";

/** Tokens per second. */
async function rate(tokens: number, work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return tokens / ((performance.now() - begin) / 1000);
}

async function measure({ model: path, threads }: Task): Promise<Measurement> {
  const long = promptTokens(PROMPT_TOKENS.long);
  const short = promptTokens(PROMPT_TOKENS.short);
  const begin = performance.now();
  await using model = await loadModel(path, { threads, contextLength: 1024 });
  await model.logits(short);
  const firstTokenMs = performance.now() - begin;
  const promptRate = (tokens: number[]) => {
    // Each from its beginning.
    model.clearCache();
    return rate(tokens.length, () => model.logits(tokens));
  };
  return {
    engine: `arpeggio, ${model.info.runtime}, ${model.info.isa}`,
    firstTokenMs,
    prompt512: await promptRate(long),
    prompt40: await promptRate(short),
    reply64: await replyRate(model),
    peakBytes: peakBytes(),
  };
}

/** Tokens per second after the first. What is repeated becomes likelier, so that the reply does not end. */
async function replyRate(model: Model): Promise<number> {
  // One token per byte, and a space in front: the vocabulary has no words of these.
  const text = "a".repeat(PROMPT_TOKENS.short - 2);
  const options = { temperature: 0, frequencyPenalty: -1000, maxTokens: REPLY_TOKENS + 1 };
  const { tokens, timings } = await model.generate(text, options);
  if (tokens.length !== REPLY_TOKENS + 1) {
    throw new Error(`Expected ${REPLY_TOKENS + 1} tokens, found ${tokens.length}`);
  }
  return timings.generatedTokensPerSecond;
}

function peakBytes(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]))));
