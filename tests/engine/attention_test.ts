// Flash attention against standard attention, softmax(Q K^T scale) V written down in f64: causal, every grouping of
// heads, every size of heads, lengths on both sides of every unit the kernel works in (16 positions, blocks of 64,
// parts of 256, spans from 4096 on).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeLibrary } from "../../src/native/library.ts";
import { type AttentionData, type AttentionShape, createAttention, randomData } from "./attention_plan.ts";
import { worstError } from "./standard_attention.ts";

/** Relative errors: of rounding each key and value to f16, by 2^-11 at most, and of f32 alone. */
const errorMax = { F16: 2e-3, F32: 1e-5 } as const;

const lengths = [1, 2, 15, 16, 17, 63, 64, 65, 100, 255, 256, 257, 1025, 4097, 8192];
const types = ["F16", "F32"] as const;
const isSlow = describeLibrary().isa === "scalar";

/** Positions of a text that a test looks at: all of a short one, the edges of the kernel's units of a long one. */
function positionsOf(length: number): number[] {
  const edges = [0, 1, 14, 15, 16, 31, 32, 62, 63, 64, 65, 127, 128, 255, 256, 500, 1024, 1025, 4095, 4096, 5000];
  const all = length <= 24 ? Array.from({ length }, (_, i) => i) : [...edges, length - 3, length - 2, length - 1];
  return [...new Set(all.filter((position) => position < length))].sort((a, b) => a - b);
}

/** The worst error over texts of some lengths. */
async function errorOf(
  shape: AttentionShape,
  options: {
    lengths: readonly number[];
    positions?: readonly number[];
    scale?: number;
    change?: (data: AttentionData) => void;
  },
): Promise<number> {
  const { lengths, scale = 1 / Math.sqrt(shape.keyColumns), change } = options;
  let worst = 0;
  for (const length of lengths) {
    using runner = await createAttention(shape, { contextLength: length, scale });
    const data = randomData(shape, { length, seed: length });
    change?.(data);
    await runner.write(data, { from: 0, to: length });
    const { positions = positionsOf(length) } = options;
    const error = worstError(await runner.attend(data, positions), { data, shape, positions, scale });
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

describe(`attention on ${describeLibrary().isa}`, () => {
  for (const type of types) {
    for (const [keyValueHeads, group] of [[2, 1], [2, 2], [1, 4], [2, 4], [1, 8], [1, 32], [1, 71]]) {
      const most = isSlow ? 1025 : 8192; // Plain C does not do the longest.
      const title = `lengths 1 to ${most}, ${keyValueHeads * group} heads over ${keyValueHeads}, cache in ${type}`;
      it(title, async () => {
        const shape = { keyValueHeads, group, keyColumns: 64, valueColumns: 64, type };
        const error = await errorOf(shape, { lengths: lengths.filter((length) => length <= most) });
        console.log(`${title}: ${error.toExponential(2)}`);
        assert.ok(error < errorMax[type], `relative error ${error}`);
      });
    }

    it(`heads of 1 to 256 columns, also unequal ones, cache in ${type}`, async () => {
      const equal = [1, 8, 16, 20, 32, 48, 64, 80, 96, 100, 112, 128, 255, 256].map((columns) => [columns, columns]);
      for (const [keyColumns, valueColumns] of [...equal, [32, 128], [128, 32], [192, 128], [80, 48], [7, 33]]) {
        const shape = { keyValueHeads: 2, group: 3, keyColumns, valueColumns, type };
        const error = await errorOf(shape, { lengths: [1, 65, isSlow ? 130 : 1025] });
        assert.ok(error < errorMax[type], `${keyColumns} and ${valueColumns} columns: relative error ${error}`);
        if (isSlow) continue;
        const longError = await errorOf(shape, { lengths: [8191], positions: [4096, 8189, 8190] });
        assert.ok(longError < errorMax[type], `${keyColumns} and ${valueColumns} columns, long: ${longError}`);
      }
    });

    it(`scores that rise, that fall, and that are far apart, cache in ${type}`, async () => {
      const shape = { keyValueHeads: 1, group: 2, keyColumns: 32, valueColumns: 32, type };
      // The first column of queries is 1, so that the first column of keys is a part of every score, before the scale.
      const withScores = (score: (position: number) => number) => (data: AttentionData) => {
        for (let i = 0; i < data.queries.length; i += 32) data.queries[i] = 1;
        for (let p = 0; p < data.length; p++) data.keys[p * 32] = score(p);
      };
      const changes = {
        rising: withScores((p) => p / 8),
        falling: withScores((p) => -p / 8),
        "far apart": withScores((p) => p % 7 === 3 ? 1000 : -1000),
        "all large": withScores(() => 2048),
      };
      for (const [what, change] of Object.entries(changes)) {
        const error = await errorOf(shape, { lengths: [17, 300, 1100], scale: 0.25, change });
        // 32 sums near 2048, each off by half an ulp (2^-13) at most, times the scale: so much may weights be off.
        assert.ok(error < Math.max(errorMax[type], 2 ** -10), `${what}: relative error ${error}`);
      }
    });
  }

  it("looks at nothing behind a query: whatever an earlier text has left in the cache changes no bit", async () => {
    for (const type of types) {
      const shape = { keyValueHeads: 2, group: 2, keyColumns: 32, valueColumns: 32, type };
      const length = 1200;
      using runner = await createAttention(shape, { contextLength: length });
      const data = randomData(shape, { length, seed: 7 });
      for (const position of [0, 5, 63, 64, 200, 1023, 1024]) {
        const positions = [position - 2, position - 1, position].filter((one) => one >= 0);
        await runner.write(data, { from: 0, to: position + 1 });
        const expected = await runner.attend(data, positions);
        assert.ok(expected.every((value) => Number.isFinite(value)));
        for (const left of [3e4, Infinity, NaN]) {
          const later = { ...data, keys: data.keys.map(() => left), values: data.values.map(() => left) };
          await runner.write(later, { from: position + 1, to: length });
          assert.deepEqual(await runner.attend(data, positions), expected, `${left} behind position ${position}`);
        }
      }
    }
  });

  it("gives the same bits one by one, together, in any order and with any number of threads", async () => {
    const shape = { keyValueHeads: 2, group: 4, keyColumns: 64, valueColumns: 48, type: "F16" } as const;
    const length = 4110; // The spans of some queries are twice as large as those of others.
    const data = randomData(shape, { length, seed: 9 });
    const positions = [...Array(40).keys()].map((i) => length - 40 + i);
    let expected: Float32Array | undefined;
    for (const threads of [1, 2, 3, 8]) {
      using runner = await createAttention(shape, { contextLength: length, threads });
      await runner.write(data, { from: 0, to: length });
      const together = await runner.attend(data, positions);
      expected ??= together;
      assert.ok(together.every((value) => Number.isFinite(value)));
      assert.deepEqual(together, expected, `${threads} threads`);
      const backwards = await runner.attend(data, positions.toReversed());
      const columns = together.length / positions.length;
      for (const [i, position] of positions.entries()) {
        const row = together.subarray(i * columns, (i + 1) * columns);
        const last = positions.length - 1 - i;
        assert.deepEqual(backwards.subarray(last * columns, (last + 1) * columns), row);
        if (i % 8 === 0) assert.deepEqual(await runner.attend(data, [position]), row);
      }
    }
  });
});
