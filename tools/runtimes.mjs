// Where the three runtimes of this checkout are and how each runs a script or a test file. Plain JavaScript without
// dependencies, because it runs before anything is installed; installing is setup.mjs's task.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root directory, with a separator at the end. */
export const root = fileURLToPath(new URL("../", import.meta.url));
export const modules = join(root, "node_modules");
export const runtimes = /** @type {const} */ (["deno", "bun", "node"]);
/** @typedef {"deno" | "bun" | "node"} Runtime */

const exe = process.platform === "win32" ? ".exe" : "";
const nodeMajor = 26; // The first Node with node:ffi.

/** A failure the user can act on: shown as one message, without a stack. */
export class SetupError extends Error {}

/**
 * The executable of a runtime.
 * @param {Runtime} runtime
 * @throws {SetupError} where there is none for this platform
 */
export function executable(runtime) {
  if (runtime === "node") return nodeExecutable();
  // The binaries themselves, not the JavaScript wrappers in .bin: faster, and signals arrive.
  const path = runtime === "bun" ? join(modules, "bun", "bin", "bun.exe") : join(modules, "deno", `deno${exe}`);
  if (!existsSync(path)) throw new SetupError(`There is no ${runtime} for ${process.platform}-${process.arch} on npm.`);
  return path;
}

function nodeExecutable() {
  const os = process.platform === "win32" ? "win" : process.platform;
  for (const name of [`node-${os}-${process.arch}`, `node-bin-${os}-${process.arch}`]) {
    const path = join(modules, name, "bin", `node${exe}`);
    if (existsSync(path)) return path;
  }
  const isNode = !process.versions.bun && !("Deno" in globalThis);
  for (const path of isNode ? [process.execPath, "node"] : ["node"]) {
    const version = spawnSync(path, ["--version"], { encoding: "utf8", env: outerEnvironment() }).stdout ?? "";
    if (Number(/^v(\d+)/.exec(version)?.[1]) >= nodeMajor) return path;
  }
  throw new SetupError(
    `npm has no Node ${nodeMajor} for ${process.platform}-${process.arch}; install it from https://nodejs.org.`,
  );
}

/** The environment without node_modules/.bin in PATH: what npm and the user's own Node are found with. */
export function outerEnvironment() {
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  const entries = (process.env[key] ?? "").split(delimiter);
  const outer = entries.filter((entry) => !entry.includes(join("node_modules", ".bin")));
  return { ...process.env, [key]: outer.join(delimiter) };
}

/** Whether this very process runs from a file that `npm ci` deletes. */
export function runsFromModules() {
  return dirname(process.execPath).startsWith(modules + sep);
}

/**
 * The command that runs build.zig; whatever it makes stays in this checkout.
 * @param {{ cache?: string }} [options] another folder for what is compiled from our own sources
 * @returns {string[]} to be run in the root, steps can follow
 * @throws {SetupError} where npm has no Zig
 */
export function zigBuildCommand({ cache = join(root, ".zig-cache") } = {}) {
  const platform = `${process.platform}-${process.arch}`;
  const zig = join(modules, "@zigc", platform, "bin", `zig${exe}`);
  if (!existsSync(zig)) throw new SetupError(`npm installed no @zigc/${platform}: there is no Zig to build with.`);
  return [zig, "build", "--cache-dir", cache, "--global-cache-dir", join(root, ".zig-cache", "global")];
}

/**
 * The command that runs the command-line interface.
 * @param {Runtime} runtime
 * @returns {string[]}
 */
export function cliCommand(runtime) {
  return [...runCommand(runtime), join(root, "src", "cli", "main.ts")];
}

/**
 * The command that runs a TypeScript file.
 * @param {Runtime} runtime
 * @returns {string[]} executable and leading arguments
 */
export function runCommand(runtime) {
  const path = executable(runtime);
  if (runtime === "bun") return [path];
  if (runtime === "deno") return [path, "run", "--allow-all", "--quiet"];
  return [path, "--experimental-ffi", "--disable-warning=ExperimentalWarning"];
}

/**
 * The command that runs one test file and writes a JUnit report.
 * @param {Runtime} runtime
 * @param {{ file: string, report: string, timeoutMs: number }} options file relative to the root
 * @returns {string[]}
 */
export function testCommand(runtime, { file, report, timeoutMs }) {
  const path = executable(runtime);
  if (runtime === "bun") {
    // Bun stops a test after 5 s by default; here the limit is the file's.
    return [path, "test", "--reporter=junit", `--reporter-outfile=${report}`, `--timeout=${timeoutMs}`, `./${file}`];
  }
  if (runtime === "deno") {
    return [path, "test", "--allow-all", "--quiet", "--no-check", `--junit-path=${report}`, file];
  }
  return [
    ...runCommand("node"),
    ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
    ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
    file,
  ];
}

/**
 * Takes `--runtime NAME` or `--runtime=NAME` out of a command line, up to `--`.
 * @param {string[]} args
 * @returns {{ runtime: Runtime, rest: string[] }} Bun when there is none
 */
export function takeRuntime(args) {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const at = args.findIndex((arg, index) => index < end && /^--runtime(=|$)/.test(arg));
  if (at < 0) return { runtime: "bun", rest: args };
  const joined = args[at].includes("=");
  const value = joined ? args[at].slice("--runtime=".length) : args[at + 1];
  const runtime = runtimes.find((name) => name === value);
  if (!runtime) throw new RangeError(`Expected --runtime to be deno, bun or node but found ${value ?? "nothing"}`);
  return { runtime, rest: [...args.slice(0, at), ...args.slice(at + (joined ? 1 : 2))] };
}

/**
 * Runs a command with this process's terminal until it ends, and passes on how it ended.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>} the exit code, 128 + n after signal n as shells say it
 */
export function runInForeground([path, ...args], options = {}) {
  const child = spawn(path, args, { stdio: "inherit", ...options });
  // Ctrl-C reaches the whole process group: the child decides what it means, and this process waits for it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
  });
}

/**
 * Runs a tool's main function: its number is the exit code, and an error the user can act on is one line.
 * @param {() => number | Promise<number>} main
 */
export async function exitWith(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError) && !(error instanceof RangeError)) throw error;
    console.error(`arpeggio: ${error.message}`);
    process.exitCode = error instanceof RangeError ? 2 : 1;
  }
}
