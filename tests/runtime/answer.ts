/** A script for permissions_test.ts: asks a model, the only argument. */

import process from "node:process";
import { loadModel } from "../../mod.ts";

await using model = await loadModel(process.argv[2]);
const { text } = await model.generate([{ role: "user", content: "What is 2+2?" }], { temperature: 0, maxTokens: 4 });
console.log(text);
