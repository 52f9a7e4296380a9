// The adapter of the runtime that runs this: calls, views, waiting in the background, warnings.
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { Status, symbols, Type } from "../../src/native/abi.ts";
import { locateLibrary } from "../../src/native/locate.ts";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { runWhole } from "../../src/time_slice.ts";
import { needsLibrary } from "../native/require_library.ts";
import { runChild } from "./child.ts";

function open() {
  return openFile(locateLibrary().path);
}

function openFile(path: string) {
  return runWhole(currentRuntime().openLibrary(path, { symbols, wait: "arp_wait", pending: Status.PENDING }));
}

describe("currentRuntime()", () => {
  it("is the runtime that runs this, with its version", () => {
    const { name, version } = currentRuntime();
    const expected = "Deno" in globalThis ? "deno" : process.versions["bun"] === undefined ? "node" : "bun";
    assert.equal(name, expected);
    assert.match(version(), /^\d+\.\d+\.\d+/);
  });
});

describe("Runtime.openLibrary()", needsLibrary, () => {
  it("passes numbers whole: 32 bits without sign, doubles to 2^53", () => {
    const { functions } = open();
    assert.equal(functions.arp_release(0xffffffff), Status.STALE);
    const error = new Uint8Array(256);
    assert.equal(functions.arp_map_memory(2 ** 53 - 1, error), Status.OUT_OF_MEMORY);
    assert.match(new TextDecoder().decode(error), /9007199254740991 bytes/);
  });

  it("passes views with their offset, and null", () => {
    const { functions } = open();
    const values = Float32Array.of(9, 1, 2, 3, 9);
    const copy = new Float32Array(5);
    const inside = copy.subarray(1, 4);
    assert.equal(functions.arp_dequantize(Type.F32, values.subarray(1, 4), 12, inside, 3), Status.OK);
    assert.deepEqual([...copy], [0, 1, 2, 3, 0]);
    assert.equal(functions.arp_map_file(new TextEncoder().encode("does not exist\0"), 0, 0, null), Status.IO);
  });

  it("waits on another thread, several at a time, and passes the status on", async () => {
    const { wait } = open();
    assert.deepEqual(await Promise.all([wait(0, 0), wait(1, 0), wait(2, 0)]), Array(3).fill(Status.STALE));
    assert.equal(await wait(3, 0), Status.STALE);
  });

  it("says what the system says about a file that is no library", () => {
    const path = new URL(import.meta.url).pathname;
    assert.throws(() => openFile(path), Error);
  });

  it("prints nothing, and takes no other warning away", async () => {
    const { code, stderr } = await runChild("./warnings.ts");
    assert.equal(code, 0, stderr);
    const lines = stderr.split("\n").filter((line) => /warning/i.test(line) && !/--trace-warnings/.test(line));
    assert.equal(lines.length, 1, stderr);
    assert.match(lines[0], /ExperimentalWarning: a warning of the application/);
  });
});
