// What tokens see, and what is added to scores: windows, prefixes, explicit masks, soft caps, sinks and ALiBi, alone
// and together, against standard attention in f64; and that neither chunks nor threads change a bit of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeLibrary } from "../../src/native/library.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { type AttentionShape, createAttention, randomData, type RunnerOptions, type Seeing } from "./attention_plan.ts";
import { type Scoring, worstError } from "./standard_attention.ts";

/** Of f32. */
const ERROR_MAX = 1e-5;
const isSlow = describeLibrary().isa === "scalar";
const lengths = isSlow ? [1, 33, 300] : [1, 33, 300, 1100, 4200, 8191];
const base = { keyValueHeads: 2, group: 3, keyColumns: 64, valueColumns: 48, type: "F32" } as const;
const perHead = (value: (head: number) => number) => Array.from({ length: 6 }, (_, head) => value(head));

/** A case: options of the plan, and what the definition says about it. */
interface Case {
  readonly window?: number;
  readonly options?: Partial<RunnerOptions>;
  /** A prefix, as a share of the length. */
  readonly prefix?: number;
  /** How many of all positions a mask shows; not only those before. */
  readonly shown?: number;
}

const sinks = perHead((head) => head - 2);
const slopes = perHead((head) => 2 ** -(head + 1));
const cases: Record<string, Case> = {
  "a window of 1": { window: 1 },
  "a window of 17": { window: 17 },
  "a window of 256": { window: 256 },
  "a window of 1000": { window: 1000 },
  "a prefix of all": { prefix: 1 },
  "a prefix of a half": { prefix: 0.5 },
  "a prefix and a window": { prefix: 0.7, window: 100 },
  "masks of nearly nothing": { shown: 0.01 },
  "masks of a half": { shown: 0.5 },
  "masks and a window": { shown: 0.5, window: 90 },
  "a soft cap": { options: { softCap: 2 } },
  "a large soft cap": { options: { softCap: 50 } },
  sinks: { options: { sinks } },
  ALiBi: { options: { slopes } },
  // Slopes are small: positions far ahead get scores so high that an ulp of them is the bound.
  "all at once": { shown: 0.8, window: 700, options: { softCap: 5, sinks, slopes: slopes.map((slope) => slope / 16) } },
};

/** Bits of masks, and the same as a function. */
function randomMasks(length: number, { shown, seed }: { shown: number; seed: number }) {
  const wordsPerToken = Math.ceil(length / 32);
  const rows = new Map<number, Uint32Array>();
  const rowOf = (own: number) => {
    const known = rows.get(own);
    if (known !== undefined) return known;
    const row = new Uint32Array(wordsPerToken);
    const random = seededRandom(seed * 10_000 + own);
    for (let p = 0; p < length; p++) {
      if (random() < shown * 2 ** 32) row[p >> 5] |= 1 << (p & 31);
    }
    rows.set(own, row);
    return row;
  };
  const sees = (own: number, p: number) => (rowOf(own)[p >> 5] >>> (p & 31) & 1) === 1;
  const of = (positions: readonly number[]) => ({
    wordsPerToken,
    words: Uint32Array.from(positions.flatMap((own) => [...rowOf(own)])),
  });
  return { sees, of };
}

/** What a case means for a text of a length. */
function meaningOf({ window = 0, prefix, shown, options = {} }: Case, length: number) {
  const masks = shown === undefined ? undefined : randomMasks(length, { shown, seed: length });
  const prefixLength = prefix === undefined ? undefined : Math.ceil(length * prefix);
  const sees = (own: number, p: number) => {
    if (window > 0 && p <= own - window) return false;
    if (masks !== undefined) return masks.sees(own, p);
    return p <= own || (prefixLength !== undefined && own < prefixLength && p < prefixLength);
  };
  const scoring: Scoring = { scale: 1 / Math.sqrt(base.keyColumns), ...options, sees };
  const seeing = (positions: readonly number[]): Seeing => ({
    ...(prefixLength === undefined ? {} : { prefix: prefixLength }),
    ...(masks === undefined ? {} : { masks: masks.of(positions) }),
  });
  return { scoring, seeing };
}

/** The last position belongs to every step: what a step sees must be computed in it or before. */
function someOf(length: number): number[] {
  const wanted = [0, 1, 15, 16, 17, 31, 32, 63, 64, 99, 100, 255, 256, 257, 600, 1023, 4095, 4096, 8189, length - 2];
  return [...new Set([...wanted.filter((p) => p >= 0 && p < length - 1), length - 1])].sort((a, b) => a - b);
}

describe(`what tokens see on ${describeLibrary().isa}`, () => {
  for (const [what, one] of Object.entries(cases)) {
    it(what, async () => {
      let worst = 0;
      for (const length of lengths) {
        const shape: AttentionShape = { ...base, window: one.window ?? 0 };
        const data = randomData(shape, { length, seed: length });
        const { scoring, seeing } = meaningOf(one, length);
        using runner = await createAttention(shape, { contextLength: length, ...one.options });
        await runner.write(data, { from: 0, to: length });
        const positions = someOf(length);
        const found = await runner.attend(data, positions, seeing(positions));
        const error = worstError(found, { data, shape, positions, ...scoring });
        assert.ok(error < ERROR_MAX, `length ${length}: relative error ${error}`);
        worst = Math.max(worst, error);
      }
      console.log(`${what}: ${worst.toExponential(2)}`);
    });
  }

  it("has the same bits in steps of any size, and with any number of threads", async () => {
    const length = isSlow ? 200 : 1000;
    for (const one of [cases["a window of 17"], cases["a prefix of a half"], cases["all at once"]]) {
      const shape: AttentionShape = { ...base, type: "Q8_0", window: one.window ?? 0 };
      const data = randomData(shape, { length, seed: 5 });
      const { seeing } = meaningOf(one, length);
      let expected: Float32Array | undefined;
      for (const [threads, size] of [[1, 64], [2, 63], [3, 7], [8, 2]]) {
        using runner = await createAttention(shape, { contextLength: length, ...one.options, threads });
        await runner.write(data, { from: 0, to: length });
        const all = Array.from({ length: 130 }, (_, i) => length - 140 + i);
        const parts: number[] = [];
        for (let from = 0; from < all.length; from += size - 1) {
          const positions = [...all.slice(from, from + size - 1), length - 1];
          const found = await runner.attend(data, positions, seeing(positions));
          parts.push(...found.subarray(0, found.length - found.length / positions.length));
        }
        const found = Float32Array.from(parts);
        expected ??= found;
        assert.ok(found.every((value) => Number.isFinite(value)));
        assert.deepEqual(found, expected, `${threads} threads, steps of ${size}`);
      }
    }
  });

  it("needs no blocks behind the window", async () => {
    const shape: AttentionShape = { ...base, window: 100 };
    const length = 700;
    const data = randomData(shape, { length, seed: 6 });
    using runner = await createAttention(shape, { contextLength: length });
    await runner.write(data, { from: 0, to: length });
    const positions = [640, 641, 699];
    const expected = await runner.attend(data, positions);
    // Position 640 sees 541 and on: blocks 0 to 7 are not needed.
    const missing = runner.blockTable.map((block, i) => i < 8 ? 2 ** 32 - 1 : block);
    assert.deepEqual(await runner.attend(data, positions, { blockTable: missing }), expected);
    const tooMany = missing.with(8, 2 ** 32 - 1);
    await assert.rejects(
      runner.attend(data, positions, { blockTable: tooMany }),
      /needs block 8 of its table in group 0/,
    );
  });
});
