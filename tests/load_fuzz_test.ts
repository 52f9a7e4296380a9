/**
 * The embedded model's file cut off and with bytes of its header changed, through all of loading and a first token: an
 * error of ours or a model that works, never a crash, a hang, or memory. A seeded sample here; every byte where
 * ARPEGGIO_DEEP is 1. What the parser alone promises is tested in tests/gguf/fuzz_test.ts.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { ArpeggioError, loadModel } from "../mod.ts";
import { parseGguf } from "../src/gguf/parse.ts";
import { runWhole } from "../src/time_slice.ts";
import { byteFlips, type Mutation, truncations } from "./gguf/mutations.ts";
import { needsLibrary } from "./native/require_library.ts";

const deep = process.env["ARPEGGIO_DEEP"] === "1";
const options = { timeout: deep ? 3_600_000 : 300_000 };

/** A load of the good file takes some 30 ms; a hang takes longer than this. */
const CASE_MS_MAX = 10_000;

/** What a broken file may cost beyond what the good one does. */
const MEMORY_BYTES_MAX = 64e6;

/** Loads a file and computes the logits of one token. False when it was refused. */
async function works(bytes: Uint8Array): Promise<boolean> {
  try {
    await using model = await loadModel(bytes, { threads: 1, contextLength: 64 });
    const logits = await model.logits([1]);
    assert.equal(logits.length, model.info.vocabularySize);
    model.detokenize(model.tokenize("What is 2+2?"));
    return true;
  } catch (error) {
    // A context the model was not trained for is a wrong argument here: the file says it was trained for less than 64.
    if (error instanceof ArpeggioError || (error instanceof RangeError && /contextLength/.test(error.message))) {
      return false;
    }
    throw error;
  }
}

async function run(cases: Iterable<Mutation>): Promise<{ refused: number; loaded: number }> {
  let [refused, loaded] = [0, 0];
  let before: number | undefined;
  for (const { name, bytes } of cases) {
    const start = performance.now();
    try {
      if (await works(bytes)) loaded++;
      else refused++;
    } catch (error) {
      throw new Error(`${name}: ${error}`, { cause: error });
    }
    assert.ok(performance.now() - start < CASE_MS_MAX, `${name}: took ${performance.now() - start} ms`);
    // The first cases load the library and warm the runtime up.
    if (loaded + refused === 10) before = process.memoryUsage().rss;
  }
  const grown = process.memoryUsage().rss - (before ?? 0);
  // The garbage of many loads is the runtime's to collect: the bound is for each hundred.
  const bound = MEMORY_BYTES_MAX * Math.max(1, (loaded + refused) / 100);
  assert.ok(before === undefined || grown < bound, `memory grew by ${grown} bytes`);
  return { refused, loaded };
}

describe("loadModel on broken files", needsLibrary, () => {
  const path = new URL("../models/arpeggio-mini-q4_k_m.gguf", import.meta.url);
  const file = new Uint8Array(readFileSync(path));
  const headerBytes = runWhole(parseGguf(file)).dataOffset;
  const choice = deep ? { headerBytes } : { headerBytes, samples: 60, seed: 11 };

  it("refuses a file that is cut off anywhere in its header", options, async () => {
    const { refused, loaded } = await run(truncations(file, choice));
    assert.ok(refused >= 60 && loaded === 0, `${refused} refused, ${loaded} loaded`);
  });

  it("refuses or loads a file with a changed byte", options, async () => {
    const { refused, loaded } = await run(byteFlips(file, choice));
    assert.ok(refused > 0 && loaded > 0, `${refused} refused, ${loaded} loaded`);
  });
});
