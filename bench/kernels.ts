/**
 * How fast is each kernel? Every op and weight format on every instruction set this machine has, as bytes per second
 * (what decoding is limited by) and operations per second (what prompts are limited by). Each instruction set is
 * measured in a process of its own, because the library chooses once. The scalar one is the definition of the others
 * and takes minutes: it is measured when ARPEGGIO_ISA names it.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measure } from "mitata";
import { table } from "../src/cli/table.ts";
import { describeLibrary } from "../src/native/library.ts";
import { type MachineLimits, measureLimits, medianLimits } from "../src/native/limits.ts";
import { currentRuntime } from "../src/runtime/mod.ts";
import { runCommand } from "../tools/runtimes.mjs";
import { isIntegerType, type WeightType } from "../src/plan/plan.ts";
import { type Kernel, kernelList } from "./native/kernel_list.ts";
import { prepareKernel } from "./native/kernel_plan.ts";

/** Enough for a median: the slowest kernels take half a second. */
const MEASURE = { min_cpu_time: 100e6, min_samples: 5, batch_samples: 1, warmup_samples: 1 };

async function measureAll(): Promise<void> {
  const { isa, cores } = describeLibrary();
  const rows = [[String(isa), "tokens", "us", "GB/s", "GOP/s", "of limit"]];
  const measured = [await measureLimits({ threads: cores }), await measureLimits({ threads: cores })];
  const limits = medianLimits([...measured, await measureLimits({ threads: cores })]);
  for (const kernel of kernelList()) rows.push(await measureOne(kernel, limits));
  console.log(`${isa}, ${cores} threads\n${table(rows)}`);
}

async function measureOne(kernel: Kernel, limits: MachineLimits): Promise<string[]> {
  using plan = await prepareKernel(kernel, { threads: 0 });
  const { name, format, tokens, repeat, operations } = kernel;
  const { p50: nanoseconds } = await measure(plan.execute, MEASURE);
  return [
    `${name} ${format}`.trim(),
    String(tokens),
    (nanoseconds / 1000 / repeat).toFixed(1),
    (plan.bytes / nanoseconds).toFixed(2),
    operations === 0 ? "" : (operations / nanoseconds).toFixed(1),
    shareOfLimit(kernel, { nanoseconds, bytes: plan.bytes, limits }),
  ];
}

/** Of the longer of two times: of reading the bytes, and of the operations where they are of int8. */
function shareOfLimit(
  { name, format, tokens, operations }: Kernel,
  { nanoseconds, bytes, limits }: { nanoseconds: number; bytes: number; limits: MachineLimits },
): string {
  // What elementwise ops and attention read again and again stays in the caches.
  if (name !== "matmul") return "";
  if (!isIntegerType(format as WeightType) && tokens > 1) return "";
  const reading = tokens === 1 ? bytes / limits.readBytesPerSecond : 0;
  const computing = operations / limits.int8OperationsPerSecond;
  return `${(100 * Math.max(reading, computing) * 1e9 / nanoseconds).toFixed(0)} %`;
}

/** Runs this file once per instruction set. */
function measureEveryIsa(): void {
  const [command, ...args] = [...runCommand(currentRuntime().name), fileURLToPath(import.meta.url)];
  for (const isa of describeLibrary().isas) {
    if (isa === "scalar") continue;
    const { status } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ARPEGGIO_ISA: isa } });
    if (status !== 0) throw new Error(`Expected the measurement on ${isa} to succeed but it exited with ${status}`);
  }
}

if (import.meta.main) {
  if (process.env["ARPEGGIO_ISA"]) await measureAll();
  else measureEveryIsa();
}
