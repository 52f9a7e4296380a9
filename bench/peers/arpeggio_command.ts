/**
 * How a measuring script is run as users run arpeggio: Deno and Bun execute the sources, Node what the npm package has,
 * which is JavaScript. (Node's own type stripping would add 35 MB to what is measured.)
 */

import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { locateLibrary } from "../../src/native/locate.ts";
import { compileProject } from "../../tools/release/compiler.ts";
import { runCommand, type Runtime } from "../../tools/runtimes.mjs";

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
  compileProject(folder, { output: compiledFolder });
  process.env["ARPEGGIO_LIBRARY"] ??= locateLibrary().path;
}
