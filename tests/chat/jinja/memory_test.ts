/**
 * The tests of limits once more, with little memory. Only Node has an option for that.
 */

import { strictEqual } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const isNode = process.versions.bun === undefined && process.versions.deno === undefined;

it("hostile templates take less than 64 MB", { skip: isNode ? false : "needs an option of Node" }, () => {
  const file = fileURLToPath(new URL("limits_test.ts", import.meta.url));
  // The runner tells its children by this variable to report to it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ["--max-old-space-size=64", file], { env, encoding: "utf8" });
  strictEqual(status, 0, stdout.slice(-4000));
});
