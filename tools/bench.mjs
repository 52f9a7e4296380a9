// `npm run bench [-- NAME...] [--runtime R]`: runs bench/*.ts one after the other, or those whose name contains a NAME.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { exitWith, root, runCommand, runInForeground, takeRuntime } from "./runtimes.mjs";
import { setUp } from "./setup.mjs";

await exitWith(async () => {
  const { runtime, rest: names } = takeRuntime(process.argv.slice(2));
  const folder = join(root, "bench");
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts")).sort();
  const chosen = files.filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
  if (chosen.length === 0) throw new RangeError(`Expected one of ${files.join(", ")} but found ${names.join(" ")}`);
  setUp();
  let worst = 0;
  for (const file of chosen) {
    console.log(`\n# ${file} (${runtime})`);
    worst = Math.max(worst, await runInForeground([...runCommand(runtime), join(folder, file)], { cwd: root }));
  }
  return worst;
});
