// `npm start [-- QUESTION]`: sets the checkout up and asks the embedded model. Everything else is `npx arpeggio`.
import { cliCommand, exitWith, runInForeground, takeRuntime } from "./runtimes.mjs";
import { setUp } from "./setup.mjs";

await exitWith(() => {
  const { runtime, rest } = takeRuntime(process.argv.slice(2));
  const option = rest.find((word) => word.startsWith("-"));
  if (option) throw new RangeError(`Expected a question but found ${option}; options are for npx arpeggio run`);
  setUp();
  const question = rest.join(" ") || "What is 2+2?";
  return runInForeground([...cliCommand(runtime), "run", "--prompt", question, "--temp", "0", "--stats"]);
});
