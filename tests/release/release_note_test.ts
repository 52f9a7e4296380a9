// The note of a release: the right part of the changelog, and a table of what there is.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import packageJson from "../../package.json" with { type: "json" };
import { changesOf, releaseNote } from "../../tools/release/release_note.ts";

describe("changesOf()", () => {
  const changelog = "# Changelog\n\n## 1.1.0 - soon\n\n- b\n\n### More\n\n- c\n\n## 1.0.0\n\n- a\n";

  it("is the section of the version", () => {
    assert.equal(changesOf("1.1.0", changelog), "- b\n\n### More\n\n- c");
    assert.equal(changesOf("1.0.0", changelog), "- a");
  });

  it("throws when there is none", () => {
    assert.throws(() => changesOf("1.0", changelog), /Expected a section "## 1\.0" in CHANGELOG\.md/);
  });
});

describe("releaseNote()", () => {
  it("has version, changes and a row per package", () => {
    const packed = { name: "a", archive: "/x/a-1.tgz", archiveBytes: 12_345, contentBytes: 67_890, sha256: "0f" };
    const note = releaseNote([packed]);
    assert.ok(
      note.startsWith(`# arpeggio ${packageJson.version}\n\nThe first version.`) || packageJson.version !== "0.1.0",
    );
    assert.ok(note.includes("\n| a | a-1.tgz | 12 | 68 | `0f` |\n"));
  });
});
