/**
 * Where the model that comes with arpeggio is: arpeggio-mini, 4.2 million parameters (arpeggio-mini.md). In a file of
 * its own, because Bun's bundler takes the model along where this is imported (`bun build --compile`).
 *
 * @module
 */

import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The embedded model, for `loadModel`: the URL of its file, or its path in a bundle.
 *
 * @example
 * ```ts
 * import { loadModel } from "arpeggio";
 * import { mini } from "arpeggio/mini";
 *
 * await using model = await loadModel(mini);
 * ```
 */
export const mini: URL | string = locate();

function locate(): URL | string {
  const url = import.meta.url;
  if (/\/models\/mini\.[jt]s$/.test(url)) return new URL("./arpeggio-mini-q4_k_m.gguf", url);
  // The address of a bundle: the bundler has put the file where this says, see src/native/bundled.ts.
  const path: string = require("./arpeggio-mini-q4_k_m.gguf");
  return isAbsolute(path) ? path : join(dirname(fileURLToPath(url)), path);
}
