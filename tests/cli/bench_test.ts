// `arpeggio bench`: every format has the tests that were asked for, and the figures agree with each other.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidArgumentError } from "commander";
import { benchTestName, benchTests } from "../../src/cli/bench_tests.ts";
import { integersIn } from "../../src/cli/numbers.ts";
import { needsLibrary } from "../native/require_library.ts";
import { runCli } from "./spawn.ts";

type Fields = Record<string, unknown> & { samples_ns: number[]; samples_ts: number[] };

/** Short enough for a test of the command: what is measured does not matter here. */
const SHORT = ["bench", "-p", "8", "-n", "4", "-r", "2"];

async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli([...SHORT, ...args]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

describe("arpeggio bench", needsLibrary, () => {
  test("--json: llama-bench's fields, whose figures agree, and the limits", async () => {
    const records = JSON.parse(await output("--pg", "8,4", "--json", "-t", "1")) as Fields[];
    const tests = records.map(({ n_prompt, n_gen, n_depth }) => [n_prompt, n_gen, n_depth]);
    assert.deepEqual(tests, [[8, 0, 0], [0, 4, 0], [8, 4, 0]]);
    for (const record of records) {
      const { samples_ns: nanoseconds, samples_ts: rates, n_prompt, n_gen, stddev_ts, limit_ts, limit_share } = record;
      assert.deepEqual([nanoseconds.length, rates.length, record.n_threads], [2, 2, 1]);
      const tokens = Number(n_prompt) + Number(n_gen);
      // Nanoseconds are rounded: a millionth of a step.
      for (const [i, rate] of rates.entries()) assert.ok(Math.abs(rate * nanoseconds[i] / (tokens * 1e9) - 1) < 1e-5);
      assert.equal(record.avg_ts, (rates[0] + rates[1]) / 2);
      // The deviation of two samples is their distance over the square root of 2.
      assert.ok(Math.abs(Number(stddev_ts) - Math.abs(rates[0] - rates[1]) / Math.SQRT2) < 1e-9 * rates[0]);
      assert.equal(limit_share, Number(record.avg_ts) / Number(limit_ts));
      assert.ok(Number(record.read_bytes_per_second) > 0 && Number(record.int8_operations_per_second) > 0);
    }
    assert.deepEqual(records.map(({ limit }) => limit)[1], "read");
    assert.equal(records[0].model_filename, "arpeggio-mini-q4_k_m.gguf");
    assert.equal(records[0].model_type, "llama Q4_K");
    assert.equal(records[0].model_n_params, 4_197_120);
  });

  test("a table of Markdown unless another format is asked for; several depths and threads", async () => {
    const lines = (await output("-d", "0,64", "-t", "1,2", "--no-roofline")).trimEnd().split("\n");
    const rows = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
    assert.deepEqual(rows[0], ["model", "size", "params", "isa", "threads", "test", "t/s", "of limit"]);
    assert.ok(lines.every((line) => line.length === lines[0].length), lines.join("\n"));
    const found = rows.slice(2).map(([, , , , threads, name]) => `${threads} ${name}`);
    const tests = ["pp8", "tg4", "pp8 @ d64", "tg4 @ d64"];
    assert.deepEqual(found, ["1", "2"].flatMap((threads) => tests.map((name) => `${threads} ${name}`)));
    for (const [model, size, parameters, , , , rate, limit] of rows.slice(2)) {
      assert.deepEqual([model, size, parameters, limit], ["llama Q4_K", "2.44 MiB", "4.20 M", ""]);
      assert.match(rate, /^\d+\.\d\d ± \d+\.\d\d$/);
    }
  });

  test("-o jsonl and -o csv: a line per test", async () => {
    const [first, second, ...rest] = (await output("-o", "jsonl", "--no-roofline")).trimEnd().split("\n");
    assert.equal(rest.length, 0);
    assert.equal((JSON.parse(first) as Fields).n_prompt, 8);
    assert.equal((JSON.parse(second) as Fields).limit_share, null);
    const lines = (await output("-o", "csv", "--no-roofline", "--no-warmup", "-b", "4")).trimEnd().split("\n");
    assert.equal(lines.length, 3);
    const cells = lines.map((line) => line.slice(1, -1).split('","'));
    assert.equal(cells[1][cells[0].indexOf("n_batch")], "4");
    assert.equal(cells[1][cells[0].indexOf("samples_ns")].split(";").length, 2);
    assert.ok(cells.every(({ length }) => length === cells[0].length));
  });

  test("f32 has a limit for single tokens only", async () => {
    const records = JSON.parse(await output("--precision", "f32", "--json")) as Fields[];
    assert.deepEqual(records.map(({ limit, type_k }) => [limit, type_k]), [[null, "f32"], ["read", "f32"]]);
  });

  test("nothing to measure and what is no number are wrong requests", async () => {
    const none = await runCli(["bench", "-p", "0", "-n", "0"]);
    assert.deepEqual([none.code, none.stdout], [2, ""]);
    assert.match(none.stderr, /Expected a test but found only numbers of 0 tokens/);
    const wrong = await runCli(["bench", "-p", "8,x"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /Expected an integer in \[0, 1048576\] but found "x"/);
    const missing = await runCli(["bench", "none.gguf"]);
    assert.equal(missing.code, 1);
  });
});

test("numbers come in lists and ranges", () => {
  const parse = integersIn({ min: 0, max: 1000 });
  assert.deepEqual(parse("1,2,4"), [1, 2, 4]);
  assert.deepEqual(parse("5", [1]), [1, 5]);
  assert.deepEqual(parse("1-4"), [1, 2, 3, 4]);
  assert.deepEqual(parse("128-512+128,7"), [128, 256, 384, 512, 7]);
  assert.deepEqual(parse("1-70*2"), [1, 2, 4, 8, 16, 32, 64]);
  for (const wrong of ["4-1", "1-8+0", "1-8*1", "0-8*2", "1-1001", "", "1,", "1-", "-1", "1.5"]) {
    assert.throws(() => parse(wrong), InvalidArgumentError, wrong);
  }
});

test("tests are in llama-bench's order and have its names", () => {
  const flags = {
    prompts: [512, 0],
    generated: [128],
    depths: [0, 4096],
    both: [[16, 8], [0, 0]] as [number, number][],
  };
  const names = ["pp512", "tg128", "pp16+tg8", "pp512 @ d4096", "tg128 @ d4096", "pp16+tg8 @ d4096"];
  assert.deepEqual(benchTests(flags).map(benchTestName), names);
});
