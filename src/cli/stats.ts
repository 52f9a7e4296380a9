/** What a generation cost, as one line for people. */

import type { GenerationResult } from "../generation.ts";
import type { Model } from "../model.ts";

/** The line of `--stats`: load ms, prompt tok/s, cached tokens if any, generated tok/s, threads, ISA, runtime. */
export function statsLine(model: Model, { timings, usage }: Pick<GenerationResult, "timings" | "usage">): string {
  const { loadMs, promptTokensPerSecond, generatedTokensPerSecond } = timings;
  const { threads, isa, runtime } = model.info;
  return [
    `load ${rounded(loadMs)} ms`,
    `prompt ${rounded(promptTokensPerSecond)} tok/s`,
    ...(usage.cachedTokens > 0 ? [`${usage.cachedTokens} of ${usage.promptTokens} tokens cached`] : []),
    `generated ${rounded(generatedTokensPerSecond)} tok/s`,
    `${threads} ${threads === 1 ? "thread" : "threads"}`,
    isa,
    runtime,
  ].join(", ");
}

/** Three digits, or all before the point. */
function rounded(value: number): string {
  return value < 99.95 ? String(Number(value.toPrecision(3))) : value.toFixed(0);
}
