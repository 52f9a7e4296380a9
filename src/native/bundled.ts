/**
 * The native library that Bun's bundler takes along, because it sees the `require` of a file here: into an executable
 * (`bun build --compile`), or beside the bundle. Other bundlers have no use for it, and no other runtime gets here.
 */

import { dirname, isAbsolute, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { currentRuntime } from "../runtime/mod.ts";

/** Where the bundler has put the library; `undefined` when this is no bundle, or it found none to take along. */
export function bundledLibrary(): string | undefined {
  // In a bundle this is the address of the bundle.
  if (/\/native\/bundled\.[jt]s$/.test(import.meta.url)) return undefined;
  const path = fromCheckout() ?? fromPackage();
  if (typeof path !== "string") return undefined;
  return isAbsolute(path) ? path : join(dirname(fileURLToPath(import.meta.url)), path);
}

// The bundler knows operating system and processor of its target, drops the lines for others, and `try` allows files
// that are not there. It has to see each path written out. Bun has two programs for Linux that differ in the C library.

function fromCheckout(): unknown {
  try {
    if (process.platform === "win32") return require("../../zig-out/bin/arpeggio.dll");
    if (process.platform === "darwin") return require("../../zig-out/lib/libarpeggio.dylib");
    return require("../../zig-out/lib/libarpeggio.so");
  } catch {
    return undefined;
  }
}

function fromPackage(): unknown {
  const isMusl = currentRuntime().libc() === "musl";
  try {
    if (process.platform === "win32") {
      if (process.arch === "arm64") return require("@arpeggio/win32-arm64/arpeggio.dll");
      return require("@arpeggio/win32-x64/arpeggio.dll");
    }
    if (process.platform === "darwin") {
      if (process.arch === "arm64") return require("@arpeggio/darwin-arm64/libarpeggio.dylib");
      return require("@arpeggio/darwin-x64/libarpeggio.dylib");
    }
    if (process.arch === "arm64") {
      if (isMusl) return require("@arpeggio/linux-arm64-musl/libarpeggio.so");
      return require("@arpeggio/linux-arm64-gnu/libarpeggio.so");
    }
    if (isMusl) return require("@arpeggio/linux-x64-musl/libarpeggio.so");
    return require("@arpeggio/linux-x64-gnu/libarpeggio.so");
  } catch {
    return undefined;
  }
}
