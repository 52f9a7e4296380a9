// Greedy generation against that of llama.cpp, recorded by tools/record_greedy.mjs: the same tokens. Where they part,
// its two best logits are closer than 0.02, and the test says so; then it goes on behind the token of llama.cpp.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { describeLibrary } from "../../src/native/library.ts";
import { committed, miniModel, sharedModel } from "../reference/fixtures.ts";
import { sequenceStep } from "../reference/interpret.ts";
import { blockTable, type Engine, loadEngine } from "./run_model.ts";

/** How close llama.cpp's two best logits are where another choice is as good: its own rounding is of this size. */
const GAP_MAX = 0.02;

/** A prompt and what llama.cpp made of it. */
interface Recorded {
  readonly text: string;
  readonly answer: string;
  readonly prompt: readonly number[];
  readonly tokens: readonly number[];
  /** Per token, the second best one. */
  readonly seconds: readonly number[];
  /** Per token, how much larger its logit was than that of the second best. */
  readonly gaps: readonly number[];
}

function readRecording(name: string): Recorded[] {
  const lines = readFileSync(new URL(`greedy/${name}.jsonl`, committed), "utf8").trim().split("\n");
  return lines.slice(1).map((line) => JSON.parse(line) as Recorded);
}

/** The place of the largest number. */
function best(logits: Float32Array): number {
  let place = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[place]) place = i;
  return place;
}

/** Generates behind a prompt and compares. Returns where the two part, in words. */
async function replay(engine: Engine, recorded: Recorded): Promise<string[]> {
  const { text, prompt, tokens, seconds, gaps } = recorded;
  const partings: string[] = [];
  let logits = (await engine.logits(prompt)).subarray(-engine.vocabulary);
  for (const [i, token] of tokens.entries()) {
    const found = best(logits);
    if (found !== token) {
      const place = `token ${i} after ${JSON.stringify(text)}: ${found}, and ${token} by llama.cpp`;
      const parting = `${place}, which has ${seconds[i]} at a distance of ${gaps[i]}`;
      assert.ok(gaps[i] < GAP_MAX && found === seconds[i], parting);
      partings.push(parting);
    }
    if (i === tokens.length - 1) break;
    logits = await engine.step(sequenceStep([token], { start: prompt.length + i, blocks: blockTable }));
  }
  return partings;
}

const isSlow = describeLibrary().isa === "scalar";

describe("greedy tokens are those of llama.cpp", () => {
  for (const type of ["f16", "q8_0", "q4_k_m"]) {
    const { url, skip } = miniModel(type);
    const slow = isSlow && type !== "q4_k_m" ? "plain C is slow: q4_k_m does it" : false;
    const count = isSlow ? 6 : 20;
    it(`arpeggio-mini in ${type}, ${count} prompts`, { skip: skip || slow }, async () => {
      using engine = await loadEngine(url, { precision: "q8" });
      const recording = readRecording(`arpeggio-mini-${type}`);
      assert.equal(recording.length, 20);
      assert.ok(recording.every(({ prompt }) => prompt.length <= 64));
      let [generated, parted] = [0, 0];
      for (const recorded of recording.slice(0, count)) {
        const partings = await replay(engine, recorded);
        generated += recorded.tokens.length;
        parted += partings.length;
        for (const parting of partings) console.log(`${type}: ${parting}`);
      }
      console.log(`${type}: ${generated} tokens, ${parted} of them another one`);
    });
  }

  const stories = sharedModel("stories260k-f32.gguf");
  it("stories260K, 200 tokens", { skip: stories.skip }, async () => {
    const [recorded] = readRecording("stories260k-f32");
    assert.equal(recorded.tokens.length, 200);
    const expected = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park";
    assert.ok((recorded.text + recorded.answer).startsWith(expected));
    for (const precision of ["q8", "f32"] as const) {
      using engine = await loadEngine(stories.url, { precision });
      assert.deepEqual(await replay(engine, recorded), [], precision);
    }
  });
});
