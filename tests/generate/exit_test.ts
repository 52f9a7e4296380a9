// A process ends by itself and at once, whatever its models are doing, and never before what it awaits is done.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsLibrary } from "../native/require_library.ts";
import { runChild } from "../runtime/child.ts";

/** Ways to leave, and what must have been printed. */
const ways: [string, string][] = [
  ["idle", "leaving: idle\n"],
  ["unused", "leaving: unused\n"],
  ["awaited", "done\nleaving: awaited\n"],
  ["not awaited", "done\nleaving: not awaited\n"],
  ["exit", "leaving: exit\n"],
  ["left the loop", "leaving: left the loop\n"],
  ["paused", "leaving: paused\n"],
  ["disposed", "rejected\nleaving: disposed\n"],
];

/** What a thread that waits is asked to return in, 0.1 s, and a loaded machine. */
const ENDING_MS = 2000;

describe("a process with models", needsLibrary, () => {
  for (const [way, expected] of ways) {
    it(`ends cleanly: ${way}`, async () => {
      const { code, stdout, stderr, endingMs } = await runChild("../generate/exit.ts", { args: [way] });
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: expected, stderr: "" });
      assert.ok(endingMs < ENDING_MS, `${endingMs} ms`);
    });
  }
});
