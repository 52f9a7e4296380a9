// The C tables of the code books are those that tools/code_books.ts makes of the fixture.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { codeBookHeaders } from "../../tools/code_books.ts";

test("code books: csrc/quants/tables is what tools/code_books.ts writes", () => {
  const folder = new URL("../../csrc/quants/tables/", import.meta.url);
  const headers = codeBookHeaders();
  assert.deepEqual(readdirSync(folder).sort(), [...headers.keys()].sort());
  for (const [name, text] of headers) assert.equal(readFileSync(new URL(name, folder), "utf8"), text, name);
});
