/** How long does it take until a model can be used? The parts of loading, and the whole, for the embedded model. */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { bench, run } from "mitata";
import { loadModel } from "../mod.ts";
import { bytesSource, readGguf } from "../src/gguf/reader.ts";
import { buildModel } from "../src/models/mod.ts";
import { encodePlan } from "../src/plan/encode.ts";
import { runWhole } from "../src/time_slice.ts";
import { createTokenizer } from "../src/tokenizer/mod.ts";

const MODEL = fileURLToPath(new URL("../models/arpeggio-mini-q4_k_m.gguf", import.meta.url));

if (import.meta.main) {
  const bytes = new Uint8Array(await readFile(MODEL));
  const file = await readGguf(bytesSource(bytes));
  const sizes = { tokensMax: 512, outputsMax: 8, precision: "q8", cacheBlocks: 8 } as const;
  bench("read the header", () => readGguf(bytesSource(bytes)));
  bench("make the tokenizer", () => runWhole(createTokenizer(file.metadata)));
  bench("record the plan", () => encodePlan(buildModel(file, sizes).plan));
  bench("loadModel(path)", async () => (await loadModel(MODEL))[Symbol.asyncDispose]());
  bench("loadModel(bytes)", async () => (await loadModel(bytes))[Symbol.asyncDispose]());
  bench("loadModel and the first token", async () => {
    await using model = await loadModel(MODEL);
    return (await model.generate("What is", { maxTokens: 1, temperature: 0 })).text;
  });
  await run();
}
