/** Which C library a program of Linux uses, found in the program's file: the loader it asks for. */

import { closeSync, openSync, readSync } from "node:fs";

/** The two C libraries of Linux; a native library is made for one of them. */
export type Libc = "glibc" | "musl";

/** The size of the ELF header of 64-bit programs, and of one entry of the table behind it. */
const [HEADER_BYTES, ENTRY_BYTES] = [64, 56];

/** The kind of entry that names the loader (PT_INTERP), and the longest name that is read. */
const [INTERPRETER, NAME_BYTES_MAX] = [3, 256];

/**
 * The C library of a program, `undefined` when it has none of its own or cannot be read.
 *
 * @param path A program, such as `process.execPath`.
 */
export function libcOfProgram(path: string): Libc | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const name = loaderOf((offset, length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    });
    return name.includes("/ld-musl-") ? "musl" : name.includes("/ld-linux") ? "glibc" : undefined;
  } catch {
    return undefined; // A folder, or a header that leads beyond the file.
  } finally {
    closeSync(file);
  }
}

/** The path of the loader in an ELF file; "" when there is none. */
function loaderOf(read: (offset: number, length: number) => Uint8Array): string {
  const header = viewOf(read(0, HEADER_BYTES));
  const isElf64 = header.getUint32(0, false) === 0x7f_45_4c_46 && header.getUint8(4) === 2;
  if (!isElf64) return "";
  const [tableOffset, entryBytes, entries] = [
    Number(header.getBigUint64(32, true)),
    header.getUint16(54, true),
    header.getUint16(56, true),
  ];
  for (let i = 0; i < entries; i++) {
    const entry = viewOf(read(tableOffset + i * entryBytes, ENTRY_BYTES));
    if (entry.getUint32(0, true) !== INTERPRETER) continue;
    const bytes = Math.min(Number(entry.getBigUint64(32, true)), NAME_BYTES_MAX);
    return new TextDecoder().decode(read(Number(entry.getBigUint64(8, true)), bytes));
  }
  return "";
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
