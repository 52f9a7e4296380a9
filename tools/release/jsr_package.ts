// The package for JSR: the TypeScript as it is, for Deno. The command line is left to npm.
import { cpSync } from "node:fs";
import { join, sep } from "node:path";
import { root } from "../runtimes.mjs";
import { common, jsrName, mainPackageName, runtimeDependencies, writeJson } from "./metadata.ts";

const copied = ["mod.ts", "src", "README.md", "CHANGELOG.md", "LICENSE"];

/** Writes the package for JSR to a folder that does not exist yet. */
export function writeJsrPackage(folder: string): void {
  const commandLine = join(root, "src", "cli");
  for (const name of copied) {
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => path !== commandLine && !path.startsWith(commandLine + sep),
    });
  }
  const { commander: _, ...dependencies } = runtimeDependencies;
  writeJson(folder, "deno.json", {
    ...{ name: jsrName, ...common },
    exports: "./mod.ts",
    imports: Object.fromEntries(
      Object.entries(dependencies).map(([name, version]) => [name, `npm:${name}@${version}`]),
    ),
    publish: { include: [...copied, "package.json", "deno.json"] },
  });
  // src/version.ts reads the version here.
  writeJson(folder, "package.json", { name: mainPackageName, version: common.version, type: "module" });
}
