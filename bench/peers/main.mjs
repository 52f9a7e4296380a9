// `npm run bench:peers [-- OPTIONS]`: installs what arpeggio is compared with, then runs compare.ts.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exitWith, outerEnvironment, runCommand, runInForeground, SetupError } from "../../tools/runtimes.mjs";
import { setUp } from "../../tools/setup.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url));

await exitWith(() => {
  if (`${process.platform}-${process.arch}` !== "linux-x64") {
    throw new SetupError("The comparison is for Linux on x64: the package of the other engine is pinned for it.");
  }
  setUp();
  if (!isInstalled()) install();
  return runInForeground([...runCommand("bun"), join(folder, "compare.ts"), ...process.argv.slice(2)]);
});

/** Whether the packages have the versions of package.json. */
function isInstalled() {
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.entries(dependencies).every(([name, version]) => {
    const file = join(folder, "node_modules", name, "package.json");
    return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version === version;
  });
}

function install() {
  console.error("arpeggio: installing the packages of bench/peers (85 MB) ...");
  // Its optional packages are 600 MB of CUDA; the one for this platform is among the dependencies. Not `npm ci`, which
  // wants every optional package in the lockfile, also those that a registry does not have.
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const args = ["install", "--no-save", "--omit=optional", "--ignore-scripts", ...quiet];
  const { status, error } = spawnSync("npm", args, { cwd: folder, env: outerEnvironment(), stdio: "inherit" });
  if (status !== 0) throw new SetupError(`npm install failed in bench/peers. ${error?.message ?? ""}`);
}
