/**
 * What do more threads bring? The limits of the machine, the products and the attention of a model of a billion
 * parameters, with 1, 2, 4 ... threads up to one per physical core. Behind each figure, how many times it is that of
 * one thread.
 */

import { measure } from "mitata";
import { table } from "../src/cli/table.ts";
import { describeLibrary } from "../src/native/library.ts";
import { measureLimits } from "../src/native/limits.ts";
import { type Kernel, kernelList } from "./native/kernel_list.ts";
import { prepareKernel } from "./native/kernel_plan.ts";

/** Formats of whole models: four, eight and sixteen bits a weight. */
const FORMATS = ["Q4_K", "Q8_0", "F16"];

const MEASURE = { min_cpu_time: 200e6, min_samples: 7, batch_samples: 1, warmup_samples: 1 };

/** A row of the table: what is measured, in which unit, and how. */
interface Row {
  readonly name: string;
  readonly unit: string;
  readonly rate: (threads: number) => Promise<number>;
}

function rows(): Row[] {
  const kernels = kernelList().filter(({ name, format }) => {
    return name === "attention" || (name === "matmul" && FORMATS.includes(format));
  });
  return [
    {
      name: "limit",
      unit: "GB/s",
      rate: async (threads) => (await measureLimits({ threads })).readBytesPerSecond / 1e9,
    },
    {
      name: "limit",
      unit: "GOP/s",
      rate: async (threads) => (await measureLimits({ threads })).int8OperationsPerSecond / 1e9,
    },
    ...kernels.map(kernelRow),
  ];
}

/** Single tokens are bound by memory, many by arithmetic. */
function kernelRow(kernel: Kernel): Row {
  const { name, format, tokens, operations } = kernel;
  return {
    name: `${name} ${format}, ${tokens === 1 ? "1 token" : `${tokens} tokens`}`,
    unit: tokens === 1 ? "GB/s" : "GOP/s",
    async rate(threads) {
      using plan = await prepareKernel(kernel, { threads });
      const { p50: nanoseconds } = await measure(plan.execute, MEASURE);
      return (tokens === 1 ? plan.bytes : operations) / nanoseconds;
    },
  };
}

/** 1, 2, 4 and so on, and all. */
function threadCounts(cores: number): number[] {
  const counts: number[] = [];
  for (let threads = 1; threads < cores; threads *= 2) counts.push(threads);
  return [...counts, cores];
}

if (import.meta.main) {
  const { isa, cores } = describeLibrary();
  const counts = threadCounts(cores);
  const lines = [[`${isa}`, "", ...counts.map((threads) => `${threads} ${threads === 1 ? "thread" : "threads"}`)]];
  for (const { name, unit, rate } of rows()) {
    const rates: number[] = [];
    for (const threads of counts) rates.push(await rate(threads));
    const cells = rates.map((value, i) => value.toFixed(1) + (i > 0 ? ` (x ${(value / rates[0]).toFixed(2)})` : ""));
    lines.push([name, unit, ...cells]);
  }
  console.log(table(lines));
}
