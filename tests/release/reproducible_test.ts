// The same sources make the same bytes: libraries from two folders, packages twice. For this machine's platform, or for
// all of them in the deep run. LLVM's tools, where they are installed, agree about what is exported.
import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { symbols } from "../../src/native/abi.ts";
import { platforms } from "../../src/native/platforms.ts";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { root } from "../../tools/runtimes.mjs";
import { writeMainPackage } from "../../tools/release/main_package.ts";
import { checkLibrary } from "../../tools/release/library_rules.ts";
import { pack } from "../../tools/release/pack.ts";
import { buildLibrary } from "../../tools/release/targets.ts";
import { needsLibrary } from "../native/require_library.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { exportsByLlvm, hasLlvm } from "./llvm_exports.ts";
import { hostPlatform } from "./release_files.ts";

const folder = temporaryFolder();

// Compilers do the work: who starts them makes no difference.
const skip = needsLibrary.skip || (currentRuntime().name !== "node" && "under Node only");

describe("two builds of the same sources", () => {
  const chosen = process.env["ARPEGGIO_DEEP"] === "1" ? platforms : [hostPlatform];
  const copy = join(folder, "sources");
  for (const name of ["build.zig", "build.zig.zon", "csrc", "tools"]) {
    if (!skip) cpSync(join(root, name), join(copy, name), { recursive: true });
  }

  for (const platform of chosen) {
    it(`make the same library for ${platform.name}, which is as it should be`, { skip }, () => {
      const library = readFileSync(buildLibrary(platform));
      checkLibrary(platform, library);
      if (hasLlvm) assert.deepEqual(exportsByLlvm(library, platform.os), Object.keys(symbols).sort());
      assert.ok(library.equals(readFileSync(buildLibrary(platform, copy))));
    });
  }

  it("make the same main package, whatever the modes of files that the user prefers", { skip }, () => {
    const umask = process.umask();
    const sums = [0o022, 0o077].map((mask) => {
      process.umask(mask);
      writeMainPackage(join(folder, `${mask}`));
      const { sha256 } = pack(join(folder, `${mask}`), join(folder, `archives ${mask}`));
      process.umask(umask);
      return sha256;
    });
    assert.equal(sums[0], sums[1]);
  });
});
