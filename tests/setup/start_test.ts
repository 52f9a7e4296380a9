// The commands of a checkout from outside, `npm start` and `npx arpeggio`, run as processes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
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
