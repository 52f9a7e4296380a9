/** Runs a script in a process of its own, under the runtime that runs the tests. */

import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** How a process ended. */
export interface ChildResult {
  /** The exit code; `null` when a signal ended it, as after `timeoutMs`. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the last line it printed to its end, in milliseconds. */
  readonly endingMs: number;
}

/** Runs `script` (relative to this folder) with `args`, for 60 s at most. */
export function runChild(
  script: string,
  options: { args?: readonly string[]; environment?: Record<string, string> } = {},
): Promise<ChildResult> {
  const { args = [], environment = {} } = options;
  const prefix = "Deno" in globalThis ? ["run", "--allow-all", "--no-check", "--quiet"] : [];
  const path = fileURLToPath(new URL(script, import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...prefix, path, ...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
    });
    let [stdout, stderr, lastOutput] = ["", "", performance.now()];
    child.stdout.on("data", (data) => {
      stdout += data;
      lastOutput = performance.now();
    });
    child.stderr.on("data", (data) => stderr += data);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr, endingMs: performance.now() - lastOutput }));
  });
}
