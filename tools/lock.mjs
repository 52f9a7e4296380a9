// A lock file, so that `npm start` and `npm test` at the same time do not both install: one holder, and the lock of a
// process that is gone does not count. Synchronous, for command-line tools.
import * as fs from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";

const staleMs = 30 * 60 * 1000; // Longer than any set-up: a holder on another host cannot be asked whether it lives.

/**
 * Runs `work` while no other process that asks for the same lock does.
 * @param {string} path of the lock file
 * @param {(message: string) => void} say told once when there is something to wait for
 * @param {() => void} work
 */
export function withLock(path, say, work) {
  const mine = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let told = false; !create(path, mine);) {
    if (removeStale(path)) continue;
    if (!told) say(`waiting for another set-up of this checkout (if there is none: delete ${basename(path)}) ...`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  try {
    work();
  } finally {
    fs.rmSync(path, { force: true });
  }
}

/** @param {string} path @param {string} content */
function create(path, content) {
  try {
    fs.writeFileSync(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return false;
  }
}

/** @param {string} path @returns {boolean} whether it did, or the lock went meanwhile */
function removeStale(path) {
  // Renamed before it is deleted: of several waiters that see the same stale lock one gets it, and one that comes late
  // and catches a fresh lock instead gives it back.
  const grave = `${path}.${process.pid}`;
  try {
    const seen = fs.readFileSync(path, "utf8");
    if (Date.now() - fs.statSync(path).mtimeMs < staleMs && !holderIsGone(seen)) return false;
    fs.renameSync(path, grave);
    if (fs.readFileSync(grave, "utf8") !== seen) fs.linkSync(grave, path);
    fs.rmSync(grave);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EEXIST") throw error; // Otherwise another waiter was first.
  }
  return true;
}

/** @param {string} content of a lock file, empty while its holder is writing it */
function holderIsGone(content) {
  if (!content) return false;
  const { pid, host } = JSON.parse(content);
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code;
}
