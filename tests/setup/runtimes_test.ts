// The launcher's own option, and the commands that run a file under each runtime.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { executable, outerEnvironment, runtimes, takeRuntime } from "../../tools/runtimes.mjs";

describe("takeRuntime()", () => {
  const cases: [string[], string, string[]][] = [
    [["run", "m.gguf"], "bun", ["run", "m.gguf"]],
    [["--runtime", "deno", "run"], "deno", ["run"]],
    [["run", "--runtime=node", "-p", "x"], "node", ["run", "-p", "x"]],
    [["run", "--", "--runtime", "deno"], "bun", ["run", "--", "--runtime", "deno"]],
  ];
  for (const [args, runtime, rest] of cases) {
    test(args.join(" "), () => assert.deepEqual(takeRuntime(args), { runtime, rest }));
  }

  test("refuses another runtime, and none", () => {
    assert.throws(
      () => takeRuntime(["--runtime", "perl"]),
      /Expected --runtime to be deno, bun or node but found perl/,
    );
    assert.throws(() => takeRuntime(["--runtime"]), RangeError);
  });
});

for (const runtime of runtimes) {
  test(`executable() of ${runtime} runs`, () => {
    const { status, stdout } = spawnSync(executable(runtime), ["--version"], { encoding: "utf8" });
    assert.equal(status, 0);
    if (runtime === "node") assert.ok(Number(/^v(\d+)/.exec(stdout)?.[1]) >= 26, stdout);
  });
}

test("outerEnvironment() leaves the checkout's own binaries out of PATH", () => {
  assert.doesNotMatch(outerEnvironment().PATH ?? "", /node_modules[/\\]\.bin/);
});
