// How far the logits of the mini model are from the exact ones, which were computed in f64 from the same weights: in
// f32 next to nothing, by default no further than those of llama.cpp. Prints both.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { describeLibrary } from "../../src/native/library.ts";
import { committed, miniModel, readLogits, readModel, sharedFixtures } from "../reference/fixtures.ts";
import { interpretPlan, sequenceStep } from "../reference/interpret.ts";
import { loadEngine } from "./run_model.ts";

/** The rounding of f32 alone, for f32 arithmetic over five layers of some hundred columns. */
const F32_ERROR_MAX = 1e-5;

/** The largest of 47,000 errors is luck up to a factor like this; that of a wrong row is a hundred times larger. */
const LUCK = 1.5;

/** How far numbers are from what they should be. */
interface Errors {
  /** The root of the mean square of the differences, relative to that of the exact numbers. */
  readonly rms: number;
  /** The largest difference, relative to the largest of the exact numbers. */
  readonly max: number;
}

function errorsOf(found: ArrayLike<number>, exact: ArrayLike<number>): Errors {
  let [difference, squares, largest, sum] = [0, 0, 0, 0];
  for (let i = 0; i < exact.length; i++) {
    const d = Math.abs(found[i] - exact[i]);
    difference = Math.max(difference, d); // A NaN stays one.
    largest = Math.max(largest, Math.abs(exact[i]));
    squares += d * d;
    sum += exact[i] * exact[i];
  }
  return { rms: Math.sqrt(squares / sum), max: difference / largest };
}

function print(what: string, { rms, max }: Errors): void {
  console.log(`${what.padEnd(24)} rms ${rms.toExponential(2)}, max ${max.toExponential(2)}`);
}

/** All formats where they are, beside the repository; else the committed ones. */
const folder = sharedFixtures ?? committed;
const names = readdirSync(new URL("mini-logits/", folder)).sort();
const types = names.flatMap((name) => /^exact-(\w+)\.bin$/.exec(name)?.[1] ?? []);
/** The formats that the recorded llama.cpp did not know have no logits of it. */
const hasPeer = (type: string) => names.includes(`${type}.bin`) ? "" : "llama.cpp's logits are not recorded";

/** Plain C is slow. It gives the bits of the others, which bit_equality_test.ts and the kernel tests check. */
const tokensMax = describeLibrary().isa === "scalar" ? 12 : 64;

describe("logits against the exact ones", () => {
  for (const type of types) {
    const { url, skip } = miniModel(type);
    const exact = readLogits(type, "exact", folder);

    it(`${type} in f32: relative error below ${F32_ERROR_MAX}`, { skip }, async () => {
      using engine = await loadEngine(url, { precision: "f32" });
      const found = await engine.logits(exact.tokens.slice(0, tokensMax));
      const errors = errorsOf(found, exact.logits.subarray(0, found.length));
      print(`${type} f32`, errors);
      assert.ok(errors.rms < F32_ERROR_MAX, `rms ${errors.rms}`);
      assert.ok(errors.max < F32_ERROR_MAX, `max ${errors.max}`);
    });

    it(`${type} by default: no further than llama.cpp`, { skip: skip || hasPeer(type) }, async () => {
      using engine = await loadEngine(url, { precision: "q8" });
      const peer = readLogits(type, "llama.cpp", folder);
      assert.deepEqual(peer.tokens, exact.tokens);
      const found = await engine.logits(exact.tokens.slice(0, tokensMax));
      const ours = errorsOf(found, exact.logits.subarray(0, found.length));
      const theirs = errorsOf(peer.logits.subarray(0, found.length), exact.logits.subarray(0, found.length));
      print(`${type} default`, ours);
      print(`${type} llama.cpp`, theirs);
      assert.ok(ours.rms <= theirs.rms, `rms ${ours.rms}, llama.cpp's ${theirs.rms}`);
      assert.ok(ours.max <= LUCK * theirs.max, `max ${ours.max}, llama.cpp's ${theirs.max}`);
    });
  }

  it("the oracle of this repository agrees on the embedded model in f32", async () => {
    const { url } = miniModel("q4_k_m");
    const tokens = readLogits("q4_k_m", "exact").tokens.slice(0, 16);
    using engine = await loadEngine(url, { precision: "f32" });
    const { plan, logits } = engine.model;
    const [exact] = interpretPlan(plan, readModel(url).bytes, { steps: [sequenceStep(tokens)], buffer: logits });
    const errors = errorsOf(await engine.logits(tokens), exact);
    print("oracle, q4_k_m f32", errors);
    assert.ok(errors.rms < F32_ERROR_MAX, `rms ${errors.rms}`);
    assert.ok(errors.max < F32_ERROR_MAX, `max ${errors.max}`);
  });
});
