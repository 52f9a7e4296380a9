// test: alone
// The share of the event loop: a turn when it is due, none before.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextTurn, shareEventLoop } from "../src/event_loop.ts";

/** How many macrotasks ran while `work` did. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let counting = true;
  const count = () => {
    if (!counting) return;
    turns++;
    setImmediate(count);
  };
  await new Promise((resolve) => setImmediate(resolve));
  setImmediate(count);
  await work();
  counting = false;
  return turns;
}

function compute(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe("shareEventLoop()", () => {
  it("gives the loop a turn before the share of 1 ms is used up", async () => {
    await nextTurn();
    assert.ok(await turnsDuring(async () => await shareEventLoop(1.5)) >= 1);
    await nextTurn();
    compute(1);
    assert.ok(await turnsDuring(async () => await shareEventLoop(0.1)) >= 1);
  });

  it("goes on at once while there is time", async () => {
    await turnsDuring(async () => {
      await nextTurn();
      assert.equal(await turnsDuring(() => Promise.resolve()), 0);
    });
    await nextTurn();
    assert.equal(shareEventLoop(0.01), undefined);
  });

  it("keeps timers on time in a long loop of short steps", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const end = performance.now() + 60;
    while (performance.now() < end) {
      await shareEventLoop(0.3);
      compute(0.3);
    }
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks`);
  });
});
