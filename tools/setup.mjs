// Makes a fresh clone usable: npm packages, the Bun and Deno binaries, the native library. Does nothing, in a few
// milliseconds, when everything is there. Plain JavaScript for Node 20 and later, without dependencies.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";
import { runNpm } from "./npm.mjs";
import { exitWith, modules, root, runsFromModules, SetupError, zigBuildCommand } from "./runtimes.mjs";

const platform = `${process.platform}-${process.arch}`;
const modulesStamp = join(modules, ".arpeggio-stamp");
const libraryStamp = join(root, "zig-out", ".stamp");
const exe = process.platform === "win32" ? ".exe" : "";

/** The native library that `zig build` makes for this machine. */
export const library = join(
  root,
  "zig-out",
  { win32: "bin/arpeggio.dll", darwin: "lib/libarpeggio.dylib" }[String(process.platform)] ?? "lib/libarpeggio.so",
);

/**
 * Installs and builds what is missing or out of date; safe to call from several processes at once.
 * @throws {SetupError} with a reason the user can act on
 */
export function setUp() {
  if (modulesReady() && libraryReady()) return;
  checkMachine();
  withLock(join(root, ".setup.lock"), say, () => {
    if (!modulesReady()) installModules();
    if (!libraryReady()) buildLibrary();
  });
}

/** @param {string} message */
function say(message) {
  console.error(`arpeggio: ${message}`);
}

function checkMachine() {
  if (!/^(linux|darwin|win32)-(x64|arm64)$/.test(platform)) {
    throw new SetupError(`${platform} is not supported; Linux, macOS and Windows on x64 and arm64 are.`);
  }
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new SetupError(`Node ${process.versions.node} is too old; install Node 20 or later from https://nodejs.org.`);
  }
}

/** @param {string} path @returns {Buffer} empty when there is no such file */
function read(path) {
  return fs.existsSync(path) ? fs.readFileSync(path) : Buffer.alloc(0);
}

/** @param {string[]} paths */
function hashFiles(paths) {
  const hash = createHash("sha256").update(platform);
  for (const path of paths) hash.update(`\0${relative(root, path)}\0`).update(read(path));
  return hash.digest("hex");
}

// npm's own record of what it installed is part of the hash: an `npm install` by hand on another branch shows.
function modulesHash() {
  return hashFiles([join(root, "package-lock.json"), join(modules, ".package-lock.json")]);
}

function modulesReady() {
  return read(modulesStamp).toString() === modulesHash();
}

function libraryHash() {
  const names = fs.readdirSync(join(root, "csrc"), { recursive: true, encoding: "utf8" });
  const sources = names.filter((name) => /\.[ch]$/.test(name)).sort().map((name) => join(root, "csrc", name));
  return hashFiles([join(root, "build.zig"), join(root, "build.zig.zon"), ...sources]);
}

function libraryReady() {
  if (process.env.ARPEGGIO_LIBRARY) return true; // The user's own build.
  return fs.existsSync(library) && read(libraryStamp).toString() === libraryHash();
}

function installModules() {
  if (!installedByHand()) {
    say("installing the packages of package-lock.json (about a minute) ...");
    // Windows cannot delete a running program, but it can move one.
    if (process.platform === "win32" && runsFromModules()) {
      fs.mkdirSync(join(root, ".zig-cache"), { recursive: true });
      fs.renameSync(process.execPath, join(root, ".zig-cache", `${process.pid}-${basename(process.execPath)}`));
    }
    installFromLockfile();
  }
  // What the install scripts of these two would do, had they been allowed to run.
  adoptBinary("@oven", ["bun", "bin", "bun.exe"], join("bin", `bun${exe}`));
  adoptBinary("@deno", ["deno", `deno${exe}`], `deno${exe}`);
  fs.writeFileSync(modulesStamp, modulesHash());
}

/** Whether somebody ran `npm ci` or `npm install`: npm's record has every package this platform needs. */
function installedByHand() {
  const installed = JSON.parse(read(join(modules, ".package-lock.json")).toString() || "{}").packages ?? {};
  const wanted = Object.entries(JSON.parse(read(join(root, "package-lock.json")).toString()).packages);
  return wanted.every(([key, { version, optional, os, cpu, libc }]) => {
    const elsewhere = optional && (libc || !os?.includes(process.platform) || !cpu?.includes(process.arch));
    return key === "" || elsewhere || (installed[key]?.version === version && fs.existsSync(join(root, key)));
  });
}

function installFromLockfile() {
  const args = ["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, output } = runNpm(args, { cwd: root });
  if (status === 0) return;
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/.test(output);
  const reason = offline ? "npm cannot reach its registry: is there a network, or a proxy to set?" : "npm ci failed.";
  throw new SetupError(`${reason}\n${output}`);
}

/**
 * Puts a platform package's binary where the package that belongs to it expects it.
 * @param {string} scope the folder of the platform packages
 * @param {string[]} target path below node_modules
 * @param {string} file path inside the platform package
 */
function adoptBinary(scope, target, file) {
  const to = join(modules, ...target);
  const works = (/** @type {string} */ path) => spawnSync(path, ["--version"], { timeout: 60_000 }).status === 0;
  if (fs.existsSync(to) && works(to)) return;
  const folder = join(modules, scope);
  const packages = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  // More than one where npm cannot tell glibc from musl: the one that runs is right.
  const from = packages.map((name) => join(folder, name, file)).find((path) => fs.existsSync(path) && works(path));
  if (!from) return say(`${target[0]} has no working package for ${platform}; its tests cannot run here.`);
  const temporary = `${to}.${process.pid}`;
  try {
    fs.linkSync(from, temporary);
  } catch {
    fs.copyFileSync(from, temporary);
  }
  fs.renameSync(temporary, to);
}

function buildLibrary() {
  const [zig, ...args] = zigBuildCommand();
  say("building the native library with Zig (about a minute the first time) ...");
  const hash = libraryHash(); // Before the build: a file saved meanwhile makes the next start build again.
  const { status, error, stdout, stderr } = spawnSync(zig, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new SetupError(`zig build failed.\n${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`);
  if (!fs.existsSync(library)) throw new SetupError(`zig build made no ${relative(root, library)}.`);
  fs.writeFileSync(libraryStamp, hash);
}

if (fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await exitWith(() => {
    setUp();
    return 0;
  });
}
