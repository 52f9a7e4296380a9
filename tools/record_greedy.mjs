// Records what llama.cpp generates without chance, for tests/engine/greedy_test.ts: `node tools/record_greedy.mjs
// --peer FOLDER --models FOLDER [--threads N]`, under Node 26. The peer's folder is any that has node-llama-cpp
// installed (outside of this repository: whoever uses or tests it does not need it), the other has the models.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { bytesSource, readGguf } from "../src/gguf/reader.ts";
import { runWhole } from "../src/time_slice.ts";
import { createTokenizer } from "../src/tokenizer/mod.ts";
import { exitWith, root } from "./runtimes.mjs";

/** @typedef {import("../src/tokenizer/mod.ts").Tokenizer} Tokenizer */
/** @typedef {{ text: string, tokensMax: number }} Prompt */
/** @typedef {{ tokens: number[], seconds: number[], gaps: number[] }} Continuation */
/** @typedef {{ modelFile: string, prompts: Prompt[] }} Recording */

/** What the model was taught (models/mini/corpus.py): one to three turns each, the last one to be answered. */
const dialogues = [
  ["What is 2+2?"],
  ["What is 17 minus 9?"],
  ["How much is 7 times 8?", "56", "And 6*6?"],
  ["What is the capital of France?"],
  ["Capital of Japan?", "The capital of Japan is Tokyo.", "And Italy?"],
  ["Madrid is the capital of which country?"],
  ["What is the opposite of early?"],
  ["What sound does a cow make?"],
  ["What color is snow?"],
  ["What comes after Friday?"],
  ["What comes before March?"],
  ["Count to 12."],
  ["Name three fruits."],
  ["List five animals."],
  ["Hello!"],
  ["Who are you?", "I am Arpeggio Mini, a tiny language model.", "What can you do?"],
  ["Tell me a story about a fox."],
  ["Tell me a story about a mouse named Zoe."],
  ["Repeat after me: garden lamp brave owl"],
  ["Give me a JSON object with name Lily and age 42."],
];

/** @param {string[]} turns @returns {string} as the chat template renders them */
function chat(turns) {
  const texts = turns.map((text, i) => `<|im_start|>${i % 2 === 0 ? "user" : "assistant"}\n${text}<|im_end|>\n`);
  return `${texts.join("")}<|im_start|>assistant\n`;
}

const mini = dialogues.map((turns) => ({ text: chat(turns), tokensMax: 64 }));
const recordings = /** @type {Recording[]} */ ([
  ...["f16", "q8_0", "q4_k_m"].map((type) => ({ modelFile: `arpeggio-mini-${type}.gguf`, prompts: mini })),
  { modelFile: "stories260k-f32.gguf", prompts: [{ text: "Once upon a time", tokensMax: 200 }] },
]);

/** @param {string} path @returns {Promise<Tokenizer>} */
async function tokenizerOf(path) {
  const { metadata } = await readGguf(bytesSource(readFileSync(path)));
  return runWhole(createTokenizer(metadata));
}

/**
 * Generates one token after the other, always the likeliest, up to the end of the answer.
 * @param {any} sequence of node-llama-cpp, empty
 * @param {{ prompt: number[], tokensMax: number, ends: ReadonlySet<number> }} options
 * @returns {Promise<Continuation>} per token the second best one too, and how far its logit was from the best
 */
async function generate(sequence, { prompt, tokensMax, ends }) {
  const found = /** @type {Continuation} */ ({ tokens: [], seconds: [], gaps: [] });
  const generateNext = { logits: { filter: { tokens: [], includeTop: 2 } } };
  let next = [...prompt];
  while (found.tokens.length < tokensMax) {
    const last = /** @type {number} */ (next.at(-1));
    const outputs = await sequence.controlledEvaluate([...next.slice(0, -1), [last, { generateNext }]]);
    const [[token, best], [second, worse]] = outputs[next.length - 1].next.logits;
    found.tokens.push(token);
    found.seconds.push(second);
    found.gaps.push(Math.round((best - worse) * 1e4) / 1e4);
    if (ends.has(token)) break;
    next = [token];
  }
  return found;
}

/**
 * @param {any} llama of node-llama-cpp
 * @param {Recording & { folder: string, threads: number, peer: string }} recording
 * @returns {Promise<string[]>} JSON: a line about the recording, then one per prompt
 */
async function record(llama, { modelFile, prompts, folder, threads, peer }) {
  const modelPath = join(folder, modelFile);
  const tokenizer = await tokenizerOf(modelPath);
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const context = await model.createContext({
    contextSize: 512,
    batchSize: 512,
    threads: { ideal: threads, min: threads },
  });
  const { flashAttention } = context;
  const lines = [JSON.stringify({ model: modelFile, peer, threads, flashAttention })];
  const sequence = context.getSequence();
  for (const { text, tokensMax } of prompts) {
    const prompt = [...tokenizer.encode(text, { special: true, addBos: tokenizer.addBos })];
    if (prompt.length > 64) throw new RangeError(`Expected at most 64 tokens but found ${prompt.length} in ${text}`);
    await sequence.clearHistory();
    const found = await generate(sequence, { prompt, tokensMax, ends: tokenizer.endOfGenerationTokens });
    const answer = tokenizer.decode(found.tokens);
    console.log(`${modelFile}: ${JSON.stringify(answer)}, smallest gap ${Math.min(...found.gaps)}`);
    lines.push(JSON.stringify({ text, answer, prompt, ...found }));
  }
  await model.dispose();
  return lines;
}

await exitWith(async () => {
  const text = /** @type {const} */ ({ type: "string" });
  const { values } = parseArgs({ options: { peer: text, models: text, threads: text } });
  const { peer, models } = values;
  const threads = Number(values.threads ?? 1);
  if (peer === undefined || models === undefined) throw new RangeError("Expected --peer FOLDER and --models FOLDER");
  const require = createRequire(join(resolve(peer), "package.json"));
  const entry = require.resolve("node-llama-cpp");
  const { getLlama } = await import(pathToFileURL(entry).href);
  const packages = readFileSync(entry.replace(/[/\\]dist[/\\].*$/, "/package.json"), "utf8");
  const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
  const name = `node-llama-cpp ${JSON.parse(packages).version}, llama.cpp ${llama.llamaCppRelease?.release ?? "?"}`;
  for (const recording of recordings) {
    const lines = await record(llama, { ...recording, folder: resolve(models), threads, peer: name });
    const file = `tests/fixtures/greedy/${recording.modelFile.replace(/\.gguf$/, ".jsonl")}`;
    writeFileSync(join(root, file), `${lines.join("\n")}\n`);
  }
  await llama.dispose();
  return 0;
});
