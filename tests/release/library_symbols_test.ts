// What libraries export and need, read from the files, against what the system's own tool says of the same file.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { symbols } from "../../src/native/abi.ts";
import { checkLibrary } from "../../tools/release/library_rules.ts";
import { readLibrarySymbols } from "../../tools/release/library_symbols.ts";
import { LIBRARY_BYTES_MAX } from "../../tools/release/pack.ts";
import { library } from "../../tools/setup.mjs";
import { needsLibrary } from "../native/require_library.ts";
import { hostPlatform } from "./release_files.ts";

/** Lines of `nm`, `undefined` where it is not installed. */
const exportedLines = process.platform !== "linux" || needsLibrary.skip
  ? undefined
  : spawnSync("nm", ["--dynamic", "--defined-only", library], { encoding: "utf8" }).stdout?.trim().split("\n");

describe("readLibrarySymbols()", needsLibrary, () => {
  it("finds the functions of the ABI in this checkout's library, and only the C library", () => {
    const { exports, needs } = readLibrarySymbols(readFileSync(library));
    const own = exports.filter((name) => name.startsWith("arp_"));
    assert.deepEqual(own, Object.keys(symbols).sort());
    assert.ok(
      needs.length > 0 && needs.every((name) => /libc|libpthread|libSystem|crt|KERNEL32/i.test(name)),
      needs.join(),
    );
  });

  it("agrees with nm", { skip: exportedLines === undefined && "there is no nm" }, () => {
    const names = exportedLines!.map((line) => line.split(" ").at(-1)!);
    assert.deepEqual(readLibrarySymbols(readFileSync(library)).exports, names.sort());
  });

  it("throws on other files", () => {
    assert.throws(() => readLibrarySymbols(new TextEncoder().encode("#!/bin/sh\n")), RangeError);
  });
});

describe(
  "checkLibrary()",
  { skip: needsLibrary.skip || (process.platform !== "linux" && "breaks a file of Linux") },
  () => {
    const host = () => readFileSync(library);

    it("accepts this checkout's library, were it made for old systems", () => {
      const bytes = replaceAll(host(), /GLIBC_2\.(?:2[89]|[3-9]\d)\0/g, "GLIBC_2.20\0");
      checkLibrary(hostPlatform, bytes);
    });

    const broken: [title: string, pattern: RegExp, replacement: string, message: RegExp][] = [
      ["another function", /\0arp_wait\0/g, "\0arp_Wait\0", /functions of csrc\/abi\.h only but found arp_Wait$/],
      ["another library", /\0libc\.so(?=[.\0])/g, "\0libz.so", /need the C library only but found libz\.so/],
      [
        "a new glibc",
        /GLIBC_2\.2\.5\0/g,
        "GLIBC_2.385\0",
        /run on old systems but found GLIBC_2\.385/,
      ],
    ];
    for (const [title, pattern, replacement, message] of broken) {
      const skip = title === "a new glibc" && hostPlatform.name !== "linux-x64-gnu" && "for glibc on x64";
      it(`refuses ${title}`, { skip }, () => {
        assert.throws(() => checkLibrary(hostPlatform, replaceAll(host(), pattern, replacement)), message);
      });
    }

    it("refuses a library that is too large", () => {
      assert.throws(
        () => checkLibrary(hostPlatform, new Uint8Array(LIBRARY_BYTES_MAX + 1)),
        /at most 2000000 bytes but found 2000001$/,
      );
    });
  },
);

/** The bytes with texts replaced by others of the same length. */
function replaceAll(bytes: Uint8Array, pattern: RegExp, replacement: string): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1");
  const changed = text.replace(pattern, (found) => {
    assert.equal(found.length, replacement.length);
    return replacement;
  });
  return Buffer.from(changed, "latin1");
}
