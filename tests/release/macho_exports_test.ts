// A library of macOS that exports less than Zig's linker made of it: what dyld sees, what tools see, the signature.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { modules, root } from "../../tools/runtimes.mjs";
import { withMachOExports } from "../../tools/release/macho_exports.ts";
import { readLibrarySymbols } from "../../tools/release/library_symbols.ts";
import { needsLibrary } from "../native/require_library.ts";
import { exportsByLlvm, hasLlvm } from "./llvm_exports.ts";

// Compilers do the work: who starts them makes no difference.
const skip = needsLibrary.skip || (currentRuntime().name !== "node" && "under Node only");

/** Names that are beginnings of others, so that an export has exports behind it. */
const NAMES = ["ab", "abc", "abcd", "abd", "b", "bcdefgh"];
/** What Zig's linker adds. */
const LINKER_NAMES = ["__dso_handle", "_mh_dylib_header"];

/** A library for a kind of Mac that exports {@linkcode NAMES}. */
function build(target: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "arpeggio-macho-"));
  try {
    const [source, library] = ["source.c", "library.dylib"].map((name) => join(folder, name));
    writeFileSync(source, NAMES.map((name, i) => `int ${name}(void) { return ${i}; }\n`).join(""));
    const args = ["cc", "-target", target, "-shared", "-o", library, source];
    const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: join(root, ".zig-cache", "global") };
    const { status, stderr } = spawnSync(join(modules, ".bin", "zig"), args, { cwd: folder, env, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return readFileSync(library);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("withMachOExports()", () => {
  for (const target of ["aarch64-macos.13.0", "x86_64-macos.13.0"]) {
    const library = skip ? new Uint8Array() : build(target);
    const all = [...NAMES, ...LINKER_NAMES];

    it(`changes nothing when all stays, so that trie and signature are read right: ${target}`, { skip }, () => {
      assert.deepEqual(readLibrarySymbols(library).exports, [...all].sort());
      assert.ok(Buffer.from(withMachOExports(library, all)).equals(library));
    });

    for (const names of [NAMES, ["abcd", "b"], ["ab", "bcdefgh"], ["abc"], []]) {
      it(`leaves ${names.join(", ") || "nothing"}: ${target}`, { skip }, () => {
        const changed = withMachOExports(library, names);
        assert.equal(changed.length, library.length);
        assert.deepEqual(readLibrarySymbols(changed).exports, names);
        if (hasLlvm) assert.deepEqual(exportsByLlvm(changed, "darwin"), names);
        // Whose pages have the hashes that its signature says.
        assert.ok(Buffer.from(withMachOExports(changed, names)).equals(changed));
      });
    }
  }

  it("throws on other files", { skip }, () => {
    assert.throws(() => withMachOExports(new Uint8Array(64), []), RangeError);
  });
});
