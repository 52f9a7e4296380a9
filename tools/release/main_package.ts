// The main package for npm: the TypeScript compiled to ES modules, with types, the embedded model and the command line.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { packageNameOf, platforms } from "../../src/native/platforms.ts";
import { root } from "../runtimes.mjs";
import { compileProject } from "./compiler.ts";
import * as metadata from "./metadata.ts";

/** Beside what is compiled. The model and the documents have the places they have in the repository. */
const copied = [
  "README.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "LICENSE",
  "models/arpeggio-mini.md",
  metadata.modelFile,
];

/** Relative imports of TypeScript in declarations, as the compiler writes them; not in the examples of comments. */
const RELATIVE_IMPORTS = /(^(?:import|export)\b[^"';]*?\bfrom |\bimport\()"(\.[^"]+)\.ts"/gm;

/** Writes the main package to a folder that does not exist yet. */
export function writeMainPackage(folder: string): void {
  const compiled = mkdtempSync(join(tmpdir(), "arpeggio-compile-"));
  try {
    compile(compiled);
    const files = readdirSync(compiled, { recursive: true, encoding: "utf8" }).map((name) =>
      name.replaceAll("\\", "/")
    );
    const read = (name: string) => readFileSync(join(compiled, name), "utf8");
    const declarations = reachableDeclarations(read, ["mod.d.ts", "models/mini.d.ts"]);
    for (const name of files.filter((name) => name.endsWith(".js"))) {
      metadata.writePackageFile(folder, name, read(name));
    }
    // TypeScript finds a file of declarations by the name of the file it declares.
    for (const [name, text] of declarations) {
      metadata.writePackageFile(folder, name, text.replace(RELATIVE_IMPORTS, '$1"$2.js"'));
    }
  } finally {
    rmSync(compiled, { recursive: true });
  }
  for (const name of copied) cpSync(join(root, name), join(folder, name));
  cpSync(join(root, "tools", "release", "bin.mjs"), join(folder, "arpeggio.mjs"));
  metadata.writeJson(folder, "package.json", manifest());
}

function manifest(): unknown {
  const { common, presentation, engines, mainPackageName: name, modelFile } = metadata;
  const libraries = platforms.map((platform) => [packageNameOf(platform), common.version]);
  return {
    ...{ name, ...common, ...presentation },
    type: "module",
    exports: {
      ".": { types: "./mod.d.ts", default: "./mod.js" },
      "./mini": { types: "./models/mini.d.ts", default: "./models/mini.js" },
      [`./${modelFile}`]: `./${modelFile}`,
      "./package.json": "./package.json",
    },
    types: "./mod.d.ts",
    bin: { [name]: "arpeggio.mjs" },
    engines,
    sideEffects: false,
    dependencies: metadata.runtimeDependencies,
    optionalDependencies: Object.fromEntries(libraries),
  };
}

/** Comments stay in the declarations, where editors show them; in the code they would be a sixth of the package. */
function compile(folder: string): void {
  const explicit = ["--isolatedDeclarations", "false"]; // Whether every type is explicit is checked elsewhere.
  const project = join(root, "tools", "release");
  compileProject(project, { output: folder, options: [...explicit, "--emitDeclarationOnly"] });
  compileProject(project, { output: folder, options: [...explicit, "--declaration", "false", "--removeComments"] });
}

/** The declarations that `entries` lead to, by name: nobody can import the others. */
function reachableDeclarations(read: (name: string) => string, entries: string[]): ReadonlyMap<string, string> {
  const found = new Map(entries.map((entry) => [entry, read(entry)]));
  for (const [name, text] of found) {
    for (const [, , target] of text.matchAll(RELATIVE_IMPORTS)) {
      const file = `${posix.join(posix.dirname(name), target)}.d.ts`;
      if (!found.has(file)) found.set(file, read(file));
    }
  }
  return found;
}
