// The working memory of attention does not grow with the length of the text: neither what a plan reserves nor, measured
// at the peak of this process, what computing takes. A matrix of scores would be seen.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { describeLibrary } from "../../src/native/library.ts";
import { createAttention, randomData } from "./attention_plan.ts";

/** 64 heads and 8 queries: their scores of 32768 positions would be a matrix of 64 MB. Half of it for slow, plain C. */
const shape = { keyValueHeads: 1, group: 64, keyColumns: 16, valueColumns: 16, type: "F16" } as const;
const tokensMax = describeLibrary().isa === "scalar" ? 4 : 8;
const MEGABYTE = 2 ** 20;

/** What the runtime takes meanwhile: collecting garbage later, or the thread that waits for a step. */
const NOISE_BYTES_MAX = 16 * MEGABYTE;

/** Forgets the highest amount of memory this process has had (Linux, proc(5)). */
function resetPeak(): void {
  writeFileSync("/proc/self/clear_refs", "5");
}

/** The highest amount of memory since then, in bytes. */
function peakBytes(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))![1];
  return Number(kilobytes) * 1024;
}

function whyNoPeak(): string | false {
  try {
    resetPeak();
    return peakBytes() > 0 ? false : "the peak is 0";
  } catch {
    return "the system does not say how much memory a process has had";
  }
}

/** How much the peak rises while something is done. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  resetPeak();
  const before = peakBytes();
  await work();
  return peakBytes() - before;
}

function positionsBefore(end: number): number[] {
  return Array.from({ length: tokensMax }, (_, i) => end - tokensMax + i);
}

describe("the working memory of attention", () => {
  it("is the same in plans for 512 and for 32768 positions", async () => {
    using short = await createAttention(shape, { contextLength: 512, tokensMax });
    using long = await createAttention(shape, { contextLength: 32768, tokensMax });
    // Queries and results of the tokens, 64 heads and 16 columns in F32.
    assert.equal(long.arenaBytes, 2 * tokensMax * 64 * 16 * 4);
    assert.equal(long.arenaBytes, short.arenaBytes);
    assert.equal(long.memoryBytes, short.memoryBytes);
    assert.ok(long.memoryBytes > long.arenaBytes && long.memoryBytes < 24 * MEGABYTE, `${long.memoryBytes} bytes`);
  });

  it("peaks at 32768 positions where it does at 512", { skip: whyNoPeak() }, async () => {
    using runner = await createAttention(shape, { contextLength: 32768, tokensMax });
    const data = randomData(shape, { length: 32768, seed: 1 });
    await runner.write(data, { from: 0, to: 32768 });
    const attend = async (end: number) => void await runner.attend(data, positionsBefore(end));
    for (let i = 0; i < 5; i++) await attend(512);
    const [short, long] = [await growthOf(() => attend(512)), await growthOf(() => attend(32768))];
    assert.ok(long - short < NOISE_BYTES_MAX, `${short / MEGABYTE} MB at 512 positions, ${long / MEGABYTE} at 32768`);
    // That this could be seen:
    let matrix: Float32Array | undefined;
    const seen = await growthOf(() => Promise.resolve(void (matrix = new Float32Array(16 * MEGABYTE).fill(1))));
    assert.ok(seen > 48 * MEGABYTE, `${seen / MEGABYTE} MB instead of 64`);
    assert.equal(matrix?.length, 16 * MEGABYTE);
  });
});
