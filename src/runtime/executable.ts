/**
 * Programs that are part of an executable of their own (`bun build --compile`, `deno compile`), and the files inside
 * such an executable. How a model comes behind its end is in src/gguf/appended.ts.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { LibraryError } from "../errors.ts";

/** Where Bun's executables have their files, on Windows and elsewhere. */
const BUN_FILES = /^(?:\/\$bunfs\/|[A-Za-z]:[\\/]~BUN[\\/])/;

/**
 * Whether a path names a file inside of a Bun executable. The functions of Node's file system that read whole files
 * know such paths; opening and mapping them is not possible.
 */
export function isInsideExecutable(path: string): boolean {
  return BUN_FILES.test(path);
}

/** Whether this program is an executable of its own, and not a file that a runtime was started with. */
export function isExecutable(): boolean {
  const { Deno: deno } = globalThis as { Deno?: { build?: { standalone?: boolean } } };
  return deno?.build?.standalone === true || /^file:\/\/\/(?:\$bunfs|[A-Za-z]:\/~BUN)\//.test(import.meta.url);
}

/** What says that a folder, and not the library, is the reason why it cannot be loaded from there. */
const FOLDER_AT_FAULT = /^E(?:ACCES|NOENT|NOSPC|PERM|ROFS|DQUOT|NOTDIR)$|map segment|not permitted|denied/i;

/**
 * Calls `load` with a copy of a library inside this executable that the system can load. The copy is in a folder of its
 * own, which nobody else can write to, and it is gone when this returns: what has been loaded needs no name. (Bun's own
 * copies stay in the temporary folder for ever.) Windows does not let go of a file in use, so there Bun copies.
 *
 * @throws {LibraryError} When there is no folder that libraries can be loaded from.
 * @throws What `load` throws otherwise.
 */
export function withExtractedLibrary<Result>(path: string, load: (path: string) => Result): Result {
  if (!isInsideExecutable(path) || process.platform === "win32") return load(path);
  const reasons: string[] = [];
  for (const folder of [tmpdir(), process.env["XDG_RUNTIME_DIR"], dirname(process.execPath)]) {
    if (folder === undefined || folder === "") continue;
    let own: string | undefined;
    try {
      own = mkdtempSync(join(folder, "arpeggio-"));
      const copy = join(own, basename(path));
      const bytes = readFileSync(path);
      writeFileSync(copy, bytes, { mode: 0o700 });
      // Gives the memory back now.
      if (bytes.byteLength === bytes.buffer.byteLength) (bytes.buffer as ArrayBuffer).transfer(0);
      return load(copy);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (!FOLDER_AT_FAULT.test(code ?? "") && !FOLDER_AT_FAULT.test(message)) throw error;
      reasons.push(`${folder}: ${message}`);
    } finally {
      if (own !== undefined) rmSync(own, { recursive: true, force: true });
    }
  }
  throw new LibraryError(
    "Expected a folder from which this executable can load its native library but found none; " +
      `set TMPDIR to one that can be written to and is not mounted noexec\n${reasons.join("\n")}`,
  );
}
