// Which files of this repository a TypeScript file imports, found by reading the text: enough for the import forms our
// style allows, and it needs nothing installed.
import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { root } from "./runtimes.mjs";

const forms = [
  /^(?:import|export)\s[^"';]*?from\s+"(\.[^"]+)"/gm, // import and export ... from, over several lines too
  /^import\s+"(\.[^"]+)"/gm,
  /\bimport\(\s*"(\.[^"]+)"/g,
  /\bnew URL\(\s*"(\.[^"]+\.ts)",\s*import\.meta\.url/g, // workers
];

/**
 * The repository files that a file imports.
 * @param {string} file relative to the root, with `/`
 * @returns {string[]} relative to the root; also those that do not exist
 */
export function importsOf(file) {
  const text = existsSync(root + file) ? readFileSync(root + file, "utf8") : "";
  const found = forms.flatMap((form) => [...text.matchAll(form)].map((match) => match[1]));
  return [...new Set(found.map((target) => posix.join(posix.dirname(file), target)))];
}

/**
 * All files that a file reaches through imports, itself included.
 * @param {string} file
 * @returns {Set<string>}
 */
export function reachableFrom(file) {
  const seen = new Set([file]);
  for (const next of seen) for (const target of importsOf(next)) seen.add(target);
  return seen;
}
