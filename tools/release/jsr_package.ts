// The package for JSR: the TypeScript as it is, for Deno. The command line is left to npm.
import { cpSync } from "node:fs";
import { join, sep } from "node:path";
import { root } from "../runtimes.mjs";
import { common, jsrName, runtimeDependencies, writeJson, writePackageFile } from "./metadata.ts";

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
    publish: { include: [...copied, "deno.json"] },
  });
  // Not from package.json as in the repository: with one, Deno wants its packages in node_modules.
  const version = "/** The version of arpeggio. */\nexport const VERSION: string = ";
  writePackageFile(folder, join("src", "version.ts"), `${version}${JSON.stringify(common.version)};\n`);
}
