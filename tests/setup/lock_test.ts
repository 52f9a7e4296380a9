// The set-up lock: one holder at a time, released on failure, taken over from a process that is gone.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withLock } from "../../tools/lock.mjs";
import { executable } from "../../tools/runtimes.mjs";

function inTemporaryFolder<Result>(work: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "arpeggio-lock-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const result = work(folder);
  if (result instanceof Promise) result.finally(remove);
  else remove();
  return result;
}

test("withLock() holds the lock while it works and releases it when the work fails", () =>
  inTemporaryFolder((folder) => {
    const lock = join(folder, "lock");
    assert.throws(() =>
      withLock(lock, assert.fail, () => {
        assert.ok(existsSync(lock));
        throw new Error("failed");
      }), /failed/);
    assert.ok(!existsSync(lock));
  }));

test("withLock() takes over the lock of a process that is gone, without waiting", () =>
  inTemporaryFolder((folder) => {
    const lock = join(folder, "lock");
    const { pid } = spawnSync(executable("bun"), ["--version"]);
    writeFileSync(lock, JSON.stringify({ pid, host: hostname() }));
    let worked = false;
    withLock(lock, assert.fail, () => worked = true);
    assert.ok(worked);
  }));

test("withLock() lets one of several processes work at a time", () =>
  inTemporaryFolder(async (folder) => {
    const log = join(folder, "log");
    const tool = JSON.stringify(fileURLToPath(new URL("../../tools/lock.mjs", import.meta.url)));
    // Each adds 1 to a number in a file, slowly; without the lock the sum is short.
    const script = `const fs = require("fs"); const { withLock } = await import(${tool});
      withLock(${JSON.stringify(join(folder, "lock"))}, () => {}, () => {
        const seen = fs.existsSync(${JSON.stringify(log)}) ? Number(fs.readFileSync(${JSON.stringify(log)})) : 0;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        fs.writeFileSync(${JSON.stringify(log)}, String(seen + 1));
      });`;
    const children = Array.from({ length: 4 }, () => spawn(executable("bun"), ["-e", script], { stdio: "inherit" }));
    const codes = await Promise.all(children.map((child) => new Promise((resolve) => child.on("exit", resolve))));
    assert.deepEqual(codes, [0, 0, 0, 0]);
    assert.equal(readFileSync(log, "utf8"), "4");
  }));
