/** Makes a kernel of kernel_list.ts executable: random weights and activations, one step that can be repeated. */

import { NativeCache, NativeMap, NativeWeights } from "../../src/native/objects.ts";
import { NativePlan } from "../../src/native/plan.ts";
import { PlanBuilder } from "../../src/plan/builder.ts";
import { encodeCacheShape, encodePlan } from "../../src/plan/encode.ts";
import { createFrame, encodeFrame } from "../../src/plan/frame.ts";
import { runWhole } from "../../src/time_slice.ts";
import { randomWeights } from "../weights/random_weights.ts";
import type { Kernel } from "./kernel_list.ts";

/** A kernel that is ready to be executed. */
export interface KernelPlan {
  /** Executes it once. */
  readonly execute: () => Promise<void>;
  /** What that moves through memory, in bytes: weights as they are in memory. */
  readonly bytes: number;
  /** Releases everything. */
  [Symbol.dispose](): void;
}

/** Prepares a kernel for `threads` threads (0: one per physical core). */
export async function prepareKernel(kernel: Kernel, { threads }: { threads: number }): Promise<KernelPlan> {
  const { tokens, depth, cache: cacheShape } = kernel;
  const sizes = { tokensMax: tokens, outputsMax: tokens, contextLength: depth + tokens, threads };
  const builder = new PlanBuilder({ ...sizes, ...(cacheShape === undefined ? {} : { cache: cacheShape }) });
  kernel.record(builder);
  const plan = runWhole(builder.finish());
  const encoded = encodePlan(plan);
  const resources = new DisposableStack();
  try {
    const map = resources.use(await NativeMap.ofBytes(weightBytes(kernel)));
    const weights = resources.use(NativeWeights.create(map, { ...encoded, threads }));
    await weights.ready();
    const cache = cacheShape && resources.use(NativeCache.create(encodeCacheShape(cacheShape)));
    const names = plan.instructions.map(({ op, label }) => `${op} ${label}`);
    const native = resources.use(NativePlan.create({ ...encoded, weights, cache, names }));
    const input = plan.buffers[0];
    const values = Float32Array.from({ length: tokens * input.columns }, (_, i) => Math.sin(i));
    native.writeRows(values, { buffer: 0, row: 0, rows: tokens });
    const { words, count } = frameOf(kernel);
    return {
      execute: async () => await native.step(words, { words: count }),
      bytes: kernel.bytes + weights.memoryBytes,
      [Symbol.dispose]: () => resources.dispose(),
    };
  } catch (error) {
    resources.dispose();
    throw error;
  }
}

/** One sequence, whose tokens come after `depth` others. */
function frameOf({ tokens, depth, cache }: Kernel): { words: Uint32Array; count: number } {
  const blocks = cache?.[0].blocks ?? 1;
  const frame = createFrame({
    tokensMax: tokens,
    outputsMax: tokens,
    sequencesMax: 1,
    tableBlocksMax: blocks,
    groups: cache?.length ?? 0,
  });
  const count = encodeFrame(frame, {
    tokens: new Uint32Array(tokens),
    positions: Uint32Array.from({ length: tokens }, (_, i) => depth + i),
    sequences: new Uint32Array(tokens),
    outputs: Uint32Array.from({ length: tokens }, (_, i) => i),
    blockTables: cache === undefined ? [] : [[Array.from({ length: blocks }, (_, i) => i)]],
  });
  return { words: frame.words, count };
}

function weightBytes({ format, weightBytes: bytes }: Kernel): Uint8Array {
  if (bytes === 0) return new Uint8Array(64);
  const all = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of randomWeights(format, { bytes, deviation: 1 / 45, seed: 1 })) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}
