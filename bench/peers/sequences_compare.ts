/**
 * `npm run bench:peers -- --sequences N`: N generations of 128 tokens at the same time beside one alone, and how soon
 * a prompt has its first token that begins with 2000 tokens of another one. Engines take turns, in processes of their
 * own.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { table } from "../../src/cli/table.ts";
import { runCommand, type Runtime } from "../../tools/runtimes.mjs";
import { arpeggioCommand } from "./arpeggio_command.ts";
import type { SequencesMeasurement, SequencesTask } from "./sequences_measurement.ts";
import { turnsOf } from "./turns.ts";

/** What is compared. */
export interface SequencesComparison extends SequencesTask {
  readonly rounds: number;
  /** Those arpeggio runs under. */
  readonly runtimes: readonly Runtime[];
  /** Also compares with node-llama-cpp. */
  readonly peer: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Is told what is being done. */
  readonly note: (text: string) => void;
}

const figures = ["alone", "together", "spread", "firstMs", "secondMs"] as const;

/** The medians of all engines, node-llama-cpp's last. */
export function compareSequences(comparison: SequencesComparison): SequencesMeasurement[] {
  const { model, threads, sequences, rounds, runtimes, peer, env, note } = comparison;
  const commands = runtimes.map((runtime) => arpeggioCommand(runtime, "measure_sequences_arpeggio"));
  if (peer) {
    commands.push([...runCommand("node"), fileURLToPath(new URL("measure_sequences_llama_cpp.mjs", import.meta.url))]);
  }
  const measured: SequencesMeasurement[][] = commands.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const index of turnsOf(round, commands.length)) {
      const measurement = measureOne(commands[index], { task: { model, threads, sequences }, env });
      note(`round ${round + 1} of ${rounds}: ${measurement.engine}`);
      measured[index].push(measurement);
    }
  }
  return measured.map(medianOf);
}

function measureOne(
  [path, ...args]: readonly string[],
  { task, env }: { task: SequencesTask; env: NodeJS.ProcessEnv },
): SequencesMeasurement {
  const { status, stdout, stderr } = spawnSync(path, [...args, JSON.stringify(task)], { env, encoding: "utf8" });
  if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1)!) as SequencesMeasurement;
  throw new Error(`Expected ${args.at(-1)} to succeed but it exited with ${status}: ${stderr}`);
}

function medianOf(list: readonly SequencesMeasurement[]): SequencesMeasurement {
  const median = (figure: typeof figures[number]) => {
    const values = list.map((one) => one[figure]).filter((value) => value !== null).sort((a, b) => a - b);
    return values.length === 0 ? null : values[Math.floor(values.length / 2)];
  };
  return { ...list[0], ...Object.fromEntries(figures.map((figure) => [figure, median(figure)])) };
}

/** The results for people. */
export function sequencesText(results: readonly SequencesMeasurement[], sequences: number): string {
  const rows = [[
    "tokens per second",
    "alone",
    `${sequences} together`,
    "x",
    "last : first",
    "first token",
    "second",
    "x",
  ]];
  for (const { engine, alone, together, spread, firstMs, secondMs } of results) {
    const prefix = firstMs === null || secondMs === null
      ? ["", "", ""]
      : [`${firstMs.toFixed(0)} ms`, `${secondMs.toFixed(0)} ms`, (firstMs / secondMs).toFixed(0)];
    rows.push([
      ...[engine, alone.toFixed(1), together.toFixed(1), (together / alone).toFixed(2), spread.toFixed(2)],
      ...prefix,
    ]);
  }
  return table(rows);
}
