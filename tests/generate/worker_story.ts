/** What workers_test.ts runs in workers: tells the same story for ever. */

import { parentPort } from "node:worker_threads";
import { greedy, loadExample, story } from "./example_model.ts";

const model = await loadExample();
for (;;) {
  const { tokens } = await model.generate(story, { ...greedy, maxTokens: 30 });
  parentPort?.postMessage(tokens);
}
