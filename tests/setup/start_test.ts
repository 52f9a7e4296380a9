// The commands of a checkout from outside: `npm start`, `npx arpeggio` and `npm run compile`, run as processes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { executable, root, runtimes } from "../../tools/runtimes.mjs";

/** Runs a tool of this checkout with a user's Node. */
function runTool(name: string, args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(executable("node"), [join(root, "tools", name), ...args], { encoding: "utf8" });
}

for (const runtime of runtimes) {
  test(`start asks the embedded model under ${runtime} and ends with one line about the speed`, () => {
    const { status, stdout, stderr } = runTool("start.mjs", ["--runtime", runtime]);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "4\n");
    assert.match(
      stderr,
      new RegExp(`^load .*, prompt .* tok/s, generated .* tok/s, \\d+ threads?, .*, ${runtime} `, "m"),
    );
  });
}

test("start asks another question", () => {
  assert.equal(runTool("start.mjs", ["What is", "3+4?"]).stdout, "7\n");
});

test("start refuses options, which are for arpeggio run", () => {
  const { status, stderr } = runTool("start.mjs", ["--temp", "1"]);
  assert.equal(status, 2);
  assert.match(stderr, /Expected a question but found --temp/);
});

test("arpeggio passes arguments, and the exit code back", () => {
  assert.match(runTool("arpeggio.mjs", ["--version"]).stdout, /^arpeggio \d+\.\d+\.\d+\n$/);
  assert.equal(runTool("arpeggio.mjs", ["no-such-command"]).status, 2);
});

test("compile makes one executable that answers from an empty directory", () => {
  const folder = mkdtempSync(join(tmpdir(), "arpeggio-compile-"));
  try {
    const program = join(folder, process.platform === "win32" ? "arpeggio.exe" : "arpeggio");
    const compiled = runTool("compile.mjs", [program]);
    assert.equal(compiled.status, 0, compiled.stderr);
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const env = { SystemRoot: process.env["SystemRoot"] ?? "" }; // Windows starts nothing without it.
    const args = ["run", "--prompt", "What is 2+2?", "--temp", "0"];
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: empty, env, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "4\n");
    assert.deepEqual(readdirSync(empty), []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
