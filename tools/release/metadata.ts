// What all released packages say about themselves, from the one place that has it: the package.json of the repository.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };

const { version, description, license, keywords, dependencies } = packageJson;

/** The name of the main package on npm. */
export const mainPackageName: string = packageJson.name;

/** The fields that all packages have in common. */
export const common = { version, license };

/** The fields of the packages for people. */
export const presentation = { description, keywords };

/** The packages that are needed at run time, in exact versions. */
export const runtimeDependencies: Readonly<Record<string, string>> = dependencies;

/** Node's version with `node:ffi` enabled; Bun and Deno do not look at it. */
export const engines = { node: ">=26.1.0" };

/** The embedded model, in the repository and in the main package. */
export const modelFile = "models/arpeggio-mini-q4_k_m.gguf";

/** Writes a file of a package as JSON, the way npm formats it. */
export function writeJson(folder: string, name: string, content: unknown): void {
  writePackageFile(folder, name, `${JSON.stringify(content, null, 2)}\n`);
}

/** Writes a file of a package, with the folders it is in. */
export function writePackageFile(folder: string, name: string, content: string | Uint8Array): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
