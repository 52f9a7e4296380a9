// @ts-nocheck The types of node-llama-cpp are only there when it is installed.
// Measures node-llama-cpp with flash attention behind cached tokens in this process: see depth_measurement.ts. Runs
// under Node 26.
import { getLlama } from "node-llama-cpp";
import packageJson from "./package.json" with { type: "json" };
import { PROMPT_TOKENS, REPLY_TOKENS, ROOM_TOKENS } from "./depth_measurement.ts";

const { model: modelPath, threads, depth, kvType } = JSON.parse(process.argv[2]);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: threads });
const model = await llama.loadModel({ modelPath });
const type = kvType === "f16" ? "F16" : "Q8_0";
const context = await model.createContext({
  contextSize: Math.ceil((depth + ROOM_TOKENS) / 256) * 256,
  batchSize: 512,
  flashAttention: true,
  experimentalKvCacheKeyType: type,
  experimentalKvCacheValueType: type,
  threads: { ideal: threads, min: threads },
});
const sequence = context.getSequence();
const tokensFrom = (first, count) => Array.from({ length: count }, (_, i) => 300 + (first + i) % 30000);
if (depth > 0) await sequence.evaluateWithoutGeneratingNewTokens(tokensFrom(0, depth));

const begin = performance.now();
await sequence.evaluateWithoutGeneratingNewTokens(tokensFrom(depth, PROMPT_TOKENS));
const prompt512 = PROMPT_TOKENS / ((performance.now() - begin) / 1000);
await sequence.eraseContextTokenRanges([{ start: depth, end: sequence.nextTokenIndex }]);

let count = 0;
let firstAt = 0;
for await (const _ of sequence.evaluate(tokensFrom(depth, 1), { temperature: 0, yieldEogToken: true })) {
  if (count === 0) firstAt = performance.now();
  if (count++ === REPLY_TOKENS) break;
}
const reply64 = REPLY_TOKENS / ((performance.now() - firstAt) / 1000);
const engine = `node-llama-cpp ${packageJson.dependencies["node-llama-cpp"]}, flash attention, KV ${kvType}`;
console.log(JSON.stringify({ engine, prompt512, reply64 }));
process.exit(0);
