/** The strict decoder against the platform's: the same strings, the same refusals, at every length. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeUtf8 } from "../../src/gguf/utf8.ts";
import { seededRandom } from "./seeded_random.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function expected(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

describe("decodeUtf8()", () => {
  it("decodes what is UTF-8 exactly, byte order marks and NUL included", () => {
    const texts = [
      "",
      "a",
      "\u0000",
      "\u007f",
      "\u0080",
      "Ġthe",
      "߿",
      "\ufeffx",
      "\ufeff",
      "日本語",
      "🦊",
      "x".repeat(16),
    ];
    for (const text of [...texts, "é".repeat(8), "é".repeat(9), "a".repeat(15) + "é", "a".repeat(1000)]) {
      const bytes = new TextEncoder().encode(`<${text}>`);
      assert.equal(decodeUtf8(bytes, { start: 1, end: bytes.length - 1 }), text);
    }
  });

  it("refuses overlong, truncated, lone and surrogate bytes", () => {
    const wrong = [[0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0x80], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xff], [0xf8, 0x80]];
    for (const bytes of wrong) {
      assert.equal(decodeUtf8(Uint8Array.from(bytes), { start: 0, end: bytes.length }), undefined, String(bytes));
    }
    // The second byte of the pair is behind the end of the string.
    assert.equal(decodeUtf8(Uint8Array.from([0x61, 0xc3, 0xa9]), { start: 0, end: 2 }), undefined);
  });

  it("agrees with TextDecoder on random bytes", () => {
    const random = seededRandom(5);
    const interesting = [0x41, 0x7f, 0x80, 0xa0, 0xbf, 0xc1, 0xc2, 0xc4, 0xdf, 0xe0, 0xe4, 0xed, 0xf0, 0xf4, 0xff];
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from({ length: random() % 20 }, () => interesting[random() % interesting.length]);
      assert.equal(decodeUtf8(bytes, { start: 0, end: bytes.length }), expected(bytes), String(bytes));
    }
  });
});
