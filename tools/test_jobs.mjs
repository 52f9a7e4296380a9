// What `npm test` runs: which test files, under which runtimes, on which instruction sets, with which command. Running
// them and counting is test.mjs's task.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { reachableFrom } from "./import_graph.mjs";
import { executable, modules, root, runCommand, testCommand, zigBuildCommand } from "./runtimes.mjs";

/** @typedef {import("./runtimes.mjs").Runtime} Runtime */
/**
 * One process. `isa` is "" for the best one of this machine; `report` is "" for a command that is one test by itself.
 * @typedef {{ name: string, runtime: Runtime | "check", isa: string, command: string[], report: string,
 *   alone: boolean }} Job
 */

const library = "src/native/library.ts"; // A test that reaches it depends on the instruction set.
const isaProbe = "tools/isas.ts";

/**
 * @param {{ deep: boolean, filters: string[] }} options
 * @returns {string[]} test files relative to the root, those of tests/deep only when asked for
 */
export function testFiles({ deep, filters }) {
  return readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" })
    .map((name) => `tests/${name.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith("_test.ts") && (deep || !file.startsWith("tests/deep/")))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort();
}

/** The instruction sets this machine can run, best first. @returns {string[]} */
export function machineIsas() {
  const [path, ...args] = [...runCommand("bun"), join(root, isaProbe)];
  const { status, stdout, stderr } = spawnSync(path, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`${isaProbe} failed: ${stderr}`);
  return JSON.parse(stdout);
}

/**
 * The checks of the whole tree, one test each.
 * @returns {Job[]}
 */
export function checkJobs() {
  const common = /** @type {const} */ ({ runtime: "check", isa: "", report: "", alone: false });
  const tsc = join(modules, "typescript", "bin", "tsc");
  return [
    { ...common, name: "type check", command: [executable("node"), tsc, "--project", root] },
    {
      ...common,
      name: "everything exported from src has an explicit type, as JSR wants",
      command: [executable("node"), tsc, "--project", join(root, "tools", "release"), "--noEmit"],
    },
    { ...common, name: "generated abi.ts is fresh", command: [...zigBuildCommand(), "abi-check"] },
    { ...common, name: "format check", command: [executable("deno"), "fmt", "--check"] },
  ];
}

/**
 * Every process of a test run.
 * @param {{ runtimes: Runtime[], isa: string | undefined, files: string[], deep: boolean, folder: string,
 *   timeoutMs: number }} options with `isa`, native tests run on that one only; `folder` is for the reports
 * @returns {Job[]}
 */
export function testJobs({ runtimes, isa, files, deep, folder, timeoutMs }) {
  const natives = new Set(files.filter((file) => existsSync(root + library) && reachableFrom(file).has(library)));
  const isas = isa ? [isa] : ["", ...(natives.size > 0 ? machineIsas().slice(1) : [])];
  const main = runtimes.includes("bun") ? "bun" : runtimes[0];
  return files.flatMap((file) => {
    // A file that says so measures time: nothing else runs meanwhile.
    const alone = /^\/\/ test: alone\b/m.test(readFileSync(root + file, "utf8"));
    return runtimes.flatMap((runtime) => {
      // The instruction set is below the FFI boundary: one runtime tests the others, and the deep run has all.
      const several = natives.has(file) && !alone && (deep || isa || runtime === main);
      return (several ? isas : [""]).map((isa) => {
        const report = join(folder, `${file.replaceAll("/", "-")}-${runtime}-${isa}.xml`);
        return { name: file, runtime, isa, command: testCommand(runtime, { file, report, timeoutMs }), report, alone };
      });
    });
  });
}
