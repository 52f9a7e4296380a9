// The native tests and the command line on machines that this one can imitate: AArch64 under qemu, and musl. They call
// the library made for that machine from a runtime made for it, and their logits are this machine's, bit for bit.
// Minutes long: for `npm run test:foreign` and `npm run test:deep`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { buildFor, type Machine, machines, missing } from "../../tools/foreign/machines.mjs";
import { root } from "../../tools/runtimes.mjs";
import { MODEL, runCli } from "../cli/spawn.ts";

/** All of tests/csrc but kernels_test.ts, which is a program of its own and builds for qemu by itself. */
const native = readdirSync(join(root, "tests", "csrc")).filter((name) => /_test\.ts$/.test(name))
  .filter((name) => name !== "kernels_test.ts").map((name) => `csrc/${name}`);
const files = [
  ...native,
  "engine/bit_equality_test.ts",
  "engine/worker_test.ts",
  "native/plan_test.ts",
  "model_test.ts",
];

const PROMPT = "Tell me a story about a fox, a river and 17 stones.";
const isNode = currentRuntime().name === "node";

for (const machine of machines) {
  const skip = isNode ? missing(machine) ?? false : "once, under Node";
  // Each test is skipped by itself: of a suite that is skipped, Bun reports nothing.
  describe(`${machine.name}${skip === false ? "" : ` (${skip})`}`, () => {
    let folder = "";
    let library = "";
    before(() => {
      if (skip !== false) return;
      folder = mkdtempSync(join(tmpdir(), "arpeggio-foreign-"));
      library = buildFor(machine);
    });
    after(() => {
      if (folder !== "") rmSync(folder, { recursive: true, force: true });
    });

    for (const file of files) {
      test(`tests/${file} passes`, { skip }, () => {
        const { status, output } = runThere(machine, { script: `./tests/${file}`, test: true, library });
        assert.equal(status, 0, output);
        // TAP, or Bun's summary.
        const passed = /^# pass (\d+)$|^ *(\d+) pass$/m.exec(output)?.slice(1).find((count) => count !== undefined);
        assert.ok(Number(passed) > 0, output);
      });
    }

    test("the logits of a prompt have the bits of this machine's", { skip }, async () => {
      const [here, there] = ["here.f32", "there.f32"].map((name) => join(folder, name));
      assert.equal((await runCli(["logits", MODEL, "-p", PROMPT, "-o", here])).code, 0);
      const args = ["logits", MODEL, "-p", PROMPT, "-o", there];
      const { status, output } = runThere(machine, { script: "./src/cli/main.ts", args, library });
      assert.equal(status, 0, output);
      assert.equal(readFileSync(here).length, 4 * 1024);
      assert.ok(readFileSync(there).equals(readFileSync(here)), "the logits differ");
    });

    test("a story with a seed has the tokens of this machine's", { skip }, async () => {
      const args = ["run", MODEL, "-p", PROMPT, "--seed", "7", "--temp", "1", "-n", "60", "--json"];
      const here = JSON.parse((await runCli(args)).stdout);
      const there = JSON.parse(runThere(machine, { script: "./src/cli/main.ts", args, library }).output);
      assert.ok(here.tokens.length >= 20);
      assert.deepEqual(there.tokens, here.tokens);
      assert.equal(there.text, here.text);
      assert.match(there.runtime, new RegExp(`^${machine.runtime} `));
    });
  });
}

/** Runs a script of the repository on a machine. `output` has both streams. */
function runThere(
  machine: Machine,
  options: { script: string; library: string; args?: readonly string[]; test?: boolean },
): { status: number | null; output: string } {
  const { script, library, args = [], test = false } = options;
  const [path, ...leading] = machine.command(script, { test });
  const { status, stdout, stderr } = spawnSync(path, [...leading, ...args], {
    cwd: root,
    // A test that runs within a test would report to it.
    env: { ...process.env, ARPEGGIO_LIBRARY: library, NODE_TEST_CONTEXT: undefined, ...machine.environment },
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return { status, output: stdout + stderr };
}
