// `npm run release [-- --platform NAME... --output FOLDER]`: cross-builds the library for every platform, or those that
// are named, and writes packages for npm and JSR, ready to be published, to dist/release. The same sources make the
// same bytes. The work is in tools/release/; it is TypeScript, so a set-up comes first.
import { join } from "node:path";
import { exitWith, root, runCommand, runInForeground } from "./runtimes.mjs";
import { setUp } from "./setup.mjs";

await exitWith(() => {
  setUp();
  const main = join(root, "tools", "release", "main.ts");
  return runInForeground([...runCommand("node"), main, ...process.argv.slice(2)]);
});
