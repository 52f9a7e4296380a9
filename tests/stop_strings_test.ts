// Stop strings: found in any division into pieces, and never shown in part.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StopStrings } from "../src/stop_strings.ts";

/** What is shown of a text that arrives in these pieces. */
function show(stops: string[], pieces: string[]): { text: string; found: string | undefined; shown: string[] } {
  const filter = new StopStrings(stops);
  const shown = pieces.map((piece) => filter.push(piece));
  shown.push(filter.flush());
  return { text: shown.join(""), found: filter.found, shown };
}

/** Every way to cut a text into pieces. */
function* cuts(text: string): Generator<string[]> {
  for (let mask = 0; mask < 2 ** (text.length - 1); mask++) {
    const pieces = [""];
    for (let i = 0; i < text.length; i++) {
      pieces[pieces.length - 1] += text[i];
      if (mask >> i & 1) pieces.push("");
    }
    yield pieces.filter((piece) => piece !== "");
  }
}

describe("StopStrings", () => {
  it("ends the text at the stop string however it is cut", () => {
    for (const pieces of cuts("aabaabaac!")) {
      assert.deepEqual({ ...show(["aabaac"], pieces), shown: [] }, { text: "aab", found: "aabaac", shown: [] });
    }
  });

  it("takes of several the one that is complete first, and then the longest, however the text is cut", () => {
    const cases = [
      { stops: ["wo", "two", " t"], text: "one two", expected: ["one", " t"] },
      { stops: ["two!", "wo"], text: "two!", expected: ["t", "wo"] },
      { stops: ["o", "two"], text: "a two b", expected: ["a ", "two"] },
      { stops: ["ab", "abc"], text: "xabcab", expected: ["x", "ab"] },
    ];
    for (const { stops, text: whole, expected } of cases) {
      for (const pieces of cuts(whole)) {
        const { text, found } = show(stops, pieces);
        assert.deepEqual([text, found], expected);
      }
    }
  });

  it("shows at once what cannot be the beginning of a stop string", () => {
    assert.deepEqual(show(["###"], ["a#", "b", "##", "c"]).shown, ["a", "#b", "", "##c", ""]);
  });

  it("shows in the end what was held back", () => {
    assert.deepEqual(show(["###"], ["a", "##"]), { text: "a##", found: undefined, shown: ["a", "", "##"] });
  });

  it("passes everything on when there are no stop strings", () => {
    assert.deepEqual(show([], ["a", "b"]).shown, ["a", "b", ""]);
  });

  it("does not divide characters of two units", () => {
    assert.deepEqual(show(["😀!"], ["a😀", "😁"]).shown, ["a", "😀😁", ""]);
  });

  it("throws on stop strings that are empty or no text", () => {
    assert.throws(() => new StopStrings(["a", ""]), RangeError);
    assert.throws(() => new StopStrings(["\ud83d"]), RangeError);
  });
});
