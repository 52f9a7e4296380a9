// `arpeggio tokenize`: ids and texts of tokens.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runCli } from "./spawn.ts";

/** The parsed output with `--json`. */
async function tokenize(args: readonly string[], input?: string): Promise<{ tokens: number[]; texts: string[] }> {
  const { code, stdout, stderr } = await runCli(
    ["tokenize", "--json", ...args],
    input === undefined ? {} : { input },
  );
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("arpeggio tokenize", () => {
  test("prints a line per token; parts of characters as bytes", async () => {
    const { code, stdout } = await runCli(["tokenize", "-p", "Hello wö\n"]);
    assert.equal(code, 0);
    assert.equal(stdout, '  72  "H"\n 387  "ell"\n 111  "o"\n 283  " w"\n 195  0xc3\n 182  0xb6\n  10  "\\n"\n');
  });

  test("--json has ids and texts", async () => {
    assert.deepEqual(await tokenize(["-p", "Hello"]), { tokens: [72, 387, 111], texts: ["H", "ell", "o"] });
  });

  test("control tokens are text unless --special is given", async () => {
    const text = ["-p", "<|im_end|>"];
    assert.ok((await tokenize(text)).tokens.length > 1);
    assert.deepEqual(await tokenize([...text, "--special"]), { tokens: [1019], texts: ["<|im_end|>"] });
  });

  test("-p - reads standard input up to the last line end", async () => {
    assert.deepEqual(await tokenize(["-p", "-"], "Hello\n\n"), await tokenize(["-p", "Hello\n"]));
    assert.deepEqual(await tokenize(["-p", "-"], ""), { tokens: [], texts: [] });
  });
});
