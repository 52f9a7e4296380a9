/**
 * Builds and runs tests/csrc/kernels_test.c: every kernel of every instruction set gives the bytes that plain C gives,
 * here and, where qemu can run it, on AArch64.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { zigBuildCommand } from "../../tools/runtimes.mjs";

const ROOT = join(import.meta.dirname, "..", "..");
const QEMU = "qemu-aarch64-static";
const QEMU_TARGET = "aarch64-linux-musl";

/** Builds the program for a target and gives its path. Parallel builds wait for each other in zig's cache. */
function build(target: string | undefined): string {
  const options = target === undefined ? [] : [`-Dtarget=${target}`];
  const [zig, ...args] = zigBuildCommand();
  execFileSync(zig, [...args, "kernels-test", ...options], { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  const folder = join(ROOT, "zig-out", "test");
  const built = target ?? readdirSync(folder).find((name) => name.startsWith(hostPrefix()))!;
  return join(folder, built, process.platform === "win32" ? "kernels_test.exe" : "kernels_test");
}

function hostPrefix(): string {
  const arch = process.arch === "x64" ? "x86_64" : "aarch64";
  const os = process.platform === "win32" ? "windows" : process.platform === "darwin" ? "macos" : "linux";
  return `${arch}-${os}`;
}

/** A line per kernel: its name and the hash of its results. The last line names the instruction sets. */
function run(command: string, parameters: string[] = []): string[] {
  const { stdout, status } = spawnSync(command, parameters, { encoding: "utf8" });
  assert.equal(status, 0, `instruction sets differ:\n${stdout}`);
  return stdout.trim().split("\n");
}

test("kernels: every instruction set gives the bytes of plain C", () => {
  const lines = run(build(undefined));
  assert.ok(lines.length >= 12, lines.join("\n"));
  assert.match(lines.at(-1)!, /^isas .*scalar/);
  // What this machine may lack is tested through another encoding of its instructions.
  if (lines.at(-1)!.includes(" avx512")) assert.match(lines.at(-1)!, / avxvnni_evex /);
  assert.doesNotMatch(lines.join("\n"), /DIFFERS/);
});

const qemu = spawnSync(QEMU, ["--version"]).status === 0;
// The program is the same under every runtime, and emulation is slow: once is enough.
const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);
const why = !qemu ? `skipped: ${QEMU} is not installed` : isNode ? "" : "skipped: runs under Node only";
test(`kernels: NEON under qemu gives the bytes of this machine ${why}`, { skip: why !== "" }, () => {
  const program = build(QEMU_TARGET);
  assert.ok(existsSync(program));
  const found = run(QEMU, [program]);
  assert.match(found.at(-1)!, /^isas neon_i8mm neon scalar/);
  assert.deepEqual(found.slice(0, -1), run(build(undefined)).slice(0, -1));
});
