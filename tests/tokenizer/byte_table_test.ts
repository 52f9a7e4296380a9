/** Byte strings found by their bytes. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ByteTable } from "../../src/tokenizer/byte_table.ts";
import { seededRandom } from "../gguf/seeded_random.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe("ByteTable", () => {
  it("finds what was added and nothing else", () => {
    const random = seededRandom(70);
    const words = new Set(Array.from({ length: 3000 }, () => (random() % 5000).toString(3)));
    // Room for far fewer bytes than there are: it grows.
    const table = new ByteTable(words.size, 10);
    [...words].forEach((word, number) => {
      assert.equal(table.find(bytes(word)), -1);
      assert.equal(table.add(bytes(word)), -1);
      assert.equal(table.add(bytes(word)), number);
    });
    assert.equal(table.length, words.size);
    for (let i = 0; i < 5000; i++) {
      const word = i.toString(3);
      const number = [...words].indexOf(word);
      const within = bytes(`ab${word}c`);
      assert.equal(table.find(within, 2, within.length - 1), number);
      if (number >= 0) assert.deepEqual(new TextDecoder().decode(table.bytes(number)), word);
    }
    assert.equal(table.longestBytes, Math.max(...[...words].map((word) => word.length)));
  });

  it("tells strings apart whose hashes are the same", () => {
    // Known collisions of 32-bit FNV-1a.
    for (const [one, other] of [["costarring", "liquid"], ["declinate", "macallums"], ["altarage", "zinke"]]) {
      const table = new ByteTable(2, 64);
      assert.equal(table.add(bytes(one)), -1);
      assert.equal(table.find(bytes(other)), -1);
      assert.equal(table.add(bytes(other)), -1);
      assert.deepEqual([table.find(bytes(one)), table.find(bytes(other))], [0, 1]);
    }
  });

  it("holds the empty string", () => {
    const table = new ByteTable(1, 0);
    assert.equal(table.find(bytes("")), -1);
    assert.equal(table.add(bytes("")), -1);
    assert.equal(table.find(bytes("")), 0);
    assert.equal(table.find(bytes("a")), -1);
  });
});
