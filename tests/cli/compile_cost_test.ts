// test: alone
// One file is no slower to its first token than the command line in the checkout, and needs no more memory, whatever
// the size of the model. `bun bench/executable.ts` prints the numbers.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { measureStarts } from "../../bench/executable.ts";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { cliCommand, root } from "../../tools/runtimes.mjs";
import { retried } from "../generate/example_model.ts";
import { MODEL, runCli } from "./spawn.ts";

const skip = currentRuntime().name === "bun" ? false : "executables are Bun's";

/** Of the time from start to first token, as promised; measured: 0.83. */
const TIME_RATIO_MAX = 1.2;
/** A busy machine proves nothing. */
const ATTEMPTS = 3;

const LARGE = join(root, "bench", "peers", ".cache", "tinyllama-1.1b-q4_k_m.gguf");
const models = [
  { title: "the embedded model", path: MODEL, skip },
  {
    title: "a model of 636 MiB",
    path: LARGE,
    skip: process.env["ARPEGGIO_DEEP"] !== "1"
      ? "in the deep run"
      : existsSync(LARGE)
      ? skip
      : "needs the model of npm run bench:peers",
  },
];

describe("an executable, from start to first token", { skip }, () => {
  let folder = "";
  before(async () => void (folder = await mkdtemp(join(tmpdir(), "arpeggio-cost-"))));
  after(() => rm(folder, { recursive: true }));

  for (const { title, path, skip } of models) {
    test(`with ${title} takes no more time or memory than the checkout`, { skip }, async () => {
      const app = join(folder, "app");
      assert.equal((await runCli(["compile", path, "-o", app])).code, 0);
      const commands = [[...cliCommand("bun"), "run", path], [app, "run"]];
      await retried(ATTEMPTS, () => {
        const [checkout, executable] = measureStarts(commands, 5);
        const seen = `${JSON.stringify(executable)}, the checkout ${JSON.stringify(checkout)}`;
        assert.ok(executable.milliseconds <= TIME_RATIO_MAX * checkout.milliseconds, seen);
        // Bun reads the sources of one file instead of 190, which is 3 MB less to remember.
        assert.ok(executable.megabytes <= checkout.megabytes, seen);
        return Promise.resolve();
      });
    });
  }
});
