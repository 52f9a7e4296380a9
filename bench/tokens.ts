/**
 * How many tokens a second? The embedded model's prompts of several lengths and a reply of 64 tokens, with one thread
 * and with all. What a model of this size needs most is that little is done around the kernels.
 */

import { fileURLToPath } from "node:url";
import { measure } from "mitata";
import { loadModel, type Model } from "../mod.ts";
import { table } from "../src/cli/table.ts";
import { describeLibrary } from "../src/native/library.ts";

const MODEL = fileURLToPath(new URL("../models/arpeggio-mini-q4_k_m.gguf", import.meta.url));
const REPLY_TOKENS = 64;

/** A reply that does not end early: the same token again and again, because that is what it was told to like. */
const REPLY = { temperature: 0, frequencyPenalty: -1000, maxTokens: REPLY_TOKENS };

/** The median of tokens per second. */
async function median(tokens: number, work: () => Promise<number>): Promise<string> {
  const milliseconds: number[] = [];
  await measure(async () => milliseconds.push(await work()), { min_cpu_time: 500e6, min_samples: 20 });
  milliseconds.sort((a, b) => a - b);
  return (tokens / (milliseconds[milliseconds.length >> 1] / 1000)).toFixed(0);
}

async function rowsOf(model: Model): Promise<string[]> {
  const cells = [`${model.info.threads}`];
  for (const tokens of [8, 40, 256]) {
    const prompt = Array.from({ length: tokens }, (_, i) => 65 + i % 26);
    const elapsed = async () => {
      model.clearCache();
      const begin = performance.now();
      await model.logits(prompt);
      return performance.now() - begin;
    };
    cells.push(await median(tokens, elapsed));
  }
  const elapsed = async () => (await model.generate("a", REPLY)).timings.generateMs;
  // The first token belongs to the prompt.
  cells.push(await median(REPLY_TOKENS - 1, elapsed));
  return cells;
}

if (import.meta.main) {
  const rows = [["threads", "prompt of 8", "of 40", "of 256", `reply of ${REPLY_TOKENS}`]];
  for (const threads of new Set([1, describeLibrary().cores])) {
    await using model = await loadModel(MODEL, { threads });
    if (threads === 1) console.log(`tokens per second, ${model.info.isa}, ${model.info.runtime}`);
    rows.push(await rowsOf(model));
  }
  console.log(table(rows));
}
