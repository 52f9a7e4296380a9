// The pool of waiting threads, with fake threads: who gets work, and what keeps the process alive.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LibraryError } from "../../src/errors.ts";
import { type Look, type Waiter, WaiterPool } from "../../src/runtime/waiters.ts";

/** A thread that does nothing until it is told to answer or fail. */
interface FakeWaiter extends Waiter {
  posted: [number, number][];
  alive: boolean;
  answer: (status: number) => void;
  fail: (error: Error) => void;
}

function fakePool(look?: Look): { pool: WaiterPool; started: FakeWaiter[] } {
  const started: FakeWaiter[] = [];
  const pool = new WaiterPool(() => {
    const waiter: FakeWaiter = {
      posted: [],
      alive: true,
      answer: () => {},
      fail: () => {},
      post: (...request) => waiter.posted.push(request),
      listen: (onStatus, onFailure) => Object.assign(waiter, { answer: onStatus, fail: onFailure }),
      ref: () => waiter.alive = true,
      unref: () => waiter.alive = false,
    };
    started.push(waiter);
    return waiter;
  }, look);
  return { pool, started };
}

const PENDING = 1;

describe("WaiterPool", () => {
  it("starts no thread for what is over within milliseconds", async () => {
    const statuses = [PENDING, -5, 0];
    const seen: number[] = [];
    const call = (handle: number) => {
      seen.push(handle);
      return statuses[seen.length - 1];
    };
    const { pool, started } = fakePool({ call, pending: PENDING });
    assert.equal(await pool.wait(7, 100), -5);
    assert.equal(await pool.wait(8, 100), 0);
    assert.deepEqual(seen, [7, 7, 8]);
    assert.equal(started.length, 0);
  });

  it("starts one after eight looks in all, and at once for a call that does not wait", async () => {
    let looks = 0;
    const look = { call: () => (looks++, PENDING), pending: PENDING };
    const { pool, started } = fakePool(look);
    const waiting = Promise.all([pool.wait(7, 100), pool.wait(8, 100)]);
    while (started.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(looks, 8);
    for (const waiter of started) waiter.answer(waiter.posted[0][0]);
    assert.deepEqual(await waiting, [7, 8]);
    const other = fakePool(look);
    void other.pool.wait(7, 0);
    assert.deepEqual(other.started[0].posted, [[7, 0]]);
    assert.equal(looks, 8);
  });

  it("uses an idle thread again, which keeps the process alive only while it waits", async () => {
    const { pool, started } = fakePool();
    for (const status of [0, 1]) {
      const waiting = pool.wait(7, 100);
      assert.deepEqual(started[0].posted.at(-1), [7, 100]);
      assert.equal(started[0].alive, true);
      started[0].answer(status);
      assert.equal(await waiting, status);
      assert.equal(started[0].alive, false);
    }
    assert.equal(started.length, 1);
  });

  it("starts a thread for each call at the same time, up to 8, and queues the others", async () => {
    const { pool, started } = fakePool();
    const waiting = Array.from({ length: 10 }, (_, i) => pool.wait(i, 1));
    assert.equal(started.length, 8);
    for (const waiter of started) waiter.answer(waiter.posted[0][0]);
    assert.deepEqual(started.slice(0, 3).map(({ posted }) => posted.length), [2, 2, 1]);
    assert.deepEqual(started.slice(0, 3).map(({ alive }) => alive), [true, true, false]);
    for (const waiter of started.slice(0, 2)) waiter.answer(waiter.posted[1][0]);
    assert.deepEqual(await Promise.all(waiting), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("rejects when a thread fails, and gives what is in the queue to another", async () => {
    const { pool, started } = fakePool();
    const waiting = Array.from({ length: 9 }, (_, i) => pool.wait(i, 1));
    const failed = assert.rejects(waiting[3], (error: Error) => {
      assert.ok(error instanceof LibraryError);
      return /worker thread .* failed: as expected/.test(error.message);
    });
    started[3].fail(new Error("as expected"));
    await failed;
    assert.equal(started.length, 9);
    assert.deepEqual(started[8].posted, [[8, 1]]);
  });
});
