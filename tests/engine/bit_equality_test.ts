// The same bits whatever computes them: threads, chunks of the prompt, cache blocks, neighbours in a step, runtimes,
// instruction sets, machines. The last three by hashes that are written down here.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeLibrary } from "../../src/native/library.ts";
import { miniModel, readLogits } from "../reference/fixtures.ts";
import { hashBits } from "./hash_bits.ts";
import { blockTable, loadEngine } from "./run_model.ts";

/**
 * Of the logits of all 46 tokens, (46, 1024). A change of these numbers is a change of what the engine computes: tell
 * why, and look at the errors that tests/engine/accuracy_test.ts prints.
 */
const hashes = { q8: "d989cc3a", f32: "d25b4c24" } as const;

/** Of the last row of logits after 500 tokens: those of the prompt, again and again. */
const longHash = "abe29d9f";

const { url } = miniModel("q4_k_m");
const { tokens } = readLogits("q4_k_m", "exact");
const threadCounts = [1, 2, 3, 4, 5, 6, 7, 8];
const chunks = [1, 7, 32, 512];

/** Plain C without a machine's fused multiply-add takes a hundred times as long in f32: there a few of the cases do. */
const isa = describeLibrary().isa;
const isSlow = isa === "scalar";

for (const precision of ["q8", "f32"] as const) {
  describe(`logits in ${precision} on ${isa}`, () => {
    it("are those of every machine", async () => {
      using engine = await loadEngine(url, { precision });
      const logits = await engine.logits(tokens);
      assert.equal(logits.length, 46 * 1024);
      assert.equal(hashBits(logits), hashes[precision]);
    });

    const short = isSlow && precision === "f32";
    const note = short ? " (a part of the cases: slow here)" : "";
    it(`are the same with 1 to 8 threads and in chunks of 1, 7, 32 and 512 tokens${note}`, async () => {
      using engine = await loadEngine(url, { precision, tokensMax: 512 });
      const prompt = short ? tokens.slice(0, 9) : tokens;
      const expected = hashBits(await engine.logits(prompt, { threads: 1 }));
      if (!short) assert.equal(expected, hashes[precision]);
      for (const threads of short ? [2, 5] : threadCounts) {
        for (const chunk of chunks) {
          const found = hashBits(await engine.logits(prompt, { threads, chunk }));
          assert.equal(found, expected, `${threads} threads, chunks of ${chunk}`);
        }
      }
    });

    it("are the same in any cache blocks and beside other texts", async () => {
      using engine = await loadEngine(url, { precision });
      const { vocabulary } = engine;
      const [first, second] = [tokens.slice(0, 6), tokens.slice(20, 25)];
      const [alone, other] = [await engine.logits(first), await engine.logits(second)];
      const beginnings = await engine.step({
        tokens: [...first.slice(0, 4), ...second.slice(0, 1)],
        positions: [0, 1, 2, 3, 0],
        sequences: [0, 0, 0, 0, 1],
        outputs: [3, 4],
        blockTables: [[[5], [2]]],
      });
      const ends = await engine.step({
        tokens: [...second.slice(1), ...first.slice(4)],
        positions: [1, 2, 3, 4, 4, 5],
        sequences: [0, 0, 0, 0, 1, 1],
        outputs: [5, 3, 0],
        blockTables: [[[2], [5]]],
      });
      const row = (rows: Float32Array, i: number) => hashBits(rows.slice(i * vocabulary, (i + 1) * vocabulary));
      assert.deepEqual([0, 1].map((i) => row(beginnings, i)), [row(alone, 3), row(other, 0)]);
      assert.deepEqual([0, 1, 2].map((i) => row(ends, i)), [row(alone, 5), row(other, 4), row(other, 1)]);
    });
  });
}

describe(`logits after 500 tokens on ${isa}`, () => {
  const long = Array.from({ length: 500 }, (_, i) => tokens[i % tokens.length]);

  it(`are the same in chunks of 7, 32 and 512${isSlow ? " (here only of 512: slow)" : ""}`, async () => {
    using engine = await loadEngine(url, { precision: "q8", tokensMax: 512 });
    for (const [chunk, threads] of [[512, 0], [32, 3], [7, 2]] as const) {
      if (isSlow && chunk !== 512) continue;
      const logits = await engine.logits(long, { chunk, threads });
      assert.equal(hashBits(logits.slice(-engine.vocabulary)), longHash, `chunks of ${chunk}`);
    }
  });

  it("need nothing of what is not asked for", async () => {
    using engine = await loadEngine(url, { precision: "q8", tokensMax: 512 });
    const all = await engine.logits(tokens);
    const last = await engine.step({
      tokens,
      positions: tokens.map((_, i) => i),
      sequences: tokens.map(() => 0),
      outputs: [tokens.length - 1],
      blockTables: [[blockTable]],
    });
    assert.equal(hashBits(last), hashBits(all.slice(-engine.vocabulary)));
  });
});
