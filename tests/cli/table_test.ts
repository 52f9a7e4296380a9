// Aligned columns and rounded sizes: three digits, and never a fourth by rounding.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatCount, table } from "../../src/cli/table.ts";

test("table aligns all columns but the last", () => {
  assert.equal(table([["a", "bb", "c"], ["aaa", "b", "c "]]), "  a    bb  c\n  aaa  b   c \n");
  assert.equal(table([]), "");
});

test("formatBytes has three digits", () => {
  const cases: [bytes: number, text: string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [9_994, "9.99 kB"],
    [9_996, "10.0 kB"],
    [99_960, "100 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [2_588_224, "2.59 MB"],
    [5e15, "5000 TB"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

test("formatCount says it in words", () => {
  assert.equal(formatCount(12), "12");
  assert.equal(formatCount(4_197_120), "4.20 million");
  assert.equal(formatCount(8_030_261_248), "8.03 billion");
});
