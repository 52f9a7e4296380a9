// Which C library a program uses, read from the program.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { libcOfProgram } from "../../src/runtime/libc.ts";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { temporaryFolder } from "../temporary_folder.ts";

const folder = temporaryFolder();

/** A program of two table entries, the second of which names the loader. */
function program(loader: string, { interpreter = 3, tableOffset = 64 } = {}): string {
  const bytes = new Uint8Array(400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x7f_45_4c_46, false);
  bytes[4] = 2;
  view.setBigUint64(32, BigInt(tableOffset), true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  view.setUint32(64, 6, true);
  view.setUint32(120, interpreter, true);
  view.setBigUint64(128, 300n, true);
  view.setBigUint64(152, BigInt(loader.length + 1), true);
  bytes.set(new TextEncoder().encode(loader), 300);
  const path = join(folder, "program");
  writeFileSync(path, bytes);
  return path;
}

describe("libcOfProgram()", () => {
  it("goes by the loader", () => {
    assert.equal(libcOfProgram(program("/lib64/ld-linux-x86-64.so.2")), "glibc");
    assert.equal(libcOfProgram(program("/lib/ld-musl-aarch64.so.1")), "musl");
    assert.equal(libcOfProgram(program("/system/bin/linker64")), undefined);
  });

  it("knows nothing about programs without a loader, broken ones, other files and none", () => {
    assert.equal(libcOfProgram(program("/lib/ld-musl-x86_64.so.1", { interpreter: 4 })), undefined);
    assert.equal(libcOfProgram(program("/lib/ld-musl-x86_64.so.1", { tableOffset: 399 })), undefined);
    writeFileSync(join(folder, "text"), "#!/bin/sh\n");
    for (const name of ["text", "missing", "."]) assert.equal(libcOfProgram(join(folder, name)), undefined);
  });

  it("agrees with the runtime that runs this", { skip: process.platform !== "linux" && "not on Linux" }, () => {
    assert.equal(libcOfProgram(process.execPath), currentRuntime().libc());
    assert.notEqual(currentRuntime().libc(), undefined);
  });
});
