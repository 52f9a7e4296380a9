/** Our table of Unicode 15.1 against the newer ones of the runtimes. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kindBits, kindOf, kindTable } from "../../src/tokenizer/unicode.ts";

/** Code points of surrogates are in no well-formed text. */
function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}

/** The bit of code points that are none of the kinds with a name: controls, private use, not assigned. */
const OTHER = 1 << 10;

/** U+0295 was a lowercase letter and is, since Unicode 17, one without case. */
const changed = new Set([0x295]);

/** Unicode 16 added 5185 characters and Unicode 17 another 4803; later versions will add more, but none has so many. */
const ADDED_MAX = 30_000;

describe("the table of Unicode properties", () => {
  it("differs from the runtime's only in characters that were added since", () => {
    const table = kindTable();
    const added = new Set<number>();
    for (const [name, bits] of Object.entries(kindBits)) {
      const property = new RegExp(`^\\p{${name}}$`, "u");
      for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
        if (isSurrogate(codePoint) || changed.has(codePoint)) continue;
        const bit = 1 << kindOf(table, codePoint);
        const theirs = property.test(String.fromCodePoint(codePoint));
        const ours = (bits & bit) !== 0;
        if (theirs === ours) continue;
        const shown = `U+${codePoint.toString(16)} ${name}: ${theirs} in the runtime`;
        assert.ok(theirs && bit === OTHER, shown);
        added.add(codePoint);
      }
    }
    assert.ok(added.size <= ADDED_MAX, `${added.size} characters`);
  });

  it("has every code point in exactly one kind, and White_Space as Rust and Python have \\s", () => {
    const table = kindTable();
    const spaces: number[] = [];
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
      assert.ok(kindOf(table, codePoint) <= 10);
      if ((1 << kindOf(table, codePoint)) === kindBits.White_Space) spaces.push(codePoint);
    }
    const expected = [9, 10, 11, 12, 13, 0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000];
    for (let codePoint = 0x2000; codePoint <= 0x200a; codePoint++) expected.push(codePoint);
    assert.deepEqual(spaces, expected.sort((a, b) => a - b));
    assert.throws(() => kindOf(table, 0x110000), RangeError);
  });

  it("knows the planes beyond its array", () => {
    const table = kindTable();
    const kinds = [0xe0001, 0xe00ff, 0xe0100, 0xe01ef, 0xe01f0, 0x10ffff].map((codePoint) =>
      1 << kindOf(table, codePoint)
    );
    assert.deepEqual(kinds, [OTHER, OTHER, kindBits.M, kindBits.M, OTHER, OTHER]);
  });
});
