// test: alone
/** Slices, the order of turns, abort, and that timers stay on time and nothing keeps the process alive. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import { runSliced, runWhole } from "../src/time_slice.ts";
import { timerLateness } from "./gguf/timer_lateness.ts";

/** Computes for `ms` in steps of about 0.1 ms. */
function* busy(ms: number, onStep?: () => void): Generator<void, string> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const stepEnd = performance.now() + 0.1;
    while (performance.now() < stepEnd);
    onStep?.();
    yield;
  }
  return "done";
}

function* failing(): Generator<void, never> {
  yield;
  throw new TypeError("as expected");
}

describe("runWhole()", () => {
  it("returns the result without giving up the thread", () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    assert.equal(runWhole(busy(20)), "done");
    clearInterval(timer);
    assert.equal(turns, 0);
  });

  it("throws what the generator throws", () => {
    assert.throws(() => runWhole(failing()), TypeError);
  });
});

describe("runSliced()", () => {
  it("returns the result and throws what the generator throws", async () => {
    assert.equal(await runSliced(busy(5)), "done");
    await assert.rejects(runSliced(failing()), TypeError);
  });

  it("keeps a 1 ms timer on time, with one computation and with three", async () => {
    for (const count of [1, 3]) {
      const { ticks, medianMs } = await timerLateness(async () => {
        const results = await Promise.all(Array.from({ length: count }, () => runSliced(busy(300))));
        assert.deepEqual(results, Array(count).fill("done"));
      });
      // No turns at all would give no ticks; all of them in one turn, 6 ms for three at once.
      assert.ok(ticks >= 20, `${ticks} ticks in 300 ms`);
      assert.ok(medianMs < 4, `a 1 ms timer was late by ${medianMs} ms in the median, with ${count} at once`);
    }
  });

  it("uses the time: the turns in between cost little", async () => {
    let workedMs = 0;
    function* measured(): Generator<void, void> {
      for (let i = 0; i < 1500; i++) {
        const start = performance.now();
        while (performance.now() < start + 0.1);
        workedMs += performance.now() - start;
        yield;
      }
    }
    const start = performance.now();
    await runSliced(measured());
    // With setTimeout(0), 1 to 2 ms a turn, it would be two thirds at most; with setImmediate it is 97 %.
    const share = workedMs / (performance.now() - start);
    assert.ok(share > 0.8, `${Math.round(share * 100)} % of the time was work`);
  });

  it("stops for the signal, lets the generator clean up, and rejects with the reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    let cleanedUp = false;
    function* endless(): Generator<void, never> {
      try {
        for (;;) yield;
      } finally {
        cleanedUp = true;
      }
    }
    setTimeout(() => controller.abort(reason), 10);
    await assert.rejects(runSliced(endless(), { signal: controller.signal }), (error) => error === reason);
    assert.ok(cleanedUp);
  });

  it("does no step when the signal is aborted before", async () => {
    let steps = 0;
    await assert.rejects(runSliced(busy(50, () => steps++), { signal: AbortSignal.abort() }), { name: "AbortError" });
    assert.equal(steps, 0);
  });

  it("works where setImmediate does not exist", async () => {
    const { setImmediate } = globalThis;
    try {
      Reflect.deleteProperty(globalThis, "setImmediate");
      assert.equal(await runSliced(busy(6)), "done");
    } finally {
      globalThis.setImmediate = setImmediate;
    }
  });

  it("keeps no process alive afterwards", () => {
    const script = `
      import { runSliced } from ${JSON.stringify(new URL("../src/time_slice.ts", import.meta.url).href)};
      await runSliced((function* () { for (let i = 0; i < 1e5; i++) yield; })());
      console.log("finished");`;
    const evaluate = process.versions.deno === undefined ? ["--input-type=module", "-e"] : ["eval", "--no-check"];
    const args = process.versions.bun === undefined ? evaluate : ["-e"];
    const { stdout, status, error } = spawnSync(process.execPath, [...args, script], { timeout: 20_000 });
    assert.equal(error, undefined);
    assert.equal(stdout.toString().trim(), "finished");
    assert.equal(status, 0);
  });
});
