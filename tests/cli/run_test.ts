// `arpeggio run`: what it answers, where it writes, and how it ends early.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { MODEL, runCli, startCli } from "./spawn.ts";

const QUESTION = ["run", "-p", "What is 2+2?", "--temp", "0"];

/** Many seconds on any machine: each repetition makes the next more likely, and the instruction set is the slowest. */
const ENDLESS = {
  args: ["run", "--raw", "-p", "a", "--temp", "0", "--frequency-penalty", "-1000", "--context", "9000"],
  env: { ARPEGGIO_ISA: "scalar" },
};

/** The parsed line of `--json`. */
async function report(args: readonly string[], input?: string) {
  const { code, stdout, stderr } = await runCli([...args, "--json"], input === undefined ? {} : { input });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.match(stdout, /^[^\n]+\n$/);
  return JSON.parse(stdout);
}

describe("arpeggio run", () => {
  test("answers on standard output and says nothing else", async () => {
    assert.deepEqual(await runCli(QUESTION), { code: 0, stdout: "4\n", stderr: "" });
  });

  test("takes the embedded model by name and any model by path", async () => {
    for (const model of ["default", MODEL]) {
      const [command, ...rest] = QUESTION;
      assert.equal((await runCli([command, model, ...rest])).stdout, "4\n");
    }
  });

  test("--stats writes one line with everything to standard error", async () => {
    const { stdout, stderr } = await runCli([...QUESTION, "--stats", "--threads", "1"]);
    assert.equal(stdout, "4\n");
    const number = "[0-9.]+";
    assert.match(
      stderr,
      new RegExp(
        `^load ${number} ms, prompt ${number} tok/s, generated ${number} tok/s, 1 thread, \\w+, \\w+ [0-9.]+\n$`,
      ),
    );
  });

  test("--json has the answer and what it cost", async () => {
    const { timings, seed, runtime, isa, ...rest } = await report([...QUESTION, "--threads", "2"]);
    assert.deepEqual(rest, {
      text: "4",
      tokens: [52],
      stopReason: "endOfText",
      usage: { promptTokens: 15, generatedTokens: 1, cachedTokens: 0 },
      threads: 2,
    });
    assert.ok(timings.loadMs > 0 && timings.promptMs > 0 && timings.promptTokensPerSecond > 0);
    assert.ok(Number.isInteger(seed));
    assert.match(runtime, /^(deno|bun|node) \d/);
    assert.match(isa, /^\w+$/);
  });

  test("the same seed gives the same answer, whatever computes it", async () => {
    const story = ["run", "-p", "Tell me a story.", "--seed", "7", "-n", "30"];
    const first = await report(story);
    const second = await report([...story, "--threads", "1", "--context", "256"]);
    assert.deepEqual(second.tokens, first.tokens);
    assert.equal(second.text, first.text);
    assert.notDeepEqual((await report([...story, "--seed", "8"])).tokens, first.tokens);
  });

  test("-p - reads the prompt from standard input", async () => {
    const [given, piped] = [await report(QUESTION), await report(["run", "-p", "-", "--temp", "0"], "What is 2+2?\n")];
    assert.deepEqual([piped.text, piped.usage], [given.text, given.usage]);
  });

  test("standard input that is not UTF-8 is an error", async () => {
    const running = startCli(["run", "-p", "-"], { input: "open" });
    running.child.stdin?.end(Uint8Array.of(0x61, 0xff));
    const { code, stderr } = await running.ended;
    assert.deepEqual({ code, stderr }, { code: 1, stderr: "arpeggio: Expected standard input to be UTF-8 text\n" });
  });

  test("--raw continues the text itself; --system and --chat-template change the conversation", async () => {
    const tokens = async (...flags: string[]) => (await report([...QUESTION, "-n", "1", ...flags])).usage.promptTokens;
    const chat = await tokens();
    assert.equal(await tokens("--chat"), chat);
    assert.equal(await tokens("--chat-template", "chatml"), chat);
    // The template's frame around the question.
    assert.ok(await tokens("--raw") < chat - 4);
    assert.ok(await tokens("--system", "Be brief.") > chat);
  });

  test("-n and --stop end the answer", async () => {
    const story = ["run", "-p", "Tell me a story.", "--temp", "0"];
    const short = await report([...story, "-n", "3"]);
    assert.deepEqual([short.stopReason, short.tokens.length], ["maxTokens", 3]);
    const whole = await report(story);
    const stopped = await report([...story, "--stop", "no such text", "--stop", "."]);
    assert.deepEqual([stopped.stopReason, stopped.stopString], ["stop", "."]);
    assert.equal(stopped.text, whole.text.slice(0, whole.text.indexOf(".")));
    const { stdout } = await runCli([...story, "--stop", "."]);
    assert.equal(stdout, `${stopped.text}\n`);
  });

  test("--precision and --kv-type compute with other numbers and still know the answer", async () => {
    for (const flags of [["--precision", "f32"], ["--kv-type", "f32"], ["--precision", "f32", "--kv-type", "f16"]]) {
      assert.equal((await report([...QUESTION, ...flags])).text, "4", flags.join(" "));
    }
  });

  test("a prompt that is longer than the context is a wrong request", async () => {
    const { code, stdout, stderr } = await runCli([...QUESTION, "--context", "8"]);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, /^arpeggio: Expected a prompt of at most 8 tokens .* but found 15\n$/);
  });
});

describe("a generation that is ended early", () => {
  test("Ctrl-C stops it with a newline and exit code 130", async () => {
    const running = startCli(ENDLESS.args, { env: ENDLESS.env });
    await once(running.child.stdout!, "data");
    running.interrupt();
    const { code, signal, stderr } = await running.ended;
    assert.deepEqual({ code, signal, stderr }, { code: 130, signal: null, stderr: "" });
    assert.match(running.stdoutText(), /[^]\n$/);
  });

  test("Ctrl-C with --json leaves what there is", async () => {
    const running = startCli([...ENDLESS.args, "--json"], { env: ENDLESS.env });
    setTimeout(() => running.interrupt(), 1500);
    const { code, stdout } = await running.ended;
    assert.equal(code, 130);
    // Before the model was loaded there is nothing to report.
    if (stdout.length > 0) assert.equal(JSON.parse(running.stdoutText()).stopReason, "cancelled");
  });

  test("a second Ctrl-C does not wait", async () => {
    const running = startCli(ENDLESS.args, { env: ENDLESS.env });
    await once(running.child.stdout!, "data");
    running.interrupt();
    running.interrupt();
    const { code, signal } = await running.ended;
    assert.deepEqual({ code, signal }, { code: 130, signal: null });
  });

  test("Ctrl-C while the prompt is still being read", async () => {
    const running = startCli(["run", "-p", "-"], { input: "open" });
    running.child.stdin?.write("What is");
    setTimeout(() => running.interrupt(), 1500);
    const { code, signal, stdout } = await running.ended;
    assert.deepEqual({ code, signal, stdout: stdout.length }, { code: 130, signal: null, stdout: 0 });
  });

  test("a reader that goes away ends it quietly", async () => {
    const running = startCli(ENDLESS.args, { env: ENDLESS.env });
    await once(running.child.stdout!, "data");
    running.child.stdout!.destroy();
    const { code, signal, stderr } = await running.ended;
    assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
  });
});
