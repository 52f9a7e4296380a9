// `npm test [-- --runtime R] [--filter TEXT] [--isa I] [--jobs N] [--timeout SECONDS] [--deep]`: sets up, then runs
// every tests/**/*_test.ts under Deno, Bun and Node, the native ones on every instruction set of this machine too, and
// the type and format checks. One process per file and runtime, so that a crash or a hang costs one file. The last line
// is the sum of all.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { exitWith, root, runtimes } from "./runtimes.mjs";
import { setUp } from "./setup.mjs";
import { checkJobs, testFiles, testJobs } from "./test_jobs.mjs";
import { countTests } from "./test_report.mjs";

/** @typedef {import("./test_jobs.mjs").Job} Job */
/** @typedef {import("./test_report.mjs").Counts} Counts */
/** @typedef {Counts & { files: number, seconds: number }} Totals */

function options() {
  const { values } = parseOptions();
  const wanted = (values.runtime ?? []).flatMap((value) => value.split(","));
  const wrong = wanted.find((name) => !runtimes.some((runtime) => runtime === name));
  if (wrong !== undefined) throw new RangeError(`Expected --runtime to be deno, bun or node but found ${wrong}`);
  const deep = values.deep === true || process.env.ARPEGGIO_DEEP === "1";
  const jobs = Number(values.jobs ?? availableParallelism());
  const seconds = Number(values.timeout ?? (deep ? 7200 : 600)); // For one file under one runtime.
  for (const [name, value] of Object.entries({ jobs, timeout: seconds })) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new RangeError(`Expected --${name} to be a positive integer but found ${value}`);
    }
  }
  return {
    runtimes: wanted.length > 0 ? runtimes.filter((name) => wanted.includes(name)) : [...runtimes],
    filters: values.filter ?? [],
    isa: values.isa,
    jobs,
    deep,
    timeoutMs: seconds * 1000,
  };
}

function parseOptions() {
  const text = /** @type {const} */ ({ type: "string" });
  const texts = /** @type {const} */ ({ type: "string", multiple: true });
  try {
    return parseArgs({
      options: { runtime: texts, filter: texts, isa: text, jobs: text, timeout: text, deep: { type: "boolean" } },
    });
  } catch (error) {
    throw new RangeError(/** @type {Error} */ (error).message);
  }
}

/**
 * A folder that everybody can use, as the system's temporary folder is.
 * @param {string} within
 */
function makeTemporary(within) {
  const folder = mkdtempSync(join(within, "temporary-"));
  chmodSync(folder, 0o777);
  return folder;
}

/**
 * Runs one job to its end, with a temporary folder of its own in `folder`.
 * @param {Job} job
 * @param {{ folder: string, deep: boolean, timeoutMs: number }} options
 * @returns {Promise<{ counts: Counts, output: string }>} what it printed, with the reason when it broke
 */
function run(job, { folder, deep, timeoutMs }) {
  const temporary = makeTemporary(folder);
  const places = { TMPDIR: temporary, TMP: temporary, TEMP: temporary };
  // tsc and npm would leave compiled code in the temporary folder.
  const own = { NO_COLOR: "1", NODE_DISABLE_COMPILE_CACHE: "1" };
  const env = /** @type {NodeJS.ProcessEnv} */ ({ ...process.env, ...places, ...own });
  if (deep) env.ARPEGGIO_DEEP = "1";
  if (job.isa) env.ARPEGGIO_ISA = job.isa;
  const [path, ...args] = job.command;
  const child = spawn(path, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const chunks = /** @type {Buffer[]} */ ([]);
  child.stdout.on("data", (chunk) => chunks.push(chunk));
  child.stderr.on("data", (chunk) => chunks.push(chunk));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
    child.stdout.destroy(); // A grandchild may hold them open.
    child.stderr.destroy();
  }, timeoutMs);
  return new Promise((resolve) => {
    child.on("error", (error) => chunks.push(Buffer.from(`${error}\n`)));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const reason = late ? `stopped after ${timeoutMs / 1000} s` : signal ? `ended by ${signal}` : `exit code ${code}`;
      const left = readdirSync(temporary);
      resolve(judge(job, { ok: code === 0, reason, left, output: Buffer.concat(chunks).toString() }));
    });
  });
}

/**
 * @param {Job} job
 * @param {{ ok: boolean, reason: string, left: string[], output: string }} result `left` is what it did not remove
 */
function judge(job, { ok, reason, left, output }) {
  const problem = !ok ? reason : left.length > 0 ? `left in its temporary folder: ${left.join(", ")}` : "";
  const counts = job.report
    ? countTests(existsSync(job.report) ? readFileSync(job.report, "utf8") : "")
    : { passed: problem ? 0 : 1, failed: 0, skipped: 0 };
  const none = counts.passed + counts.failed + counts.skipped === 0;
  // A crash, a hang, a file without tests and what is left behind are failures even where no test says so.
  if (counts.failed === 0 && (problem || none)) {
    counts.failed = 1;
    output += `\n${job.name}: ${problem || "ran no test"}\n`;
  }
  return { counts, output };
}

/**
 * Runs jobs, `width` at a time; those that must be alone at the end, one by one.
 * @param {Job[]} jobs
 * @param {{ width: number, folder: string, deep: boolean, timeoutMs: number }} options
 * @returns {Promise<Map<string, Totals>>} per runtime and instruction set
 */
async function runAll(jobs, { width, ...rest }) {
  const totals = new Map();
  async function work(/** @type {Job[]} */ queue) {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const start = performance.now();
      const { counts, output } = await run(job, rest);
      const key = `${job.runtime}${job.isa ? ` ${job.isa}` : ""}`;
      const total = totals.get(key) ?? { files: 0, seconds: 0, passed: 0, failed: 0, skipped: 0 };
      totals.set(key, total);
      total.files++;
      total.seconds += (performance.now() - start) / 1000;
      for (const outcome of /** @type {const} */ (["passed", "failed", "skipped"])) total[outcome] += counts[outcome];
      if (counts.failed > 0) console.log(`\n---- ${key}: ${job.name}: ${counts.failed} failed\n${output.trim()}\n`);
    }
  }
  const together = jobs.filter((job) => !job.alone);
  await Promise.all(Array.from({ length: width }, () => work(together)));
  await work(jobs.filter((job) => job.alone));
  return totals;
}

/** @param {Map<string, Totals>} totals @returns {number} the exit code */
function printSummary(totals) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  console.log("");
  for (const [key, { files, seconds, passed, failed, skipped }] of [...totals].sort(([a], [b]) => (a < b ? -1 : 1))) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
    const run = `${key.padEnd(14)} ${String(files).padStart(4)} files in ${seconds.toFixed(0).padStart(4)} s`;
    console.log(`${run}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
  console.log(`${sum.skipped} skipped`);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

await exitWith(async () => {
  const { runtimes: chosen, filters, isa, jobs: width, deep, timeoutMs } = options();
  setUp();
  const files = testFiles({ deep, filters });
  if (files.length === 0) throw new RangeError(`Expected --filter to match a test file but found none`);
  const folder = mkdtempSync(join(tmpdir(), "arpeggio-test-"));
  chmodSync(folder, 0o755); // Some tests become another user.
  try {
    const whole = filters.length === 0 && chosen.length === runtimes.length && !isa;
    const jobs = testJobs({ runtimes: chosen, isa, files, deep, folder, timeoutMs });
    return printSummary(await runAll([...(whole ? checkJobs() : []), ...jobs], { width, folder, deep, timeoutMs }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
