/**
 * `npm run bench:peers -- --depth N...`: how fast the engines are behind N tokens that are in the cache, with keys and
 * values in F16 and Q8_0. Per depth all engines take turns, in processes of their own; then what a token costs, and by
 * how much more than without any tokens before it.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { table } from "../../src/cli/table.ts";
import { runCommand, type Runtime } from "../../tools/runtimes.mjs";
import { arpeggioCommand } from "./arpeggio_command.ts";
import type { DepthMeasurement, DepthTask } from "./depth_measurement.ts";
import { turnsOf } from "./turns.ts";

/** What is compared. */
export interface DepthComparison {
  readonly model: string;
  readonly threads: number;
  readonly depths: readonly number[];
  readonly rounds: number;
  /** Those arpeggio runs under. */
  readonly runtimes: readonly Runtime[];
  /** Also compares with node-llama-cpp. */
  readonly peer: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Is told what is being done. */
  readonly note: (text: string) => void;
}

/** The median of some measurements of one engine. */
export interface DepthResult extends DepthMeasurement {
  readonly depth: number;
}

/** A program that is measured. */
interface Contender {
  readonly command: readonly string[];
  readonly kvType: DepthTask["kvType"];
  readonly env: NodeJS.ProcessEnv;
}

/** Measures all engines at all depths; those of one depth stand together, node-llama-cpp with F16 last. */
export function compareDepths(comparison: DepthComparison): DepthResult[] {
  const { model, threads, depths, rounds, note } = comparison;
  const contenders = contendersOf(comparison);
  const results: DepthResult[] = [];
  for (const depth of depths) {
    const measured: DepthMeasurement[][] = contenders.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const index of turnsOf(round, contenders.length)) {
        const { kvType } = contenders[index];
        const measurement = measureOne(contenders[index], { model, threads, depth, kvType });
        note(`depth ${depth}, round ${round + 1} of ${rounds}: ${measurement.engine}`);
        measured[index].push(measurement);
      }
    }
    for (const list of measured) results.push({ ...medianOf(list), depth });
  }
  return results;
}

function contendersOf({ runtimes, peer, env }: DepthComparison): Contender[] {
  const ours = runtimes.flatMap((runtime) =>
    (["f16", "q8_0"] as const).map((kvType) => ({
      ...{ kvType, env, command: arpeggioCommand(runtime, "measure_depth_arpeggio") },
    }))
  );
  const command = [...runCommand("node"), fileURLToPath(new URL("measure_depth_llama_cpp.mjs", import.meta.url))];
  return peer ? [...ours, { command, kvType: "f16", env: process.env }] : ours;
}

function measureOne({ command: [path, ...args], env }: Contender, task: DepthTask): DepthMeasurement {
  const { status, stdout, stderr } = spawnSync(path, [...args, JSON.stringify(task)], { env, encoding: "utf8" });
  if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1)!) as DepthMeasurement;
  throw new Error(`Expected ${args[0]} to succeed but it exited with ${status}: ${stderr}`);
}

function medianOf(list: readonly DepthMeasurement[]): DepthMeasurement {
  const median = (figure: "prompt512" | "reply64") =>
    list.map((one) => one[figure]).sort((a, b) => a - b)[Math.floor(list.length / 2)];
  return { engine: list[0].engine, prompt512: median("prompt512"), reply64: median("reply64") };
}

/** The results for people: speeds, how many times those of the last engine, and milliseconds per token. */
export function depthText(results: readonly DepthResult[]): string {
  const rows = [["depth", "", "pp512", "x", "ms a token", "tg64", "x", "ms a token", "more than at the first depth"]];
  for (const { depth, engine, prompt512, reply64 } of results) {
    const first = results.find((other) => other.engine === engine)!;
    const last = results.findLast((other) => other.depth === depth)!;
    rows.push([
      ...[String(depth), engine],
      ...[prompt512.toFixed(1), (prompt512 / last.prompt512).toFixed(2), (1000 / prompt512).toFixed(2)],
      ...[reply64.toFixed(1), (reply64 / last.reply64).toFixed(2), (1000 / reply64).toFixed(2)],
      ...[
        `${(1000 / prompt512 - 1000 / first.prompt512).toFixed(2)} and ` +
        `${(1000 / reply64 - 1000 / first.reply64).toFixed(2)} ms`,
      ],
    ]);
  }
  return table(rows);
}
