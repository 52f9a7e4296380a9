/** The results of `arpeggio bench`, with llama-bench's names and formats, so that its tools can read them. */

import { cpus } from "node:os";
import type { BenchTest } from "./bench_tests.ts";
import { benchTestName } from "./bench_tests.ts";
import type { MachineLimits } from "../native/limits.ts";
import { VERSION } from "../version.ts";
import type { Roofline } from "./roofline.ts";

/** How results are written. */
export const BENCH_FORMATS = ["md", "json", "jsonl", "csv"] as const;
/** One of {@linkcode BENCH_FORMATS}. */
export type BenchFormat = (typeof BENCH_FORMATS)[number];

/** What a result is made of. */
export interface BenchResult {
  readonly model: {
    readonly file: string;
    readonly type: string;
    readonly bytes: number;
    readonly parameters: number;
  };
  readonly test: BenchTest;
  readonly milliseconds: readonly number[];
  readonly threads: number;
  readonly stepTokens: number;
  readonly kvType: string;
  readonly precision: string;
  readonly isa: string;
  readonly runtime: string;
  /** When the test began. */
  readonly date: Date;
  readonly limits: MachineLimits | undefined;
  readonly roofline: Roofline | undefined;
}

/** One result as flat data: llama-bench's fields where it has them, times in nanoseconds. */
export interface BenchRecord {
  readonly [field: string]: string | number | readonly number[] | null;
}

/** The record of a result. */
export function benchRecord(result: BenchResult): BenchRecord {
  const { model, test, milliseconds, threads, stepTokens, kvType, precision, limits, roofline } = result;
  const tokens = test.prompt + test.generated;
  const nanoseconds = milliseconds.map((ms) => Math.round(ms * 1e6));
  const rates = milliseconds.map((ms) => (tokens / ms) * 1000);
  const limitRate = roofline === undefined ? null : tokens / roofline.seconds;
  return {
    build_number: VERSION,
    cpu_info: cpus()[0]?.model.trim() ?? "",
    backends: "CPU",
    isa: result.isa,
    runtime: result.runtime,
    model_filename: model.file,
    model_type: model.type,
    model_size: model.bytes,
    model_n_params: model.parameters,
    n_batch: stepTokens,
    n_ubatch: stepTokens,
    n_threads: threads,
    type_k: kvType,
    type_v: kvType,
    precision,
    n_prompt: test.prompt,
    n_gen: test.generated,
    n_depth: test.depth,
    test_time: result.date.toISOString(),
    avg_ns: Math.round(mean(nanoseconds)),
    stddev_ns: Math.round(deviation(nanoseconds)),
    avg_ts: mean(rates),
    stddev_ts: deviation(rates),
    samples_ns: nanoseconds,
    samples_ts: rates,
    read_bytes_per_second: limits?.readBytesPerSecond ?? null,
    int8_operations_per_second: limits?.int8OperationsPerSecond ?? null,
    limit: roofline?.limit ?? null,
    limit_ts: limitRate,
    limit_share: limitRate === null ? null : mean(rates) / limitRate,
  };
}

/** Writes results one by one, as soon as they are there. */
export interface BenchWriter {
  /** What comes before the first result. */
  begin(): string;
  /** A result. */
  add(result: BenchResult): string;
  /** What comes after the last result. */
  end(): string;
}

/** The writer for a format. */
export function benchWriter(format: BenchFormat): BenchWriter {
  let results = 0;
  switch (format) {
    case "md":
      return { begin: () => markdownHeader(), add: (result) => markdownRow(result), end: () => "" };
    case "jsonl":
      return { begin: () => "", add: (result) => `${JSON.stringify(benchRecord(result))}\n`, end: () => "" };
    case "json":
      return {
        begin: () => "[",
        add: (result) => `${results++ === 0 ? "" : ","}\n${JSON.stringify(benchRecord(result), null, 2)}`,
        end: () => "\n]\n",
      };
    case "csv":
      return {
        begin: () => "",
        add(result) {
          const record = benchRecord(result);
          const header = results++ === 0 ? csvLine(Object.keys(record)) : "";
          return header + csvLine(Object.values(record));
        },
        end: () => "",
      };
  }
}

/** Titles and least widths: rows are written before the next ones are known. Negative: aligned to the left. */
const COLUMNS: readonly (readonly [title: string, width: number])[] = [
  ["model", -24],
  ["size", 10],
  ["params", 10],
  ["isa", -7],
  ["threads", 7],
  ["test", 15],
  ["t/s", 21], // Up to 100000.00 ± 100000.00: small models, disturbed.
  ["of limit", 11],
];

function markdownHeader(): string {
  const rule = COLUMNS.map(([, width]) => `${"-".repeat(Math.abs(width) + 1)}${width > 0 ? ":" : "-"}`);
  return `${markdownLine(COLUMNS.map(([title]) => title))}|${rule.join("|")}|\n`;
}

function markdownRow(result: BenchResult): string {
  const { model, isa, threads, test, roofline } = result;
  const { avg_ts: average, stddev_ts: spread, limit_share: share } = benchRecord(result);
  return markdownLine([
    model.type,
    scaled(model.bytes, [[2 ** 30, "GiB"], [2 ** 20, "MiB"]]),
    scaled(model.parameters, [[1e9, "B"], [1e6, "M"]]),
    isa,
    String(threads),
    benchTestName(test),
    `${Number(average).toFixed(2)} ± ${Number(spread).toFixed(2)}`,
    roofline === undefined ? "" : `${(100 * Number(share)).toFixed(0)} % ${roofline.limit}`,
  ]);
}

function markdownLine(cells: readonly string[]): string {
  const padded = cells.map((cell, i) => {
    const width = COLUMNS[i][1];
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  return `| ${padded.join(" | ")} |\n`;
}

/** With two digits after the point, in the largest unit that fits, as llama-bench does it. */
function scaled(value: number, units: readonly (readonly [factor: number, name: string])[]): string {
  const [factor, name] = units.find(([factor]) => value >= factor) ?? units.at(-1)!;
  return `${(value / factor).toFixed(2)} ${name}`;
}

function csvLine(values: readonly (BenchRecord[string])[]): string {
  const cells = values.map((value) => {
    const text = value === null ? "" : Array.isArray(value) ? value.join(";") : String(value);
    return `"${text.replaceAll('"', '""')}"`;
  });
  return `${cells.join(",")}\n`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The sample standard deviation; 0 for a single value. */
function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const average = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - average) * (value - average), 0);
  return Math.sqrt(squares / (values.length - 1));
}
