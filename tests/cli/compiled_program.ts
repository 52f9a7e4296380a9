/** A user's own program for compile_program_test.ts: nothing but an import of arpeggio. Answers with a given model. */
import process from "node:process";
import { loadModel } from "../../mod.ts";

const [path = process.execPath] = process.argv.slice(2);
await using model = await loadModel(path);
const answer = model.generate([{ role: "user", content: "What is 2+2?" }], { temperature: 0 });
for await (const piece of answer) process.stdout.write(piece);
