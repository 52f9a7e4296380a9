// The package for JSR: the TypeScript as it is, for Deno. Its name and files are those of deno.json; the command line
// is left to npm.
import { cpSync } from "node:fs";
import { join, sep } from "node:path";
import denoJson from "../../deno.json" with { type: "json" };
import { root } from "../runtimes.mjs";
import { common, runtimeDependencies, writeJson, writePackageFile } from "./metadata.ts";

/** The name on JSR, where every name has a scope. */
export const jsrName: string = denoJson.name;

/** Writes the package for JSR to a folder that does not exist yet. */
export function writeJsrPackage(folder: string): void {
  const { name, exports, publish } = denoJson;
  const excluded = publish.exclude.map((path) => join(root, path));
  // With a package.json beside it, Deno would want its packages in node_modules.
  const copied = publish.include.filter((path) => path !== "package.json");
  for (const path of copied) {
    cpSync(join(root, path), join(folder, path), {
      recursive: true,
      filter: (file) => !excluded.some((path) => file === path || file.startsWith(path + sep)),
    });
  }
  const version = "/** The version of arpeggio. */\nexport const VERSION: string = ";
  writePackageFile(folder, join("src", "version.ts"), `${version}${JSON.stringify(common.version)};\n`);
  const { commander: _, ...dependencies } = runtimeDependencies;
  writeJson(folder, "deno.json", {
    ...{ name, ...common, exports },
    imports: Object.fromEntries(
      Object.entries(dependencies).map(([name, version]) => [name, `npm:${name}@${version}`]),
    ),
    publish: { include: [...copied, "deno.json"] },
  });
}
