// The import graph that decides which tests run on every instruction set.
import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf, reachableFrom } from "../../tools/import_graph.mjs";

test("importsOf() finds imports over several lines and resolves them", () => {
  const found = importsOf("tests/setup/runtimes_test.ts");
  assert.deepEqual(found, ["tools/runtimes.mjs"]);
  assert.deepEqual(importsOf("no/such/file.ts"), []);
});

test("reachableFrom() follows imports, the file itself included", () => {
  const reached = reachableFrom("tests/setup/lock_test.ts");
  assert.ok(reached.has("tests/setup/lock_test.ts") && reached.has("tools/lock.mjs"), [...reached].join());
  assert.ok(reachableFrom("tests/gguf/reader_test.ts").has("src/gguf/cursor.ts"));
});
