/** Builds and runs limits.c: what this machine's memory and its int8 dot products can do at most. */

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeLibrary } from "../../src/native/library.ts";
import { modules, root } from "../../tools/runtimes.mjs";

/** The limits of some threads together. */
export interface Limits {
  readonly threads: number;
  readonly readBytesPerSecond: number;
  readonly int8OperationsPerSecond: number;
}

const SOURCE = fileURLToPath(new URL("limits.c", import.meta.url));
const PROGRAM = fileURLToPath(new URL(".cache/limits", import.meta.url));

/** Builds the program with the vocabulary of the best instruction set of this machine. */
export function buildLimits(): void {
  mkdirSync(dirname(PROGRAM), { recursive: true });
  const zig = join(modules, "@zigc", `${process.platform}-${process.arch}`, "bin", "zig");
  const header = `-DISA_HEADER="simd/${describeLibrary().isas[0]}.h"`;
  const flags = ["-O3", "-mcpu=native", "-std=gnu11", "-Wall", "-Wextra", "-lpthread"];
  run(zig, ["cc", ...flags, `-I${join(root, "csrc")}`, header, "-o", PROGRAM, SOURCE]);
}

/** Measures, for about three seconds. */
export function measureLimits(threads: number): Limits {
  return JSON.parse(run(PROGRAM, [String(threads)])) as Limits;
}

/** The higher of two measurements: everything else a machine does only lowers them. */
export function bestLimits(a: Limits, b: Limits): Limits {
  return {
    threads: a.threads,
    readBytesPerSecond: Math.max(a.readBytesPerSecond, b.readBytesPerSecond),
    int8OperationsPerSecond: Math.max(a.int8OperationsPerSecond, b.int8OperationsPerSecond),
  };
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return stdout;
  throw new Error(`Expected ${command} to succeed but it said: ${stderr ?? ""}${error?.message ?? ""}`);
}
