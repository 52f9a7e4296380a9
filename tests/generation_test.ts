// What a user may do with a generation: await, iterate, both, several times, stop early. The source is a fake.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Generation, type GenerationResult, type PieceSource } from "../src/generation.ts";

interface Log {
  starts: number;
  produced: number;
  ended: number;
}

const result = { text: "abc", stopReason: "endOfText" } as GenerationResult;

/** A generation of "a", "b", "c" that writes down what happens, and ends as generate() does when it is cancelled. */
function example(options: { failAfter?: number } = {}): { generation: Generation; log: Log } {
  const log: Log = { starts: 0, produced: 0, ended: 0 };
  const generation = new Generation(async ({ cancel, take }) => {
    log.starts++;
    let text = "";
    try {
      for (const piece of ["a", "b", "c"]) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (cancel.aborted) return { ...result, text, stopReason: "cancelled" as const };
        if (options.failAfter === log.produced) throw new Error("as expected");
        log.produced++;
        text += piece;
        await take(piece);
      }
      return result;
    } finally {
      log.ended++;
    }
  });
  return { generation, log };
}

async function collect(pieces: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("Generation", () => {
  it("does not start before it is awaited or iterated", async () => {
    const { log } = example();
    await settled();
    assert.deepEqual(log, { starts: 0, produced: 0, ended: 0 });
  });

  it("gives the result when it is awaited, and generates once however often that is", async () => {
    const { generation, log } = example();
    assert.deepEqual(await Promise.all([generation, generation]), [result, result]);
    assert.equal(await generation, result);
    assert.deepEqual(log, { starts: 1, produced: 3, ended: 1 });
  });

  it("computes nothing ahead of its reader", async () => {
    const { generation, log } = example();
    const iterator = generation[Symbol.asyncIterator]();
    assert.deepEqual(await iterator.next(), { done: false, value: "a" });
    await settled();
    assert.equal(log.produced, 1);
    assert.deepEqual(await collect(iterator), ["b", "c"]);
  });

  it("lets its source go on without an await while more is wanted, and makes it wait when not", async () => {
    const waits: boolean[] = [];
    const source: PieceSource = async ({ take }) => {
      for (const piece of ["a", "b", "c"]) {
        const reading = take(piece);
        waits.push(reading !== undefined);
        await reading;
      }
      return result;
    };
    assert.equal(await new Generation(source), result);
    assert.deepEqual(waits.splice(0), [false, false, false]);
    const read = new Generation(source);
    const iterator = read[Symbol.asyncIterator]();
    await iterator.next();
    assert.deepEqual(waits, [true]);
    assert.equal(await read, result);
    assert.deepEqual(waits, [true, false, false]);
    assert.deepEqual(await collect(iterator), ["b", "c"]);
  });

  it("can be iterated, awaited afterwards, and iterated again from the beginning", async () => {
    const { generation, log } = example();
    assert.deepEqual(await collect(generation), ["a", "b", "c"]);
    assert.equal(await generation, result);
    assert.deepEqual(await collect(generation), ["a", "b", "c"]);
    assert.equal(log.starts, 1);
  });

  it("can be iterated by several readers and awaited at the same time", async () => {
    const { generation, log } = example();
    const all = await Promise.all([collect(generation), generation, collect(generation)]);
    assert.deepEqual(all, [["a", "b", "c"], result, ["a", "b", "c"]]);
    assert.equal(log.starts, 1);
  });

  it("ends when its reader leaves the loop, and then awaits to what there was", async () => {
    const { generation, log } = example();
    for await (const piece of generation) if (piece === "a") break;
    await settled();
    assert.deepEqual(log, { starts: 1, produced: 1, ended: 1 });
    const { text, stopReason } = await generation;
    assert.deepEqual({ text, stopReason }, { text: "a", stopReason: "cancelled" });
  });

  it("goes on when a reader leaves the loop but somebody awaits it or another reads it", async () => {
    const awaited = example().generation;
    const promise = awaited.then((all) => all);
    for await (const _ of awaited) break;
    assert.equal(await promise, result);
    const { generation } = example();
    const other = generation[Symbol.asyncIterator]();
    await other.next();
    for await (const _ of generation) break;
    assert.deepEqual(await collect(other), ["b", "c"]);
  });

  it("rejects everybody with the error, after the pieces before it", async () => {
    const { generation } = example({ failAfter: 2 });
    const pieces: string[] = [];
    await assert.rejects(async () => {
      for await (const piece of generation) pieces.push(piece);
    }, /as expected/);
    assert.deepEqual(pieces, ["a", "b"]);
    await assert.rejects(async () => await generation, /as expected/);
  });

  it("leaves no unhandled rejection when nobody asks for the result", async () => {
    const { generation, log } = example({ failAfter: 1 });
    for await (const _ of generation) break;
    await settled();
    assert.equal(log.ended, 1);
  });

  it("ends by dispose(), with what there is, also before it starts", async () => {
    const { generation } = example();
    const promise = generation.then((all) => all.stopReason);
    generation[Symbol.dispose]();
    assert.equal(await promise, "cancelled");
    const unused = example();
    await unused.generation[Symbol.asyncDispose]();
    assert.equal(unused.log.starts, 0);
    assert.equal((await unused.generation).stopReason, "cancelled");
  });
});
