// `npm run compile -- --runtime deno`: the same entry point as in a checkout, in an executable of Deno.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { executable, modules, root, SetupError } from "./runtimes.mjs";

/** The packages and scopes the command line imports; the others of node_modules are tools. */
const packages = new Set(["@huggingface", "commander"]);

/**
 * @param {{ library: string, model: string, output: string }} files
 * @throws {SetupError} where Deno's runtime archive cannot be had
 */
export function compileWithDeno({ library, model, output }) {
  const excluded = readdirSync(modules).filter((name) => !packages.has(name)).map((name) => join(modules, name));
  const args = [
    ...["compile", "--allow-all", "--no-check", "--no-lock", "--quiet"],
    // The library and the model become files on disk, which the system can map.
    "--self-extracting",
    ...[library, model].flatMap((file) => ["--include", file]),
    ...excluded.flatMap((path) => ["--exclude", path]),
    ...["--output", output, join(root, "src", "cli", "main.ts")],
  ];
  const { status, stdout, stderr, error } = spawnSync(executable("deno"), args, { cwd: root, encoding: "utf8" });
  if (status === 0 && existsSync(output)) return;
  const text = `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`.trim();
  const archive = /https:\/\/dl\.deno\.land\/\S*denort[^\s)"']*/.exec(text)?.[0];
  if (archive === undefined) throw new SetupError(`deno compile failed.\n${text}`);
  throw new SetupError(
    `deno compile needs Deno's runtime archive, which cannot be downloaded here (${archive}). ` +
      "Download it elsewhere, unpack it and set DENORT_BIN to the file denort, or use --runtime bun.",
  );
}
