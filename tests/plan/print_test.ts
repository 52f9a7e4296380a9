// The plan of the embedded model as text. A change of what is recorded shows here line by line; UPDATE_SNAPSHOTS=1 in
// the environment writes the files anew.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { buildModel } from "../../src/models/mod.ts";
import { printPlan } from "../../src/plan/print.ts";
import { tensorDataOf, tinyLlama } from "../models/tiny_llama.ts";
import { miniModel, readModel } from "../reference/fixtures.ts";

function check(name: string, text: string): void {
  const url = new URL(`../fixtures/plans/${name}.txt`, import.meta.url);
  if (process.env.UPDATE_SNAPSHOTS === "1") writeFileSync(url, text);
  assert.ok(existsSync(url), `no ${name}.txt: run the test with UPDATE_SNAPSHOTS=1`);
  assert.deepEqual(text.split("\n"), readFileSync(url, "utf8").split("\n"));
}

const sizes = { tokensMax: 512, outputsMax: 8, cacheBlocks: 16 };

describe("printPlan()", () => {
  const { file } = readModel(miniModel("q4_k_m").url);

  it("prints the plan of arpeggio-mini", () => {
    check("arpeggio-mini-q8", printPlan(buildModel(file, { ...sizes, precision: "q8" }).plan));
  });

  it("prints the plan of arpeggio-mini in f32", () => {
    check("arpeggio-mini-f32", printPlan(buildModel(file, { ...sizes, precision: "f32" }).plan));
  });

  it("prints biases, both forms of an activation and converted norms", () => {
    const model = tinyLlama({
      layers: 1,
      biases: true,
      ropeFactors: [1, 2, 4, 8],
      typeOf: (name) => name === "blk.0.attn_v.weight" ? "Q8_0" : name === "blk.0.attn_norm.weight" ? "F16" : "F32",
    });
    const tensorData = tensorDataOf(model);
    check("tiny-mixed", printPlan(buildModel(model.file, { ...sizes, precision: "q8", tensorData }).plan));
  });
});
