/** What kind of file a native library is: for the message when it is not the one this machine needs. */

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import type { Libc } from "../runtime/mod.ts";
import { systemName } from "./platform_package.ts";

/** Enough for the first header of any format, and for where Windows programs begin. */
const HEAD_BYTES = 4096;

const machines: Readonly<Record<string, { readonly os: string; readonly cpu: string }>> = {
  "elf 62": { os: "linux", cpu: "x64" },
  "elf 183": { os: "linux", cpu: "arm64" },
  "mach-o 16777223": { os: "darwin", cpu: "x64" },
  "mach-o 16777228": { os: "darwin", cpu: "arm64" },
  "pe 34404": { os: "win32", cpu: "x64" },
  "pe 43620": { os: "win32", cpu: "arm64" },
};

/** The names under which libraries of Linux ask for their C library. Musl's own is the shorter one. */
const libcs: readonly (readonly [name: string, libc: Libc])[] = [["\0libc.so.6\0", "glibc"], ["\0libc.so\0", "musl"]];

/**
 * What a file is, in words: "a library for linux-arm64 (musl)", "a file that is no native library", "a file that cannot
 * be read". The platforms have the names of `process.platform` and `process.arch`.
 */
export function describeLibraryFile(path: string): string {
  let head: DataView;
  try {
    head = readHead(path);
  } catch {
    return "a file that cannot be read";
  }
  const format = formatOf(head);
  if (format === undefined) return "a file that is no native library";
  const machine = machines[format];
  if (machine === undefined) return "a library for another kind of machine";
  const libc = machine.os === "linux" ? libcOfLibrary(path) : undefined;
  return `a library for ${systemName({ ...machine, libc })}`;
}

/** The C library that a library of Linux was linked to, by the name that is in its table of strings. */
function libcOfLibrary(path: string): Libc | undefined {
  const bytes = readFileSync(path);
  return libcs.find(([name]) => bytes.includes(name))?.[1];
}

/** Format and machine number, as in the table above. */
function formatOf(head: DataView): string | undefined {
  if (head.byteLength < 64) return undefined;
  const magic = head.getUint32(0, false);
  if (magic === 0x7f_45_4c_46) return `elf ${head.getUint16(18, true)}`;
  if (magic === 0xcf_fa_ed_fe) return `mach-o ${head.getUint32(4, true)}`;
  if (magic >>> 16 !== 0x4d_5a) return undefined;
  const start = head.getUint32(60, true);
  return start + 6 <= head.byteLength ? `pe ${head.getUint16(start + 4, true)}` : undefined;
}

function readHead(path: string): DataView {
  const bytes = new Uint8Array(HEAD_BYTES);
  const file = openSync(path, "r");
  try {
    return new DataView(bytes.buffer, 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}
