// `npm run compile [-- --runtime bun|deno -o FILE]`: one executable with the TypeScript, the native library and the
// embedded model in it. It runs anywhere with this operating system and processor, with nothing installed.
import * as fs from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compileWithDeno } from "./compile_deno.mjs";
import { cliCommand, exitWith, root, runInForeground } from "./runtimes.mjs";
import { library, setUp } from "./setup.mjs";

const model = join(root, "models", "arpeggio-mini-q4_k_m.gguf");
const options = /** @type {const} */ ({ runtime: { type: "string" }, output: { type: "string", short: "o" } });
const exe = process.platform === "win32" ? ".exe" : "";

await exitWith(() => {
  const { runtime, output } = parseOptions();
  setUp();
  fs.mkdirSync(dirname(output), { recursive: true });
  if (runtime === "bun") return runInForeground([...cliCommand("bun"), "compile", "--output", output]);
  const begin = performance.now();
  compileWithDeno({ library, model, output });
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${relative(process.cwd(), output)}: ${Math.round(fs.statSync(output).size / 1e6)} MB, ${seconds} s`);
  return 0;
});

/** @returns {{ runtime: "bun" | "deno", output: string }} */
function parseOptions() {
  const { values, positionals } = parse();
  const { runtime = "bun", output } = values;
  if (positionals.length > 0) throw new RangeError(`Expected options but found ${positionals.join(" ")}`);
  if (runtime !== "bun" && runtime !== "deno") {
    throw new RangeError(`Expected --runtime to be bun or deno (Node makes no executables) but found ${runtime}`);
  }
  return { runtime, output: output === undefined ? join(root, "dist", `arpeggio${exe}`) : resolve(output) };
}

function parse() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new RangeError(/** @type {Error} */ (error).message);
  }
}
