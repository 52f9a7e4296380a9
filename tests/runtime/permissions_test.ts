// What a runtime must permit: no more than the library and the model; and what is said when it does not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { LibraryError } from "../../src/errors.ts";
import { locateLibrary } from "../../src/native/locate.ts";
import { permissionFlag } from "../../src/runtime/files.ts";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { executable, root } from "../../tools/runtimes.mjs";
import { MODEL } from "../cli/spawn.ts";
import { needsLibrary } from "../native/require_library.ts";

const { name: runtime, environment } = currentRuntime();
// Set, the variable says where the library is, and reading it takes a permission of its own.
const library = process.env["ARPEGGIO_LIBRARY"] ? "" : needsLibrary.skip ? "" : locateLibrary().path;
const script = fileURLToPath(new URL("./answer.ts", import.meta.url));

/** Runs the script with options of the runtime. */
function run(...options: string[]) {
  const { status, stdout, stderr } = spawnSync(executable(runtime as "deno" | "node"), [...options, script, MODEL], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1" },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("under Deno", { skip: runtime !== "deno" || library === "" ? "not Deno, or no library built" : false }, () => {
  const mayLoad = `--allow-ffi=${library}`;
  const mayRead = `--allow-read=${MODEL}`;
  const deno = (...options: string[]) => run("run", "--no-prompt", "--no-check", ...options);

  it("needs the permissions for library and model, and nothing else", () => {
    assert.deepEqual(deno(mayLoad, mayRead), { status: 0, stdout: "4\n", stderr: "" });
  });

  it("names the option for the library", () => {
    const { status, stdout, stderr } = deno(mayRead);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.ok(stderr.includes(`Expected the permission to load the native library: run Deno with ${mayLoad}`), stderr);
  });

  it("names the option for the model", () => {
    const { status, stdout, stderr } = deno(mayLoad);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.ok(stderr.includes(`Expected the permission to read ${MODEL}: run Deno with ${mayRead}`), stderr);
  });
});

describe("under Node", { skip: runtime !== "node" || library === "" ? "not Node, or no library built" : false }, () => {
  const sources = ["mod.ts", "package.json", "src", "node_modules", "tests", "zig-out"]
    .map((name) => `--allow-fs-read=${join(root, name)}`);
  const node = (...options: string[]) => run("--permission", ...sources, ...options);

  it("needs the permissions for files, library and threads", () => {
    const { status, stdout, stderr } = node("--allow-ffi", "--allow-worker", `--allow-fs-read=${MODEL}`);
    assert.deepEqual([status, stdout], [0, "4\n"], stderr);
  });

  it("names the options for the library, and for the model", () => {
    assert.match(
      node().stderr,
      /LibraryError: Expected the permission to .*: run Node with --allow-ffi --allow-worker/,
    );
    const { stderr } = node("--allow-ffi", "--allow-worker");
    const option = `run Node with --allow-fs-read=${MODEL}`;
    assert.ok(stderr.includes(`Expected the permission to read ${MODEL}: ${option}`), stderr);
  });

  it("says so where there is no foreign function interface", () => {
    const { status, stderr } = run("--no-experimental-ffi");
    assert.equal(status, 1);
    assert.match(
      stderr,
      new RegExp(`${LibraryError.name}: Expected Node 26.1 or later, .* with --no-experimental-ffi`),
    );
  });
});

describe("permissionFlag()", () => {
  it("is quoted for a shell where that is needed", () => {
    assert.equal(permissionFlag("ffi", "/a/b-c.so"), "--allow-ffi=/a/b-c.so");
    assert.equal(permissionFlag("read", "C:\\My Models\\a.gguf"), '"--allow-read=C:\\My Models\\a.gguf"');
  });
});

describe("Runtime.environment()", () => {
  it("has what is set, and nothing else", () => {
    process.env["ARPEGGIO_TEST"] = "1";
    assert.equal(environment("ARPEGGIO_TEST"), "1");
    delete process.env["ARPEGGIO_TEST"];
    assert.equal(environment("ARPEGGIO_TEST"), undefined);
  });
});
