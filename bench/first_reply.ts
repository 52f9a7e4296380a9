/**
 * How fast is the first reply of a process, when no code has been compiled and no memory been touched? 64 tokens of the
 * embedded model under each runtime, in processes of their own that take turns: once all at once (`--json`), once piece
 * by piece (`--stats`).
 *
 * `bun bench/first_reply.ts [PROCESSES]`; of each 10 unless another number is given.
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { table } from "../src/cli/table.ts";
import { cliCommand, runtimes } from "../tools/runtimes.mjs";

type RuntimeName = (typeof runtimes)[number];

/** What one process tells. */
interface Reply {
  readonly loadMs: number;
  readonly firstTokenMs: number;
  readonly whole: number;
  readonly pieces: number;
}

const QUESTION = ["run", "-p", "Tell me a story about a fox.", "-n", "64", "--temp", "0"];

function run(runtime: RuntimeName, flag: string): { stdout: string; stderr: string } {
  const [path, ...args] = cliCommand(runtime);
  const { status, stdout, stderr } = spawnSync(path, [...args, ...QUESTION, flag], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${runtime} ${flag}: ${stderr}`);
  return { stdout, stderr };
}

/** Of two processes, one per way of reading. Rates are tokens per second. */
function reply(runtime: RuntimeName): Reply {
  const { timings, usage } = JSON.parse(run(runtime, "--json").stdout);
  if (usage.generatedTokens !== 64) throw new Error(`Expected 64 tokens but found ${usage.generatedTokens}`);
  const { loadMs, firstTokenMs, generatedTokensPerSecond: whole } = timings;
  const pieces = Number(/generated (\d+) tok/.exec(run(runtime, "--stats").stderr)?.[1]);
  return { loadMs, firstTokenMs, whole, pieces };
}

/** "median (least to most)" */
function summary(values: number[]): string {
  const sorted = values.map(Math.round).sort((a, b) => a - b);
  return `${sorted[Math.floor(sorted.length / 2)]} (${sorted[0]} to ${sorted.at(-1)})`;
}

if (import.meta.main) {
  const count = Number(process.argv[2] ?? 10);
  const replies = new Map<RuntimeName, Reply[]>(runtimes.map((name) => [name, []]));
  for (let i = 0; i < count; i++) for (const [runtime, all] of replies) all.push(reply(runtime));
  const rows = [["runtime", "whole, tok/s", "pieces, tok/s", "first token, ms", "load, ms"]];
  for (const [runtime, all] of replies) {
    const column = (of: (one: Reply) => number) => summary(all.map(of));
    const figures = [
      (r: Reply) => r.whole,
      (r: Reply) => r.pieces,
      (r: Reply) => r.firstTokenMs,
      (r: Reply) => r.loadMs,
    ];
    rows.push([runtime, ...figures.map(column)]);
  }
  console.log(table(rows));
}
