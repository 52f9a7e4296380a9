/** Asserting how a malformed file is refused: shared by the tests of bad files. */

import assert from "node:assert/strict";
import { GgufError } from "../../src/errors.ts";
import { type GgufFile, parseGguf } from "../../src/gguf/parse.ts";
import { runWhole } from "../../src/time_slice.ts";

/** Where the first key, or without keys the first tensor, begins: magic, version and the two counts come first. */
export const FIRST_PAIR = 24;

/** Parses bytes, the whole file unless `fileBytes` says that there is more. */
export function parse(bytes: Uint8Array, fileBytes = bytes.length): GgufFile {
  return runWhole(parseGguf(bytes, { fileBytes }));
}

/** Asserts the GgufError of a file. `offset` is where the wrong value (or the tensor) begins. */
export function refuses(
  bytes: Uint8Array,
  expected: { message: RegExp; offset: number; key?: string; fileBytes?: number },
): void {
  assert.throws(() => parse(bytes, expected.fileBytes), (error) => {
    assert.ok(error instanceof GgufError, String(error));
    assert.match(error.message, expected.message);
    assert.equal(error.offsetBytes, expected.offset, error.message);
    assert.equal(error.key, expected.key, error.message);
    return true;
  });
}
