// `npm run check`: the type check and the format check, which `npm test` runs as two of its jobs.
import { exitWith, root, runInForeground } from "./runtimes.mjs";
import { setUp } from "./setup.mjs";
import { checkJobs } from "./test_jobs.mjs";

await exitWith(async () => {
  setUp();
  let worst = 0;
  for (const { command } of checkJobs()) worst = Math.max(worst, await runInForeground(command, { cwd: root }));
  return worst;
});
