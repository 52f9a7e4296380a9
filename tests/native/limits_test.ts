// The limits of the machine: plausible figures, medians, and what a wrong request says.
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { NativeError } from "../../src/errors.ts";
import { openLibrary } from "../../src/native/library.ts";
import { measureLimits, medianLimits } from "../../src/native/limits.ts";
import { errorRecord, unwrap } from "../../src/native/status.ts";
import { needsLibrary } from "./require_library.ts";

describe("measureLimits()", needsLibrary, () => {
  it("gives rates that a computer can have, and the memory back", async () => {
    const limits = await measureLimits({ threads: 1 });
    assert.equal(limits.threads, 1);
    // From a tenth of a Raspberry Pi to a hundred times the fastest core: what another unit would miss.
    const { readBytesPerSecond, int8OperationsPerSecond } = limits;
    assert.ok(readBytesPerSecond > 1e8 && readBytesPerSecond < 1e13, `${readBytesPerSecond} bytes/s`);
    assert.ok(int8OperationsPerSecond > 1e8 && int8OperationsPerSecond < 1e14, `${int8OperationsPerSecond} op/s`);
    assert.ok(process.memoryUsage.rss() < 512 * 2 ** 20, `${process.memoryUsage.rss()} bytes`);
  });

  it("stops between two measurements", async () => {
    const controller = new AbortController();
    const measuring = measureLimits({ threads: 1, signal: controller.signal });
    controller.abort(new Error("enough"));
    await assert.rejects(measuring, /^Error: enough$/);
  });

  it("refuses more threads than there can be", async () => {
    await assert.rejects(measureLimits({ threads: 65 }), (error: Error) => {
      assert.ok(error instanceof NativeError);
      assert.deepEqual([error.status, error.message], ["INVALID", "Kind 0 with 65 threads cannot be measured"]);
      return true;
    });
  });
});

describe("arp_measure()", needsLibrary, () => {
  it("refuses what it does not know and a result without a place", () => {
    const { arp_measure: measure } = openLibrary().functions;
    assert.throws(() => unwrap(measure(2, 1, new Float64Array(1), errorRecord)), /Kind 2 with 1 threads cannot/);
    assert.throws(() => unwrap(measure(0, 1, null, errorRecord)), { status: "INVALID" });
  });
});

describe("medianLimits()", () => {
  it("takes each median by itself, of two in the middle the lower", () => {
    const limits = [[5, 1], [9, 2], [6, 8], [7, 4]].map(([readBytesPerSecond, int8OperationsPerSecond]) => {
      return { threads: 3, readBytesPerSecond, int8OperationsPerSecond };
    });
    assert.deepEqual(medianLimits(limits), { threads: 3, readBytesPerSecond: 6, int8OperationsPerSecond: 2 });
    assert.deepEqual(medianLimits([limits[1]]), limits[1]);
  });
});
