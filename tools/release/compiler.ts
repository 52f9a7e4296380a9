// TypeScript to JavaScript, as the packages have it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { executable, modules, root, SetupError } from "../runtimes.mjs";

/** Compiles the project in a folder (its tsconfig.json), with options of `tsc` besides. */
export function compileProject(
  project: string,
  { output, options = [] }: { output: string; options?: string[] },
): void {
  const tsc = join(modules, "typescript", "bin", "tsc");
  const args = [tsc, "--project", project, "--outDir", output, ...options];
  const { status, stdout, stderr, error } = spawnSync(executable("node"), args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new SetupError(`tsc failed.\n${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`);
}
