// @ts-nocheck The types of node-llama-cpp are only there when it is installed.
// Measures several generations of node-llama-cpp at once: see sequences_measurement.ts. Runs under Node 26.
import { getLlama } from "node-llama-cpp";
import packageJson from "./package.json" with { type: "json" };
import { PROMPT_TOKENS, REPLY_TOKENS } from "./sequences_measurement.ts";

const { model: modelPath, threads, sequences: count } = JSON.parse(process.argv[2]);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: threads });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({
  sequences: count,
  contextSize: 256,
  batchSize: 512,
  flashAttention: true,
  threads: { ideal: threads, min: threads },
});
const sequences = Array.from({ length: count }, () => context.getSequence());

/** When each ended, in milliseconds. */
async function generateAll(used) {
  for (const sequence of used) await sequence.clearHistory();
  const begin = performance.now();
  return await Promise.all(used.map(async (sequence, i) => {
    const prompt = Array.from({ length: PROMPT_TOKENS }, (_, token) => 300 + 100 * i + token);
    let tokens = 0;
    for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
      if (++tokens === REPLY_TOKENS) break;
    }
    return performance.now() - begin;
  }));
}

await generateAll(sequences.slice(0, 1));
const [aloneMs] = await generateAll(sequences.slice(0, 1));
const ends = await generateAll(sequences);
console.log(JSON.stringify({
  engine: `node-llama-cpp ${packageJson.dependencies["node-llama-cpp"]}, flash attention`,
  alone: REPLY_TOKENS / (aloneMs / 1000),
  together: (count * REPLY_TOKENS) / (Math.max(...ends) / 1000),
  spread: Math.max(...ends) / Math.min(...ends),
  firstMs: null,
  secondMs: null,
}));
process.exit(0);
