// The table of platforms: its names follow a rule, and every one has a library file.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileNameFor, packageNameOf, platforms } from "../../src/native/platforms.ts";

describe("platforms", () => {
  it("are called after operating system, processor and C library", () => {
    const suffixes = { glibc: "-gnu", musl: "-musl" };
    for (const { name, os, cpu, libc } of platforms) {
      assert.equal(name, `${os}-${cpu}${libc === undefined ? "" : suffixes[libc]}`);
      assert.equal(os === "linux", libc !== undefined, name);
    }
    assert.equal(new Set(platforms.map(packageNameOf)).size, platforms.length);
  });
});

describe("fileNameFor()", () => {
  it("is what the platform's linker calls it", () => {
    const names = ["linux", "darwin", "win32"].map(fileNameFor);
    assert.deepEqual(names, ["libarpeggio.so", "libarpeggio.dylib", "arpeggio.dll"]);
  });
});
