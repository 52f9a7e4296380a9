// Reading files: ranges, the end, and errors as the file system says them.
import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openFile } from "../../src/runtime/mod.ts";

/** More than is read at once. */
const SIZE = 2_500_000;

describe("openFile()", () => {
  let folder = "";
  let path = "";

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "arpeggio-"));
    path = join(folder, "file");
    await writeFile(path, Uint8Array.from({ length: SIZE }, (_, i) => i * 7 % 251));
  });
  after(() => rm(folder, { recursive: true }));

  it("reads any range, in any order", async () => {
    const file = await openFile(path);
    assert.equal(file.size, SIZE);
    for (const [offset, length] of [[10, 3], [0, SIZE], [SIZE - 1, 1], [5, 0]]) {
      const bytes = await file.read(offset, length);
      assert.equal(bytes.length, length);
      assert.ok(bytes.every((byte, i) => byte === (offset + i) * 7 % 251));
    }
    await file.close();
  });

  it("returns fewer bytes when the file has become shorter", async () => {
    const file = await openFile(path);
    await truncate(path, 100);
    assert.equal((await file.read(90, 20)).length, 10);
    await file.close();
  });

  it("rejects with the code of the file system", async () => {
    await assert.rejects(openFile(join(folder, "missing")), { code: "ENOENT" });
    await assert.rejects(openFile(folder), { code: "EISDIR", path: folder });
  });
});
