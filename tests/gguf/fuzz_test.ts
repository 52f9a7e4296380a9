/**
 * The embedded model's file cut off and with bytes of its header changed: a GgufError or a description that keeps its
 * promises, never another error, a hang, or memory. A seeded sample here; every byte where ARPEGGIO_DEEP is 1.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { GgufError } from "../../src/errors.ts";
import { type GgufFile, parseGguf } from "../../src/gguf/parse.ts";
import { runWhole } from "../../src/time_slice.ts";
import { byteFlips, type Mutation, mutations, truncations } from "./mutations.ts";

const model = new URL("../../models/arpeggio-mini-q4_k_m.gguf", import.meta.url);
const skip = existsSync(model) ? false : "needs models/arpeggio-mini-q4_k_m.gguf";
const deep = process.env.ARPEGGIO_DEEP === "1";
/** All mutations take about 15 s; Bun's own limit is 5 s. */
const options = { skip, timeout: 300_000 };

/** Each parse of the whole header takes less than 1 ms; a hang takes longer than this. */
const CASE_MS_MAX = 2000;

/** The most a bad file may cost, garbage of the cases before it included. */
const MEMORY_BYTES_MAX = 64e6;

/** Asserts what `GgufFile` promises, and that everything in it can be looked at. */
function checkPromises(file: GgufFile, fileBytes: number): void {
  const ends: [number, number][] = [];
  for (const { offset, bytes, shape } of file.tensors.values()) {
    assert.ok(Number.isSafeInteger(offset) && offset >= file.dataOffset && offset + bytes <= fileBytes);
    assert.equal((offset - file.dataOffset) % file.alignment, 0);
    assert.ok(shape.length >= 1 && shape.length <= 4 && shape.every((dimension) => dimension >= 1));
    ends.push([offset, offset + bytes]);
  }
  ends.sort(([a], [b]) => a - b);
  for (let i = 1; i < ends.length; i++) assert.ok(ends[i - 1][1] <= ends[i][0], "tensors overlap");
  for (const { key, type } of file.metadata.entries()) {
    if (type === "array<string>") {
      const strings = file.metadata.getStrings(key);
      for (let i = 0; i < strings.length; i++) strings.bytes(i);
    } else if (type.startsWith("array<") && !/bool|array</.test(type.slice(6))) {
      file.metadata.getNumbers(key);
    }
  }
}

/** Parses every mutation; returns how many were refused and how many parsed. */
function run(cases: Iterable<Mutation>): { refused: number; parsed: number } {
  let refused = 0;
  let parsed = 0;
  const before = process.memoryUsage().rss;
  for (const { name, bytes } of cases) {
    const start = performance.now();
    try {
      checkPromises(runWhole(parseGguf(bytes)), bytes.length);
      parsed++;
    } catch (error) {
      assert.ok(error instanceof GgufError, `${name}: ${error}`);
      assert.ok(error.offsetBytes !== undefined && error.offsetBytes <= bytes.length, `${name}: ${error}`);
      refused++;
    }
    const ms = performance.now() - start;
    assert.ok(ms < CASE_MS_MAX, `${name} took ${ms} ms`);
    // Asking takes longer than parsing in some runtimes, so not every time.
    if ((refused + parsed) % 64 === 0) {
      const { rss } = process.memoryUsage();
      assert.ok(rss - before < MEMORY_BYTES_MAX, `${name}: ${rss - before} bytes more in use`);
    }
  }
  return { refused, parsed };
}

function load(): { file: Uint8Array; headerBytes: number } {
  const file = new Uint8Array(readFileSync(model));
  return { file, headerBytes: runWhole(parseGguf(file)).dataOffset };
}

describe("parseGguf() of a broken model", () => {
  it("refuses it cut off in the header", options, () => {
    const { file, headerBytes } = load();
    const sample = deep ? {} : { samples: 1500, seed: 7 };
    assert.equal(run(truncations(file, { headerBytes, ...sample })).parsed, 0);
  });

  it("refuses it cut off in the data", options, () => {
    const { file } = load();
    // The last tensor ends at most 31 bytes before the file.
    assert.equal(run(truncations(file.subarray(0, file.length - 32), { samples: 300, seed: 8 })).parsed, 0);
  });

  it("refuses or reads it with one byte of the header changed", options, () => {
    const { file, headerBytes } = load();
    const sample = deep ? {} : { samples: 1500, seed: 9 };
    const { refused, parsed } = run(byteFlips(file, { headerBytes, ...sample }));
    assert.ok(refused > 100 && parsed > 100, `${refused} refused, ${parsed} parsed`);
  });

  it("refuses or reads it with a byte of the descriptions of tensors changed", options, () => {
    const { file, headerBytes } = load();
    const first = Math.min(...[...runWhole(parseGguf(file)).tensors.values()].map(({ infoOffset }) => infoOffset));
    const descriptions = file.subarray(first);
    const cases = byteFlips(descriptions, { headerBytes: headerBytes - first, ...(deep ? {} : { samples: 800 }) });
    function* wholeFiles(): Generator<Mutation, void> {
      for (const { name } of cases) yield { name, bytes: file };
    }
    const { refused, parsed } = run(wholeFiles());
    assert.ok(refused > 100 && parsed > 100, `${refused} refused, ${parsed} parsed`);
  });
});

describe("mutations()", () => {
  const original = Uint8Array.from({ length: 20 }, (_, i) => i * 13);

  it("cut at and change every byte of the header, and leave the file as it was", () => {
    const file = original.slice();
    const lengths: number[] = [];
    const changes: string[] = [];
    for (const { bytes } of mutations(file, { headerBytes: 5 })) {
      if (bytes.length < 20) lengths.push(bytes.length);
      else changes.push([...bytes].map((byte, i) => byte === original[i] ? "" : i).join(""));
    }
    assert.deepEqual(lengths, [0, 1, 2, 3, 4]);
    assert.deepEqual(changes, ["0", "0", "1", "1", "2", "2", "3", "3", "4", "4"]);
    assert.deepEqual(file, original);
  });

  it("undo a change also when the loop ends early", () => {
    const file = original.slice();
    for (const { bytes } of byteFlips(file)) {
      assert.notDeepEqual(bytes, original);
      break;
    }
    assert.deepEqual(file, original);
  });

  it("choose the same sample for the same seed", () => {
    const names = (seed: number) => [...mutations(original.slice(), { samples: 10, seed })].map(({ name }) => name);
    assert.deepEqual(names(3), names(3));
    assert.notDeepEqual(names(3), names(4));
    assert.equal(names(3).length, 30);
  });
});
