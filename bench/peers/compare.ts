/**
 * How fast is arpeggio beside node-llama-cpp? The same file, the same threads, one after the other in alternating
 * rounds of one run, each in a process of its own; and beside what the machine could do at most.
 */

import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { integerIn } from "../../src/cli/numbers.ts";
import { measureLimits, medianLimits } from "../../src/native/limits.ts";
import { isWeightType } from "../../src/plan/plan.ts";
import { runCommand, type Runtime, runtimes } from "../../tools/runtimes.mjs";
import { randomFormats } from "../weights/random_weights.ts";
import { arpeggioCommand, compileForNode } from "./arpeggio_command.ts";
import { compareDepths, depthText } from "./depth_compare.ts";
import { ROOM_TOKENS } from "./depth_measurement.ts";
import type { Measurement, Task } from "./measurement.ts";
import { mixes, writeRandomModel } from "./random_model.ts";
import { makeReport, reportText } from "./report.ts";
import { compareSequences, sequencesText } from "./sequences_compare.ts";
import { shapes } from "./shapes.ts";
import { turnsOf } from "./turns.ts";

interface Flags {
  shape: string;
  type: string;
  threads: number;
  rounds: number;
  runtimes: Runtime[];
  isa?: string;
  depth?: number[];
  sequences?: number;
  peer: boolean;
  json?: true;
}

/** One of the programs that are compared. */
interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const program = new Command("npm run bench:peers --")
  .description("Compare arpeggio with node-llama-cpp on a model of random weights")
  .addOption(new Option("--shape <name>", "the model").choices(Object.keys(shapes)).default("tinyllama-1.1b"))
  .addOption(
    new Option("--type <type>", "its format").choices([...mixes, ...randomFormats.filter(isWeightType)]).default(
      "Q4_K_M",
    ),
  )
  .option("--threads <n>", "threads of each", integerIn({ min: 1, max: 64 }), 2)
  .option("--rounds <n>", "rounds; the figures are their medians", integerIn({ min: 1, max: 1000 }), 5)
  .addOption(new Option("--runtimes <name...>", "those arpeggio runs under").choices(runtimes).default([...runtimes]))
  .option("--isa <name>", "force one instruction set of arpeggio")
  .addOption(
    new Option("--depth <n...>", "measure behind so many cached tokens instead, e.g. 0 1024 4096")
      .argParser((text: string, before?: number[]) => [...(before ?? []), depthOf(text)]),
  )
  .option("--sequences <n>", "measure so many generations at once instead", integerIn({ min: 2, max: 256 }))
  .option("--no-peer", "with --depth and --sequences: without node-llama-cpp")
  .option("--json", "print JSON with every measurement")
  .action(compare);

/** Up to the longest context of what is compared with, less what is measured behind it. */
const depthOf = integerIn({ min: 0, max: 2 ** 20 - ROOM_TOKENS });

if (import.meta.main) await program.parseAsync();

async function compare(flags: Flags): Promise<void> {
  const { shape, type, threads, rounds } = flags;
  const model = fileURLToPath(new URL(`.cache/${shape}-${type.toLowerCase()}.gguf`, import.meta.url));
  note(`writing ${shape} ${type} unless it is there ...`);
  writeRandomModel(model, { shape: shapes[shape], mix: type });
  if (flags.runtimes.includes("node")) compileForNode();
  if (flags.depth !== undefined) {
    const { depth: depths, peer, runtimes } = flags;
    const results = compareDepths({ model, threads, rounds, depths, peer, runtimes, note, env: environmentOf(flags) });
    console.log(flags.json ? JSON.stringify(results, null, 2) : depthText(results));
    return;
  }
  if (flags.sequences !== undefined) {
    const { sequences, peer, runtimes } = flags;
    const task = { model, threads, sequences };
    const results = compareSequences({ ...task, rounds, peer, runtimes, note, env: environmentOf(flags) });
    console.log(flags.json ? JSON.stringify(results, null, 2) : sequencesText(results, sequences));
    return;
  }
  const limits = [await measureLimits({ threads })];
  const contenders = contendersOf(flags);
  const measurements: Measurement[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const index of turnsOf(round, contenders.length)) {
      const { name } = contenders[index];
      note(`round ${round + 1} of ${rounds}: ${name}`);
      measurements[index].push(measureOne(contenders[index], { model, threads }));
    }
    limits.push(await measureLimits({ threads }));
  }
  const fileBytes = statSync(model).size;
  const report = makeReport({
    ...{ shape, type, fileBytes, limits: medianLimits(limits) },
    ...{ model: shapes[shape], rounds: measurements },
  });
  console.log(flags.json ? JSON.stringify(report, null, 2) : reportText(report));
}

/** The one to compare with last. */
function contendersOf(flags: Flags): Contender[] {
  const ours = flags.runtimes.map((name) => ({
    name: `arpeggio under ${name}`,
    command: arpeggioCommand(name, "measure_arpeggio"),
    env: environmentOf(flags),
  }));
  const command = [...runCommand("node"), fileURLToPath(new URL("measure_llama_cpp.mjs", import.meta.url))];
  return [...ours, { name: "node-llama-cpp", command, env: process.env }];
}

function environmentOf({ isa }: Flags): NodeJS.ProcessEnv {
  return isa === undefined ? process.env : { ...process.env, ARPEGGIO_ISA: isa };
}

function measureOne({ name, command, env }: Contender, task: Task): Measurement {
  const [path, ...args] = command;
  const { status, stdout, stderr } = spawnSync(path, [...args, JSON.stringify(task)], { env, encoding: "utf8" });
  if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1)!) as Measurement;
  throw new Error(`Expected ${name} to succeed but it exited with ${status}: ${stderr}`);
}

function note(text: string): void {
  console.error(`bench:peers: ${text}`);
}
