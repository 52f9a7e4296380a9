/**
 * How a measuring script is run as users run arpeggio: Deno and Bun execute the sources, Node what the npm package has,
 * which is JavaScript. (Node's own type stripping would add 35 MB to what is measured.)
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { locateLibrary } from "../../src/native/locate.ts";
import { executable, modules, runCommand, type Runtime, SetupError } from "../../tools/runtimes.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Where the JavaScript is. */
const compiledFolder = join(folder, ".cache", "node");

/** The command that runs `script`, such as "measure_arpeggio", under a runtime. */
export function arpeggioCommand(runtime: Runtime, script: string): string[] {
  if (runtime !== "node") return [...runCommand(runtime), join(folder, `${script}.ts`)];
  return [...runCommand(runtime), join(compiledFolder, "bench", "peers", `${script}.js`)];
}

/** Makes the JavaScript, and lets it find the library of the checkout. */
export function compileForNode(): void {
  const tsc = join(modules, "typescript", "bin", "tsc");
  const args = [tsc, "--project", folder, "--outDir", compiledFolder];
  const { status, stdout, error } = spawnSync(executable("node"), args, { encoding: "utf8" });
  if (status !== 0) throw new SetupError(`tsc failed.\n${stdout ?? ""}${error?.message ?? ""}`);
  process.env["ARPEGGIO_LIBRARY"] ??= locateLibrary().path;
}
