/** How much of a source is read and when, what a lying source gets, and that reading keeps the event loop free. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GgufError } from "../../src/errors.ts";
import { type ByteSource, bytesSource, readGguf } from "../../src/gguf/reader.ts";
import { writeGguf } from "../../src/gguf/write.ts";
import { array, file, pair } from "./raw_bytes.ts";
import { timerLateness } from "./timer_lateness.ts";

const MIB = 2 ** 20;

/** A vocabulary of so many tokens and merges, about as long as real ones. */
function vocabularyFile(count: number): Uint8Array {
  const tokens = Array.from({ length: count }, (_, i) => `Ġ${(i * 2654435761 >>> 0).toString(36).slice(0, 3 + i % 5)}`);
  const merges = tokens.map((token) => `${token} ${token.slice(1, 4)}`);
  return writeGguf({
    metadata: [
      ["general.architecture", { type: "string", value: "llama" }],
      ["tokenizer.ggml.tokens", { type: "array", elementType: "string", value: tokens }],
      ["tokenizer.ggml.merges", { type: "array", elementType: "string", value: merges }],
      ["tokenizer.ggml.token_type", { type: "array", elementType: "int32", value: new Int32Array(count).fill(1) }],
    ],
    tensors: [{ name: "t", type: "F32", shape: [8 * MIB / 4], data: new Uint8Array(8 * MIB) }],
  });
}

/** A source that notes what is read. */
function recording(bytes: Uint8Array): ByteSource & { reads: [offset: number, length: number][] } {
  const reads: [number, number][] = [];
  return {
    size: bytes.length,
    reads,
    read: (offset, length) => {
      assert.ok(offset >= 0 && length > 0 && offset + length <= bytes.length, `read ${length} at ${offset}`);
      reads.push([offset, length]);
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
  };
}

describe("readGguf()", () => {
  it("reads a small file once and no further than its end", async () => {
    const bytes = file({ pairs: [pair("k", "uint8", Uint8Array.of(9))] });
    const source = recording(bytes);
    assert.equal((await readGguf(source)).metadata.getUint("k"), 9);
    assert.deepEqual(source.reads, [[0, bytes.length]]);
  });

  it("reads 256 KiB of a large file with a small header", async () => {
    const source = recording(vocabularyFile(1000));
    const result = await readGguf(source);
    assert.equal(result.fileBytes, source.size);
    assert.equal(result.tensors.get("t")?.bytes, 8 * MIB);
    assert.deepEqual(source.reads, [[0, MIB / 4]]);
  });

  it("reads more when the header is longer, at most four times as much as it takes", async () => {
    const bytes = vocabularyFile(60_000);
    const source = recording(bytes);
    const result = await readGguf(source);
    assert.ok(result.dataOffset > MIB && result.dataOffset < 4 * MIB, `${result.dataOffset}`);
    assert.deepEqual(source.reads, [[0, MIB / 4], [0, MIB], [0, 4 * MIB]]);
    assert.equal(result.metadata.getStrings("tokenizer.ggml.merges").length, 60_000);
    assert.equal(result.metadata.getNumbers("tokenizer.ggml.token_type").length, 60_000);
    const whole = await readGguf(bytesSource(bytes));
    assert.deepEqual([...result.tensors], [...whole.tensors]);
  });

  it("reads little of a huge file with impossible counts", async () => {
    const start = file({ pairs: [pair("k", "array", array("string", 2 ** 40, new Uint8Array(0)))] });
    const reads: number[] = [];
    const source: ByteSource = {
      size: 2 ** 43,
      read: (offset, length) => {
        reads.push(length);
        const bytes = new Uint8Array(length);
        if (offset === 0) bytes.set(start);
        return Promise.resolve(bytes);
      },
    };
    await assert.rejects(readGguf(source), (error) => error instanceof GgufError && error.key === "k");
    assert.deepEqual(reads, [MIB / 4]);
  });

  it("refuses an empty file, a source that ends early, and a size that is none", async () => {
    await assert.rejects(readGguf(bytesSource(new Uint8Array(0))), GgufError);
    const bytes = vocabularyFile(60_000);
    const early: ByteSource = {
      size: bytes.length,
      read: (offset, length) => Promise.resolve(bytes.subarray(offset, Math.min(offset + length, 2 * MIB))),
    };
    await assert.rejects(readGguf(early), {
      name: "GgufError",
      message: /could read only 2097152 /,
      offsetBytes: 2 * MIB,
    });
    for (const size of [-1, NaN, 1.5, 2 ** 60]) {
      await assert.rejects(readGguf({ size, read: () => Promise.resolve(new Uint8Array(0)) }), RangeError);
    }
  });

  it("passes on what the source throws", async () => {
    const failure = new Error("disk on fire");
    await assert.rejects(readGguf({ size: 100, read: () => Promise.reject(failure) }), (error) => error === failure);
  });

  it("stops for the signal between the last read and parsing", async () => {
    const controller = new AbortController();
    const bytes = file({ pairs: [pair("k", "uint8", Uint8Array.of(9))] });
    const aborting: ByteSource = {
      size: bytes.length,
      read: () => {
        controller.abort();
        return Promise.resolve(bytes);
      },
    };
    await assert.rejects(readGguf(aborting, { signal: controller.signal }), { name: "AbortError" });
  });

  it("stops for the signal, before and between reads", async () => {
    const source = recording(vocabularyFile(60_000));
    await assert.rejects(readGguf(source, { signal: AbortSignal.abort() }), { name: "AbortError" });
    assert.equal(source.reads.length, 0);
    const controller = new AbortController();
    const aborting: ByteSource = {
      size: source.size,
      read: (offset, length) => {
        controller.abort();
        return source.read(offset, length);
      },
    };
    await assert.rejects(readGguf(aborting, { signal: controller.signal }), { name: "AbortError" });
    assert.equal(source.reads.length, 1);
  });

  it("keeps a 1 ms timer on time while reading 150,000 tokens and merges", async () => {
    const bytes = vocabularyFile(150_000);
    const { ticks, mostMs } = await timerLateness(async () => {
      for (let i = 0; i < 5; i++) {
        const { metadata } = await readGguf(bytesSource(bytes));
        assert.equal(metadata.getStrings("tokenizer.ggml.tokens").length, 150_000);
      }
    });
    assert.ok(ticks >= 5 && mostMs < 5, `${ticks} ticks, nine of ten at most ${mostMs} ms late`);
  });
});
