// @ts-nocheck The types of node-llama-cpp are only there when it is installed.
// Measures node-llama-cpp in this process: see measurement.ts. Runs under Node 26.
import { readFileSync } from "node:fs";
import { getLlama } from "node-llama-cpp";
import packageJson from "./package.json" with { type: "json" };
import { PROMPT_TOKENS, promptTokens, REPLY_TOKENS } from "./measurement.ts";

const { model: modelPath, threads } = JSON.parse(process.argv[2]);
const long = promptTokens(PROMPT_TOKENS.long);
const short = promptTokens(PROMPT_TOKENS.short);

async function rate(tokens, work) {
  const begin = performance.now();
  await work();
  return tokens / ((performance.now() - begin) / 1000);
}

const begin = performance.now();
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: threads });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({
  contextSize: 1024,
  batchSize: 512,
  threads: { ideal: threads, min: threads },
});
const sequence = context.getSequence();
for await (const _ of sequence.evaluate(short, { temperature: 0, yieldEogToken: true })) break;
const firstTokenMs = performance.now() - begin;

/** Tokens per second of a prompt by itself. */
async function promptRate(tokens) {
  await sequence.clearHistory();
  return await rate(tokens.length, () => sequence.evaluateWithoutGeneratingNewTokens(tokens));
}

/** Tokens per second after the first, which belongs to the prompt. */
async function replyRate() {
  await sequence.clearHistory();
  let count = 0;
  let firstAt = 0;
  for await (const _ of sequence.evaluate(short, { temperature: 0, yieldEogToken: true })) {
    if (count === 0) firstAt = performance.now();
    if (count++ === REPLY_TOKENS) break;
  }
  return REPLY_TOKENS / ((performance.now() - firstAt) / 1000);
}

const prompt512 = await promptRate(long);
const prompt40 = await promptRate(short);
const reply64 = await replyRate();
const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
const engine = `node-llama-cpp ${packageJson.dependencies["node-llama-cpp"]}`;
const peakBytes = Number(kilobytes) * 1024;
console.log(JSON.stringify({ engine, firstTokenMs, prompt512, prompt40, reply64, peakBytes }));
process.exit(0);
