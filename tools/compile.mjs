// `npm run compile [-- --runtime bun|deno -o FILE]`: one executable with the TypeScript, the native library and the
// embedded model in it. It runs anywhere with this operating system and processor, with nothing installed.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compileWithDeno } from "./compile_deno.mjs";
import { executable, exitWith, root, SetupError } from "./runtimes.mjs";
import { library, setUp } from "./setup.mjs";

const model = join(root, "models", "arpeggio-mini-q4_k_m.gguf");
const options = /** @type {const} */ ({ runtime: { type: "string" }, output: { type: "string", short: "o" } });
const exe = process.platform === "win32" ? ".exe" : "";

await exitWith(() => {
  const { runtime, output } = parseOptions();
  setUp();
  fs.mkdirSync(dirname(output), { recursive: true });
  const begin = performance.now();
  if (runtime === "deno") compileWithDeno({ library, model, output });
  else compileWithBun(output);
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

/** @param {string} output */
function compileWithBun(output) {
  const entry = join(root, "dist", "executable.ts");
  fs.mkdirSync(dirname(entry), { recursive: true });
  fs.writeFileSync(entry, entryText(dirname(entry)));
  // What lies in the directory where it is started is not its business.
  const isolated = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
  const args = [
    "build",
    "--compile",
    ...isolated,
    "--minify-whitespace",
    "--minify-syntax",
    entry,
    "--outfile",
    output,
  ];
  const { status, stdout, stderr, error } = spawnSync(executable("bun"), args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new SetupError(`bun build failed.\n${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`);
  if (!fs.existsSync(output)) throw new SetupError(`bun build made no ${basename(output)}.`);
}

/**
 * The entry point: the bundler embeds only files that it sees imported.
 * @param {string} folder where the entry point is
 */
function entryText(folder) {
  const from = (/** @type {string} */ path) => JSON.stringify(relative(folder, path).replaceAll("\\", "/"));
  return `// Made by tools/compile.mjs: the command line with the files it needs inside of the executable.
import library from ${from(library)} with { type: "file" };
import model from ${from(model)} with { type: "file" };
import { registerEmbeddedModel } from ${from(join(root, "src", "cli", "model_file.ts"))};
import { runProgram } from ${from(join(root, "src", "cli", "program.ts"))};
import { registerEmbeddedLibrary } from ${from(join(root, "src", "native", "embedded.ts"))};

registerEmbeddedLibrary(library);
registerEmbeddedModel(model);
await runProgram();
`;
}
