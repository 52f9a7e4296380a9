/**
 * What does it cost to be one file? From the start of the process to its first token, and the most memory it had: of an
 * executable of `arpeggio compile` and of the same command line in the checkout, both under Bun, in turns.
 *
 * `bun bench/executable.ts [MODEL.gguf]`; without a model, with the embedded one.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Of each, after one that is not counted. */
const RUNS = 7;

const EMBEDDED = fileURLToPath(new URL("../models/arpeggio-mini-q4_k_m.gguf", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

/** What one process took. */
export interface StartCosts {
  /** From its start to its end, which is that of the first token, in milliseconds. */
  readonly milliseconds: number;
  /** The most memory that was resident, in megabytes; pages of the mapped file count. */
  readonly megabytes: number;
}

/** The medians of processes that generate one token, in the order of `commands`, which take turns. */
export function measureStarts(commands: readonly (readonly string[])[], runs: number): StartCosts[] {
  const found = commands.map(() => [] as StartCosts[]);
  for (let run = 0; run <= runs; run++) {
    for (const [i, command] of commands.entries()) {
      const begin = performance.now();
      const { exitCode, resourceUsage, stderr } = Bun.spawnSync(
        [...command, "-p", "What is", "--raw", "-n", "1", "--temp", "0"],
      );
      const milliseconds = performance.now() - begin;
      if (exitCode !== 0 || resourceUsage === undefined) throw new Error(`${command.join(" ")}: ${stderr}`);
      if (run > 0) found[i].push({ milliseconds, megabytes: Number(resourceUsage.maxRSS) / 1e6 });
    }
  }
  return found.map((all) => ({
    milliseconds: median(all.map(({ milliseconds }) => milliseconds)),
    megabytes: median(all.map(({ megabytes }) => megabytes)),
  }));
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

if (import.meta.main) {
  const [model = EMBEDDED] = process.argv.slice(2);
  const folder = await mkdtemp(join(tmpdir(), "arpeggio-bench-"));
  try {
    const app = join(folder, "app");
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, PROGRAM, "compile", model, "-o", app]);
    if (exitCode !== 0) throw new Error(`${stderr}`);
    const [checkout, executable] = measureStarts([[process.execPath, PROGRAM, "run", model], [app, "run"]], RUNS);
    for (const [name, { milliseconds, megabytes }] of Object.entries({ checkout, executable })) {
      console.log(
        `${name.padEnd(10)} ${milliseconds.toFixed(0).padStart(6)} ms ${megabytes.toFixed(0).padStart(6)} MB`,
      );
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
