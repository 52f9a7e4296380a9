/**
 * Reading files, with the part of Node's file system that Deno, Bun and Node share. What is in the files is left to
 * others.
 */

import { type FileHandle, open, readFile } from "node:fs/promises";
import { ArpeggioError } from "../errors.ts";
import { isInsideExecutable } from "./executable.ts";

/** A file open for reading; has the shape that the GGUF reader takes. */
export interface OpenFile {
  /** How many bytes there are. */
  readonly size: number;
  /** The bytes `[offset, offset + length)`; fewer where the file has become shorter. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** The most that is read at once: copying it to and fro must not hold the event loop up. */
const READ_BYTES_MAX = 1024 * 1024;

/** A file inside of an executable: can be read as a whole only. */
function openBytes(bytes: Uint8Array): OpenFile {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    close: () => Promise.resolve(),
  };
}

/**
 * Opens a regular file, or one that `bun build --compile` has put into this executable.
 *
 * @throws {Error} What the file system says, with its `code`: `"ENOENT"`, `"EACCES"`; `"EISDIR"` for a directory.
 * @throws {ArpeggioError} When the runtime does not permit it. The message has the option that does.
 */
export async function openFile(path: string): Promise<OpenFile> {
  if (isInsideExecutable(path)) return openBytes(await readFile(path));
  const file = await openForReading(path);
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) {
      const message = `EISDIR: illegal operation on a directory, open '${path}'`;
      throw Object.assign(new Error(message), { code: "EISDIR", path });
    }
    return {
      size: stat.size,
      async read(offset, length) {
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const count = Math.min(length - done, READ_BYTES_MAX);
          const { bytesRead } = await file.read(bytes, done, count, offset + done);
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return bytes.subarray(0, done);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    const { name, code } = error as NodeJS.ErrnoException;
    const option = name === "NotCapable"
      ? `Deno with ${permissionFlag("read", path)}`
      : code === "ERR_ACCESS_DENIED"
      ? `Node with ${permissionFlag("fs-read", path)}`
      : undefined;
    if (option === undefined) throw error;
    throw new ArpeggioError(`Expected the permission to read ${path}: run ${option}`, { cause: error });
  }
}

/** The option that permits something for a path, as a shell takes it. */
export function permissionFlag(permission: "ffi" | "read" | "fs-read", path: string): string {
  const option = `--allow-${permission}=${path}`;
  return /^[\w@%+=:,./\\-]*$/.test(option) ? option : `"${option}"`;
}
