// What a bug report gets to know.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import packageJson from "../package.json" with { type: "json" };
import { diagnostics } from "../src/diagnostics.ts";
import { ABI_VERSION } from "../src/native/abi.ts";
import { currentRuntime } from "../src/runtime/mod.ts";
import { root, runCommand } from "../tools/runtimes.mjs";
import { needsLibrary } from "./native/require_library.ts";

/** What build.zig hashes: the sources, each behind a line with its name and length. */
function sourceHash(): string {
  const csrc = readdirSync(join(root, "csrc"), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile()
  ).map(({ parentPath, name }) => join(parentPath, name).slice(root.length).replaceAll("\\", "/"));
  const hash = createHash("sha256");
  for (const name of ["build.zig", ...csrc].sort()) {
    const text = readFileSync(join(root, name));
    hash.update(`${name} ${text.length}\n`).update(text);
  }
  return hash.digest("hex").slice(0, 12);
}

describe("diagnostics()", needsLibrary, () => {
  it("has versions, system and library", () => {
    const { version, runtime, system, library, libraryError } = diagnostics();
    assert.equal(version, packageJson.version);
    assert.equal(runtime, `${currentRuntime().name} ${currentRuntime().version()}`);
    assert.ok(system.startsWith(`${process.platform}-${process.arch}`), system);
    assert.equal(libraryError, undefined);
    assert.equal(library!.abi, ABI_VERSION);
    assert.ok(library!.isas.includes("scalar"));
  });

  it("has the hash of the sources that the library was built from", {
    skip: Boolean(process.env["ARPEGGIO_LIBRARY"]) && "not this checkout's library",
  }, () => assert.equal(diagnostics().library!.build, sourceHash()));

  it("says why there is no library instead of throwing", () => {
    const code = `import { diagnostics } from ${JSON.stringify(new URL("../mod.ts", import.meta.url).href)};
const { library, libraryError } = diagnostics();
console.log(JSON.stringify([library === undefined, libraryError]));`;
    const { name } = currentRuntime();
    const [path, ...args] = name === "deno" ? [process.execPath, "eval"] : [...runCommand(name), "-e"];
    const env = { ...process.env, ARPEGGIO_LIBRARY: join(root, "package.json") };
    const { stdout, stderr } = spawnSync(path, [...args, code], { cwd: root, env, encoding: "utf8" });
    assert.match(
      stdout,
      /^\[true,"Expected a library for .* but found a file that is no native library in ARP/,
      stderr,
    );
  });
});
