// `npm run compile`: one file that answers wherever it is put, with nothing beside it. It is made by Bun, whichever
// runtime runs this test: once is enough, except in the deep run.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { currentRuntime } from "../../src/runtime/mod.ts";
import { runCommand } from "../../tools/runtimes.mjs";
import { runCli } from "./spawn.ts";

const deep = process.env["ARPEGGIO_DEEP"] === "1";
const skip = deep || currentRuntime().name === "bun" ? false : "made and tested once, under Bun";
const TOOL = fileURLToPath(new URL("../../tools/compile.mjs", import.meta.url));

/** Runs the tool as npm does: with Node. */
function compile(...args: string[]) {
  const [path, ...leading] = runCommand("node");
  return spawnSync(path, [...leading, TOOL, ...args], { encoding: "utf8" });
}

describe("npm run compile", { skip }, () => {
  let folder = "";
  let executable = "";
  before(async () => {
    if (skip) return;
    folder = await mkdtemp(join(tmpdir(), "arpeggio compiled-"));
    const built = join(folder, "arpeggio.exe");
    const { status, stdout, stderr } = compile("-o", built);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /arpeggio\.exe: \d+ MB, [0-9.]+ s\n$/);
    // Somewhere else, alone in a directory that cannot be written to.
    executable = join(folder, "a b", "renamed.exe");
    await mkdir(join(folder, "a b"));
    await copyFile(built, executable);
    await rm(built);
    await chmod(join(folder, "a b"), 0o555);
  });
  after(async () => {
    if (folder === "") return;
    await chmod(join(folder, "a b"), 0o755);
    await rm(folder, { recursive: true });
  });

  /** Runs the executable from its directory, with an environment that leads nowhere. */
  async function run(...args: string[]) {
    const nowhere = { PATH: "", HOME: folder, ARPEGGIO_LIBRARY: undefined };
    return await runCli(args, { command: [executable], cwd: join(folder, "a b"), env: nowhere });
  }

  test("the executable answers with the embedded model", async () => {
    const answer = await run("run", "-p", "What is 2+2?", "--temp", "0");
    assert.deepEqual(answer, { code: 0, stdout: "4\n", stderr: "" });
    assert.deepEqual(await readdir(join(folder, "a b")), ["renamed.exe"]);
  });

  test("the executable has the whole command line", async () => {
    assert.equal((await run("--version")).stdout, `arpeggio ${packageJson.version}\n`);
    const inspection = JSON.parse((await run("inspect", "--json")).stdout);
    assert.equal(inspection.supported, true);
    assert.equal(inspection.machine.abi, 1);
    const none = await run("run", "no-such-file.gguf", "-p", "a");
    assert.deepEqual([none.code, none.stderr], [1, "arpeggio: no-such-file.gguf: there is no such file\n"]);
  });

  test("long steps wait in the background there too", async () => {
    const report = JSON.parse(
      (await run("run", "--raw", "-p", "a ".repeat(200), "-n", "2", "--precision", "f32", "--json")).stdout,
    );
    assert.equal(report.usage.generatedTokens, 2);
  });

  test("wrong options are said in one line", () => {
    for (const args of [["--runtime", "node"], ["--rntime", "bun"], ["extra"]]) {
      const { status, stderr } = compile(...args);
      assert.equal(status, 2);
      assert.match(stderr, /^arpeggio: .+\n$/);
    }
  });

  test("deno makes one too, or the message says what is missing", { skip: !deep }, async () => {
    const output = join(folder, "arpeggio-deno.exe");
    const { status, stderr } = compile("--runtime", "deno", "-o", output);
    if (status !== 0) {
      assert.match(stderr, /^arpeggio: deno compile needs Deno's runtime archive, which cannot be downloaded here \(/);
      return;
    }
    const answer = await runCli(["run", "-p", "What is 2+2?", "--temp", "0"], { command: [output], cwd: folder });
    assert.deepEqual(answer, { code: 0, stdout: "4\n", stderr: "" });
  });
});
