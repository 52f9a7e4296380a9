/** Says whether tests that need the native library can run. */

import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../zig-out/", import.meta.url));

/** Options for `describe`: skips, saying why, where the library has not been built. */
export const needsLibrary: { skip: string | false } = {
  skip: process.env["ARPEGGIO_LIBRARY"] || existsSync(folder) ? false : "the native library has not been built",
};
