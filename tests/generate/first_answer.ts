// Run by event_loop_test.ts: how late a timer is while a new process loads its first model and generates for the first
// time, when no code has been compiled yet.
import { type GenerateOptions, loadModel, type Model } from "../../mod.ts";
import { modelUrl } from "./example_model.ts";
import { measureLateness } from "./lateness.ts";

const options: GenerateOptions = { temperature: 0, maxTokens: 16 };
let model: Model | undefined;
const load = await measureLateness(async () => {
  model = await loadModel(modelUrl);
});
const generate = await measureLateness(async () => {
  await model?.generate([{ role: "user", content: "What is 2+2?" }], options);
});
model?.dispose();
console.log(JSON.stringify({ load, generate }));
