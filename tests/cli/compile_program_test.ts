// A user's own program made one file by `bun build --compile`: the library goes in by itself, the model as an import or
// behind the end.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { executable as runtimeExecutable } from "../../tools/runtimes.mjs";
import { openWorkshop, type Workshop } from "./executables.ts";
import { MODEL, runCli } from "./spawn.ts";

const skip = process.env["ARPEGGIO_DEEP"] === "1" || currentRuntime().name === "bun" ? false : "once, under Bun";

/** `bun build` of a program beside this test, in another directory. */
function build(program: string, { cwd, args }: { cwd: string; args: readonly string[] }): void {
  const entry = fileURLToPath(new URL(program, import.meta.url));
  const { status, stderr } = spawnSync(runtimeExecutable("bun"), ["build", ...args, entry], { cwd, encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

describe("a program of one's own", { skip }, () => {
  let workshop: Workshop;
  let program = "";
  before(async () => {
    workshop = await openWorkshop();
    program = join(workshop.place, "my program");
    build("compiled_program.ts", { cwd: workshop.folder, args: ["--compile", "--minify", "--outfile", program] });
  });
  after(() => workshop?.remove());

  test("becomes an executable as it is, with the library inside", async () => {
    await workshop.lock();
    assert.deepEqual(await workshop.run(program, MODEL), { code: 0, stdout: "4", stderr: "" });
    assert.deepEqual(await workshop.traces(), { place: ["my program"], temporary: [] });
  });

  test("finds a model that has been put behind its end", async () => {
    const output = join(workshop.folder, "with model");
    const { code, stderr } = await runCli(["compile", "--program", program, "-o", output]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await workshop.run(output), { code: 0, stdout: "4", stderr: "" });
  });

  test("has a model inside that it imports", async () => {
    const output = join(workshop.folder, "imported");
    build("compiled_program_with_model.ts", { cwd: workshop.folder, args: ["--compile", "--outfile", output] });
    assert.deepEqual(await workshop.run(output), { code: 0, stdout: "maxTokens\n4", stderr: "" });
  });

  test("becomes a bundle too, with the library beside it", async () => {
    const folder = join(workshop.folder, "bundle");
    build("compiled_program.ts", { cwd: workshop.folder, args: ["--target", "bun", "--outdir", folder] });
    const answer = await runCli([MODEL], {
      command: [runtimeExecutable("bun"), join(folder, "compiled_program.js")],
      cwd: workshop.place,
      env: { ARPEGGIO_LIBRARY: undefined },
    });
    assert.deepEqual(answer, { code: 0, stdout: "4", stderr: "" });
  });
});
