/** A script for exit_test.ts: leaves in the way its argument names. */

import process from "node:process";
import { greedy, loadExample, longPrompt, story } from "./example_model.ts";

const model = await loadExample({ precision: "f32", threads: 1, cacheTokens: 8192 });

/** Starts steps that take 0.1 s and more together, and comes back in the middle of them. */
async function startLongSteps(): Promise<{ running: Promise<unknown> }> {
  const generations = Array.from({ length: 12 }, () => model.generate(longPrompt, { ...greedy, maxTokens: 1 }));
  const running = Promise.all(generations).then(() => console.log("done"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { running };
}

const ways: Record<string, () => Promise<unknown>> = {
  // Nothing is disposed in any of them, on purpose.
  idle: async () => await model.generate(longPrompt, { ...greedy, maxTokens: 1 }),
  unused: () => Promise.resolve(model.generate(story)),
  awaited: async () => await (await startLongSteps()).running,
  "not awaited": startLongSteps,
  exit: async () => {
    await startLongSteps();
    process.exit(0);
  },
  "left the loop": async () => {
    for await (const _ of model.generate(story)) break;
  },
  paused: () => model.generate(story)[Symbol.asyncIterator]().next(),
  disposed: async () => {
    const { running } = await startLongSteps();
    const rejected = running.catch(() => console.log("rejected"));
    await model[Symbol.asyncDispose]();
    await rejected;
  },
};

const way = process.argv[2];
process.on("exit", () => console.log(`leaving: ${way}`));
await ways[way]();
