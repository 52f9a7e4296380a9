/**
 * The program that `arpeggio compile` puts a model into: a given executable, this one, or the command line made one by
 * Bun. What is in an executable beside the program is left to compile.ts.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, extname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ArpeggioError } from "../errors.ts";
import { isExecutable } from "../runtime/mod.ts";

/** An executable without the model. Disposing it removes it when it was made for this. */
export interface Program extends AsyncDisposable {
  readonly path: string;
}

/** The program named by `given`, or the command line as an executable. */
export async function openProgram(given: string | undefined, signal: AbortSignal): Promise<Program> {
  const path = given ?? (isExecutable() ? process.execPath : undefined);
  if (path !== undefined) return { path, [Symbol.asyncDispose]: () => Promise.resolve() };
  const bun = findBun();
  const folder = await mkdtemp(join(tmpdir(), "arpeggio-compile-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    return { path: await build(bun, { folder, signal }), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Bun: the one that runs this, the one that npm has installed, or the one in PATH. */
function findBun(): string {
  if (process.versions["bun"] !== undefined) return process.execPath;
  const exe = process.platform === "win32" ? ".exe" : "";
  const found = [
    packageBun(),
    ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, `bun${exe}`)),
  ]
    .find((path) => path !== undefined && existsSync(path));
  if (found !== undefined) return found;
  throw new ArpeggioError(
    "Expected Bun, which makes executables, but found it neither in node_modules nor in PATH: " +
      "npm install bun, or https://bun.sh",
  );
}

/** The binary of the npm package `bun`, which has the same name on all systems. */
function packageBun(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("bun/package.json")), "bin", "bun.exe");
  } catch {
    return undefined;
  }
}

/** Makes the executable. The library goes into it by itself (src/native/bundled.ts). */
async function build(bun: string, { folder, signal }: { folder: string; signal: AbortSignal }): Promise<string> {
  const output = join(folder, "arpeggio.exe");
  const args = [
    ...["build", "--compile", "--minify-whitespace", "--minify-syntax"],
    // What lies in the directory where the executable is started is not its business.
    ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
    ...[fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url)), "--outfile", output],
  ];
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  const child = spawn(bun, args, { cwd, signal, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => said += text);
  const code = await new Promise((done, reject) => child.on("error", reject).on("close", done));
  if (code === 0 && existsSync(output)) return output;
  throw new ArpeggioError(`Expected bun build to make an executable but it failed (${bun}):\n${said.trim()}`);
}
