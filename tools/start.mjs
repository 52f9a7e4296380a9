// `npm start [-- QUESTION]`: sets the checkout up and asks the embedded model. Everything else is `npx arpeggio`.
import { join } from "node:path";
import { cliCommand, exitWith, root, runInForeground, takeRuntime } from "./runtimes.mjs";
import { setUp } from "./setup.mjs";

await exitWith(() => {
  const { runtime, rest } = takeRuntime(process.argv.slice(2));
  const option = rest.find((word) => word.startsWith("-"));
  if (option) throw new RangeError(`Expected a question but found ${option}; options are for npx arpeggio run`);
  setUp();
  const question = rest.join(" ") || "What is 2+2?";
  const model = join(root, "models", "arpeggio-mini-q4_k_m.gguf");
  return runInForeground([...cliCommand(runtime), "run", model, "--chat", "-p", question, "--temp", "0", "--stats"]);
});
