// What a library that is released must be: as small as promised, with the functions of the ABI and no others, and with
// no need for anything that a system does not have from the start.
import { symbols } from "../../src/native/abi.ts";
import type { Platform } from "../../src/native/platforms.ts";
import { SetupError } from "../runtimes.mjs";
import { readLibrarySymbols } from "./library_symbols.ts";
import { checkSize, LIBRARY_BYTES_MAX } from "./pack.ts";

/** The C library of each system, in the names under which it is needed. */
const cLibraries: Readonly<Record<string, RegExp>> = {
  glibc: /^lib(?:c\.so\.6|pthread\.so\.0|m\.so\.6)$/,
  musl: /^libc\.so$/,
  darwin: /^\/usr\/lib\/libSystem\.B\.dylib$/,
  // The C runtime that is a part of Windows since 10, and the system itself.
  win32: /^(?:api-ms-win-crt-[\w-]+|KERNEL32)\.dll$/i,
};

/** The oldest systems that are promised. */
const oldest = { glibc: [2, 27], macOs: "macOS 13.0" } as const;

/**
 * Checks a library.
 *
 * @throws {SetupError} With what was expected, and what was found.
 */
export function checkLibrary(platform: Platform, library: Uint8Array): void {
  const what = `the library for ${platform.name}`;
  checkSize(what, library.length, LIBRARY_BYTES_MAX);
  const { exports, needs, versions, isSigned } = readLibrarySymbols(library);
  const expect = (expected: string, wrong: readonly string[]) => {
    if (wrong.length > 0) throw new SetupError(`Expected ${what} ${expected} but found ${wrong.join(", ")}`);
  };
  const wanted = Object.keys(symbols);
  expect("to export the functions of csrc/abi.h only", exports.filter((name) => !wanted.includes(name)));
  expect("to export all functions of csrc/abi.h", wanted.filter((name) => !exports.includes(name)).map(missing));
  const allowed = cLibraries[platform.libc ?? platform.os];
  expect("to need the C library only", needs.filter((name) => !allowed.test(name)));
  expect("to run on old systems", versions.filter((version) => !isOldEnough(version)));
  if (platform.os !== "darwin") return;
  expect("to say for which macOS it is", versions.length === 0 ? ["nothing"] : []);
  // Apple silicon loads nothing without a signature; one by nobody in particular will do.
  expect("to be signed", platform.cpu === "arm64" && !isSigned ? ["no signature"] : []);
}

function missing(name: string): string {
  return `no ${name}`;
}

function isOldEnough(version: string): boolean {
  const glibc = /^GLIBC_(\d+)\.(\d+)/.exec(version);
  if (glibc === null) return version === oldest.macOs;
  const [major, minor] = glibc.slice(1).map(Number);
  return major === oldest.glibc[0] && minor <= oldest.glibc[1];
}
