/** A folder for the files of a test file. */

import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** Makes a folder with spaces in its path that is there until all tests of the file have run. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "arpeggio test ")));
  // Not when the process ends: Deno does not say so to tests.
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
