/** From the measurements of all rounds to medians, ratios and shares of the limits, as a table and as JSON. */

import { table } from "../../src/cli/table.ts";
import type { MachineLimits } from "../../src/native/limits.ts";
import type { Measurement } from "./measurement.ts";
import { matrixCosts } from "./random_model.ts";
import type { Shape } from "./shapes.ts";

/** What is measured, without the name. */
type Figure = Exclude<keyof Measurement, "engine">;

const figures: readonly Figure[] = ["firstTokenMs", "prompt512", "prompt40", "reply64", "peakBytes"];

/** The results of one engine. */
export interface EngineResult {
  readonly engine: string;
  readonly medians: Readonly<Record<Figure, number>>;
  /** Our speed over theirs, so that more than 1 is better; memory is ours over theirs. */
  readonly ratios: Readonly<Record<Figure, number>>;
  /** The share of the measured limits: of the int8 rate in prompts, of the read bandwidth in replies. */
  readonly shares: { readonly prompt512: number; readonly reply64: number };
  readonly rounds: readonly Measurement[];
}

/** Everything about a run. */
export interface Report {
  readonly shape: string;
  readonly type: string;
  readonly fileBytes: number;
  readonly limits: MachineLimits;
  readonly engines: readonly EngineResult[];
}

/** Computes the report. `rounds` has the measurements of each engine, the one to be compared with last. */
export function makeReport(
  run: Omit<Report, "engines"> & { model: Shape; rounds: readonly (readonly Measurement[])[] },
): Report {
  const { model, rounds, ...rest } = run;
  const { bytes, operations } = matrixCosts(model, run.type);
  const medians = rounds.map((list) => mediansOf(list));
  const theirs = medians.at(-1)!;
  const engines = rounds.map((list, i) => ({
    engine: list[0].engine,
    medians: medians[i],
    ratios: ratiosOf(medians[i], theirs),
    shares: {
      prompt512: (medians[i].prompt512 * operations) / run.limits.int8OperationsPerSecond,
      reply64: (medians[i].reply64 * bytes) / run.limits.readBytesPerSecond,
    },
    rounds: list,
  }));
  return { ...rest, engines };
}

/** The report for people. */
export function reportText(report: Report): string {
  const { limits, engines, shape, type, fileBytes } = report;
  const rows = [["", "pp512", "x", "of limit", "pp40", "x", "tg64", "x", "of limit", "first token", "x", "peak"]];
  for (const { engine, medians, ratios, shares } of engines) {
    rows.push([
      engine,
      ...[rounded(medians.prompt512), ratios.prompt512.toFixed(2), percent(shares.prompt512)],
      ...[rounded(medians.prompt40), ratios.prompt40.toFixed(2)],
      ...[rounded(medians.reply64), ratios.reply64.toFixed(2), percent(shares.reply64)],
      ...[`${medians.firstTokenMs.toFixed(0)} ms`, ratios.firstTokenMs.toFixed(2)],
      `${(medians.peakBytes / 2 ** 20).toFixed(0)} MiB`,
    ]);
  }
  return [
    `${shape} ${type}, ${
      (fileBytes / 2 ** 20).toFixed(0)
    } MiB, ${limits.threads} threads; tokens per second, medians of ` +
    `${engines[0].rounds.length} rounds; x: times the last line`,
    `limits: ${(limits.readBytesPerSecond / 1e9).toFixed(1)} GB/s read, ` +
    `${(limits.int8OperationsPerSecond / 1e9).toFixed(0)} int8 GOP/s`,
    table(rows),
  ].join("\n");
}

function mediansOf(measurements: readonly Measurement[]): Record<Figure, number> {
  const entries = figures.map((figure) => [figure, median(measurements.map((one) => one[figure]))] as const);
  return Object.fromEntries(entries) as Record<Figure, number>;
}

function ratiosOf(ours: Record<Figure, number>, theirs: Record<Figure, number>): Record<Figure, number> {
  const entries = figures.map((figure) => {
    const ratio = ours[figure] / theirs[figure];
    return [figure, figure === "firstTokenMs" ? 1 / ratio : ratio] as const;
  });
  return Object.fromEntries(entries) as Record<Figure, number>;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function rounded(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
