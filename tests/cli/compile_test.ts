// `arpeggio compile` and `npm run compile`: one file that answers wherever it is put, with nothing beside it. It is
// made by Bun, whichever runtime runs this test: once is enough, except in the deep run.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFile, chmod, copyFile, mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { APPENDED_ALIGNMENT } from "../../src/gguf/appended.ts";
import { ABI_VERSION } from "../../src/native/abi.ts";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { runCommand } from "../../tools/runtimes.mjs";
import { cannotBeNobody, openWorkshop, runAsNobody, type Workshop } from "./executables.ts";
import { MODEL, runCli, startCli } from "./spawn.ts";

const deep = process.env["ARPEGGIO_DEEP"] === "1";
const skip = deep || currentRuntime().name === "bun" ? false : "made and tested once, under Bun";
const TOOL = fileURLToPath(new URL("../../tools/compile.mjs", import.meta.url));
const isLinux = process.platform === "linux";

/** Runs the tool as npm does: with Node. */
function compile(...args: string[]) {
  const [path, ...leading] = runCommand("node");
  return spawnSync(path, [...leading, TOOL, ...args], { encoding: "utf8" });
}

describe("an executable with a model", { skip }, () => {
  let workshop: Workshop;
  let executable = "";
  const run = (...args: string[]) => workshop.run(executable, ...args);

  before(async () => {
    if (skip) return;
    workshop = await openWorkshop();
    const built = join(workshop.folder, "arpeggio.exe");
    const { status, stdout, stderr } = compile("-o", built);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /arpeggio\.exe: \d+ MB, [0-9.]+ s\n$/);
    // Somewhere else, alone in a directory that cannot be written to.
    executable = join(workshop.place, "renamed.exe");
    await copyFile(built, executable);
    await rm(built);
    await chmod(executable, 0o555);
    await workshop.lock();
  });
  after(() => workshop?.remove());

  test("answers with the model, and leaves nothing behind", async () => {
    const answer = await run("run", "-p", "What is 2+2?", "--temp", "0");
    assert.deepEqual(answer, { code: 0, stdout: "4\n", stderr: "" });
    assert.deepEqual(await workshop.traces(), { place: ["renamed.exe"], temporary: [] });
  });

  test("leaves nothing behind however it ends, in the middle of an answer", async () => {
    for (const [how, code] of [["SIGINT", 130], ["SIGTERM", null], ["SIGKILL", null]] as const) {
      const env = { TMPDIR: workshop.temporary, ARPEGGIO_LIBRARY: undefined };
      const args = ["run", "--raw", "-p", "Once upon a time", "-n", "4000", "--seed", "1"];
      const running = startCli(args, { command: [executable], cwd: workshop.place, env, input: "open" });
      await new Promise((resolve) => running.child.stdout?.once("data", resolve));
      process.kill(running.child.pid!, how);
      const ended = await running.ended;
      assert.deepEqual([ended.code, ended.signal], [code, code === null ? how : null]);
      assert.deepEqual(await workshop.traces(), { place: ["renamed.exe"], temporary: [] });
    }
  });

  test("chats when no command is named", async () => {
    for (const args of [[], ["--temp", "0"], ["chat", "--temp", "0"]]) {
      const options = { command: [executable], cwd: workshop.place, input: "What is 2+2?\n" };
      const { code, stdout } = await runCli([...args, "-n", "5"], options);
      assert.equal(code, 0);
      if (args.length > 0) assert.equal(stdout, "4\n");
    }
    assert.match((await run("--help")).stdout, /^Usage: arpeggio /);
  });

  test("has the whole command line", async () => {
    assert.equal((await run("--version")).stdout, `arpeggio ${packageJson.version}\n`);
    const inspection = JSON.parse((await run("inspect", "--json")).stdout);
    assert.equal(inspection.supported, true);
    assert.equal(inspection.machine.abi, ABI_VERSION);
    const none = await run("run", "no-such-file.gguf", "-p", "a");
    assert.deepEqual([none.code, none.stderr], [1, "arpeggio: no-such-file.gguf: there is no such file\n"]);
  });

  test("long steps wait in the background there too", async () => {
    const report = JSON.parse(
      (await run("run", "--raw", "-p", "a ".repeat(200), "-n", "2", "--precision", "f32", "--json")).stdout,
    );
    assert.equal(report.usage.generatedTokens, 2);
  });

  test("works for other users", { skip: cannotBeNobody }, () => {
    const options = { cwd: workshop.place, TMPDIR: workshop.temporary };
    const answer = runAsNobody(executable, ["run", "-p", "What is 2+2?", "--temp", "0"], options);
    assert.deepEqual(answer, { code: 0, stdout: "4\n", stderr: "" });
  });

  test("says what it needs where it can put its library nowhere", { skip: cannotBeNobody }, () => {
    const options = { cwd: workshop.place, TMPDIR: join(workshop.folder, "none") };
    const { code, stderr } = runAsNobody(executable, ["run", "-p", "a"], options);
    assert.equal(code, 1);
    assert.match(stderr, /^arpeggio: Expected a folder from which .* set TMPDIR to one .*ENOENT.*EACCES.*\n$/);
  });

  test("maps the model in place", { skip: isLinux ? false : "reads /proc" }, async () => {
    const running = startCli(["--temp", "0"], { command: [executable], input: "open" });
    running.child.stdin?.write("What is 2+2?\n");
    await new Promise((resolve) => running.child.stdout?.once("data", resolve));
    const [model, whole] = [await readFile(MODEL), await readFile(executable)];
    const lines = (await readFile(`/proc/${running.child.pid}/maps`, "utf8")).split("\n");
    running.child.stdin?.end();
    assert.equal((await running.ended).code, 0);
    // start-end permissions offset device inode path
    const own = lines.filter((line) => line.endsWith(executable)).map((line) => line.split(/\s+/));
    const places = own.map(([range, permissions, at]) => ({ range, permissions, offset: parseInt(at, 16) }));
    const size = model.length;
    const { range, permissions, offset } = places.find(({ offset }) => offset + size + 32 === whole.length)!;
    const [start, end] = range.split("-").map((at) => parseInt(at, 16));
    assert.equal(permissions, "r--p");
    assert.ok(offset % APPENDED_ALIGNMENT === 0 && end - start >= size);
    assert.ok(whole.subarray(offset, offset + size).equals(model));
  });

  test("makes others: of its own program and another model", async () => {
    const copy = join(workshop.folder, "copy");
    const { code, stdout, stderr } = await run("compile", "-o", copy);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /copy: \d+ MB, [0-9.]+ s\n$/);
    assert.ok((await readFile(copy)).equals(await readFile(executable)));
  });

  test("is a model file for others, and for arpeggio itself", async () => {
    const { stdout } = await runCli(["run", executable, "-p", "What is 2+2?", "--temp", "0"]);
    assert.equal(stdout, "4\n");
  });

  test("says so when it has been cut off", async () => {
    const broken = join(workshop.folder, "broken");
    await copyFile(executable, broken);
    const { length } = await readFile(broken);
    const trailer = (await readFile(broken)).subarray(-32);
    await truncate(broken, length - 40);
    await chmod(broken, 0o755);
    await appendFile(broken, trailer);
    const { code, stderr } = await workshop.run(broken, "run", "-p", "a");
    assert.equal(code, 1);
    assert.match(stderr, /^arpeggio: Expected the appended model, .* make or copy it again \(byte \d+\)\n$/);
  });
});

describe("arpeggio compile refuses, in one line", { skip }, () => {
  let workshop: Workshop;
  before(async () => void (workshop = await openWorkshop()));
  after(() => workshop?.remove());
  const refusal = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(["compile", ...args]);
    assert.equal(stdout, "");
    return [code, stderr] as const;
  };

  test("models that cannot be run", async () => {
    const path = join(workshop.folder, "bad.gguf");
    await writeFile(path, "no model");
    const [code, stderr] = await refusal(path, "-o", join(workshop.folder, "out"));
    assert.equal(code, 1);
    assert.match(stderr, /^arpeggio: Expected .*GGUF.*\n$/);
    assert.deepEqual((await workshop.traces()).temporary, []);
  });

  test("to write over what it reads, or a directory", async () => {
    const path = join(workshop.folder, "model.gguf");
    await copyFile(MODEL, path);
    assert.match((await refusal(path, "-o", path)).join(), /^2,arpeggio: Expected --output to be another file .*\n$/);
    const folder = join(workshop.folder, "folder");
    await mkdir(folder);
    assert.match((await refusal("-o", folder)).join(), /^2,arpeggio: Expected --output to be a file but .*\n$/);
    assert.ok((await readFile(path)).equals(await readFile(MODEL)));
  });

  test("a command line without --output, and programs that are not there", async () => {
    assert.match((await refusal()).join(), /^2,error: required option '-o, --output <file>' not specified\n/);
    const missing = join(workshop.folder, "missing");
    const expected = `1,arpeggio: ${missing}: there is no such file\n`;
    assert.equal((await refusal("--program", missing, "-o", join(workshop.folder, "out"))).join(), expected);
  });

  test("and npm run compile, wrong options", () => {
    for (const args of [["--runtime", "node"], ["--rntime", "bun"], ["extra"]]) {
      const { status, stderr } = compile(...args);
      assert.equal(status, 2);
      assert.match(stderr, /^arpeggio: .+\n$/);
    }
  });

  test("deno makes one, or the message says what is missing", { skip: !deep }, async () => {
    const output = join(workshop.folder, "arpeggio-deno.exe");
    const { status, stderr } = compile("--runtime", "deno", "-o", output);
    if (status !== 0) {
      assert.match(stderr, /^arpeggio: deno compile needs Deno's runtime archive, which cannot be downloaded here \(/);
      return;
    }
    const answer = await runCli(["run", "-p", "What is 2+2?", "--temp", "0"], { command: [output] });
    assert.deepEqual(answer, { code: 0, stdout: "4\n", stderr: "" });
  });
});
