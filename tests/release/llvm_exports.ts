/** What LLVM's tools say that a library exports. They know all formats, but are not part of every system. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether the tools are installed. */
export const hasLlvm: boolean = ["llvm-nm", "llvm-readobj"].every((tool) =>
  spawnSync(tool, ["--version"]).status === 0
);

/** The names that a library for Linux, macOS ("darwin") or Windows ("win32") exports, as they are in C, sorted. */
export function exportsByLlvm(library: Uint8Array, os: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "arpeggio-llvm-"));
  try {
    const file = join(folder, "library");
    writeFileSync(file, library);
    const defined = ["--extern-only", "--defined-only", "--just-symbol-name"];
    const [tool, ...args] = os === "win32"
      ? ["llvm-readobj", "--coff-exports"]
      : ["llvm-nm", ...defined, ...(os === "darwin" ? [] : ["--dynamic"])];
    const { stdout } = spawnSync(tool, [...args, file], { encoding: "utf8" });
    const names = os === "win32" ? /^ {2}Name: (.+)$/gm : os === "darwin" ? /^_(.+)$/gm : /^(.+)$/gm;
    return [...stdout.matchAll(names)].map(([, name]) => name).sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
