/** The same with the model as an import, which Bun's bundler puts into the executable. */
import process from "node:process";
import { loadModel } from "../../mod.ts";
// @ts-ignore: the type checkers know no such imports.
import embedded from "../../models/arpeggio-mini-q4_k_m.gguf" with { type: "file" };

await using model = await loadModel(embedded as string);
process.stdout.write((await model.generate("What is 2+2?", { maxTokens: 0 })).stopReason + "\n");
const answer = model.generate([{ role: "user", content: "What is 2+2?" }], { temperature: 0 });
for await (const piece of answer) process.stdout.write(piece);
