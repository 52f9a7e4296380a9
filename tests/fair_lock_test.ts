// The lock: one at a time, in order, and waiting can be ended.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FairLock } from "../src/fair_lock.ts";

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

describe("FairLock", () => {
  it("lets one in at a time, in the order of asking", async () => {
    const lock = new FairLock();
    const log: string[] = [];
    const enter = (name: string) =>
      lock.hold(async () => {
        log.push(`${name} in`);
        await pause();
        log.push(`${name} out`);
        return name;
      });
    assert.deepEqual(await Promise.all(["a", "b", "c"].map(enter)), ["a", "b", "c"]);
    assert.deepEqual(log, ["a in", "a out", "b in", "b out", "c in", "c out"]);
  });

  it("is not overtaken by somebody who asks when it is passed on", async () => {
    const lock = new FairLock();
    const log: string[] = [];
    const first = lock.hold(async () => {
      await pause();
      log.push("first");
    });
    const second = lock.hold(() => Promise.resolve(log.push("second")));
    const third = first.then(() => lock.hold(() => Promise.resolve(log.push("third"))));
    await Promise.all([first, second, third]);
    assert.deepEqual(log, ["first", "second", "third"]);
  });

  it("goes on after a failure", async () => {
    const lock = new FairLock();
    const failing = lock.hold(() => Promise.reject(new Error("as expected")));
    const next = lock.hold(() => Promise.resolve(1));
    await assert.rejects(failing, /as expected/);
    assert.equal(await next, 1);
  });

  it("rejects with the signal's reason while it is held, and forgets who left", async () => {
    const lock = new FairLock();
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const holding = lock.hold(() => promise);
    const leaving = lock.hold(() => assert.fail("has left"), { signal: controller.signal });
    const staying = lock.hold(() => Promise.resolve("in"));
    controller.abort("reason");
    assert.equal(await leaving.catch((reason) => reason), "reason");
    resolve();
    await holding;
    assert.equal(await staying, "in");
    assert.equal(await lock.hold(() => Promise.resolve("free")), "free");
  });
});
