/** What kind of file a native library is: for the message when it is not the one this machine needs. */

import { closeSync, openSync, readSync } from "node:fs";

/** Enough for the first header of any format, and for where Windows programs begin. */
const HEAD_BYTES = 4096;

const machines: Readonly<Record<string, string>> = {
  "elf 62": "linux-x64",
  "elf 183": "linux-arm64",
  "mach-o 16777223": "darwin-x64",
  "mach-o 16777228": "darwin-arm64",
  "pe 34404": "win32-x64",
  "pe 43620": "win32-arm64",
};

/**
 * What a file is, in words: "a library for linux-arm64", "a file of another kind", "a file that cannot be read".
 * The platforms have the names of `process.platform` and `process.arch`.
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
  return machine === undefined ? "a library for another kind of machine" : `a library for ${machine}`;
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
