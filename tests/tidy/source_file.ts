// The text files of the repository as the tidy rules see them: with their code masked, so that a rule about code does
// not trip over a comment. What the rules are is left to the other files of this folder.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { maskCode } from "./mask.ts";

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  path: string;
  text: string;
  lines: string[];
  /** `text` with comments and the insides of strings blanked, same length and lines; "" for what is not code. */
  code: string;
}

/** A convention. It fails for its own `bad` example, or tidy_test.ts says that it checks nothing. */
export interface Rule {
  name: string;
  /** Returns "path:line: what is wrong" for each violation. */
  check(files: SourceFile[]): string[];
  /** A tiny tree that breaks the rule and no sensible repository has: path to text. */
  bad: Record<string, string>;
}

const SKIPPED = new Set(["node_modules", "zig-out", "zig-pkg", ".zig-cache", ".git", "dist", "fixtures"]);
const TEXT = /\.(ts|mjs|c|h|zig|zon|json|toml|md|py|inp|jinja)$|^\.(gitignore|gitattributes)$|^run$/;
const CODE = /\.(ts|mjs|c|h|zig)$/;

export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, lines: text.split("\n"), code: CODE.test(path) ? maskCode(text, languageOf(path)) : "" };
}

/** Every text file below `root` that a person wrote. */
export function readTree(root: string): SourceFile[] {
  const files: SourceFile[] = [];
  function walk(folder: string): void {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder + entry.name;
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(`${path}/`);
      if (entry.isFile() && TEXT.test(entry.name)) files.push(sourceFile(path, readFileSync(join(root, path), "utf8")));
    }
  }
  walk("");
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function languageOf(path: string): "script" | "c" | "zig" {
  return path.endsWith(".zig") ? "zig" : /\.[ch]$/.test(path) ? "c" : "script";
}

export function isCode(file: SourceFile): boolean {
  return CODE.test(file.path);
}

/** Whether the file is TypeScript of the library itself: src and mod.ts. */
export function isLibrary({ path }: SourceFile): boolean {
  return path === "mod.ts" || (path.startsWith("src/") && path.endsWith(".ts"));
}

/** The violations of one pattern, line by line. */
export function linesMatching(file: SourceFile, lines: string[], pattern: RegExp, message: string): string[] {
  return lines.flatMap((line, index) => {
    const match = pattern.exec(line);
    return match ? [`${file.path}:${index + 1}: ${message.replace("$&", match[0].trim())}`] : [];
  });
}
