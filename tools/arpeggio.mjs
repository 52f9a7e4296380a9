#!/usr/bin/env node
// `npx arpeggio ...` in a checkout: the command line of src/cli under Bun, or under what `--runtime` names.
import { cliCommand, exitWith, runInForeground, takeRuntime } from "./runtimes.mjs";
import { setUp } from "./setup.mjs";

await exitWith(() => {
  const { runtime, rest } = takeRuntime(process.argv.slice(2));
  setUp();
  return runInForeground([...cliCommand(runtime), ...rest]);
});
