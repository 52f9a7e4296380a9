// `arpeggio chat` with lines from a pipe: what it answers, what it remembers, and what its commands do.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Conversation, runChatCommand } from "../../src/cli/chat_commands.ts";
import { runCli, startCli } from "./spawn.ts";

/** The output of a conversation at temperature 0. */
async function chat(lines: readonly string[], ...args: string[]) {
  return await runCli(["chat", "--temp", "0", ...args], { input: lines.map((line) => `${line}\n`).join("") });
}

function conversation(): Conversation {
  return {
    system: undefined,
    turns: [[{ role: "user", content: "Hi" }, { role: "assistant", content: "Hello" }]],
    showsStats: false,
  };
}

describe("arpeggio chat", () => {
  test("answers each line on standard output, without prompts, and ends with the input", async () => {
    const { code, stdout, stderr } = await chat(["What is 3+4?", "", "What is 2+2?"]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "7\n4\n", stderr: "" });
  });

  test("a backslash continues a line, /exit ends it, an unknown command says so", async () => {
    const { code, stdout, stderr } = await chat(["What is\\", "2+2?", "/nonsense", "/exit", "What is 3+4?"]);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "4\n" });
    assert.equal(stderr, "There is no command /nonsense. /help lists the commands.\n");
  });

  test("remembers: a conversation fills the context, and /reset empties it", async () => {
    // A question and its answer take about 20 tokens.
    const question = "What is 2+2?";
    const full = await chat([question, question, question], "--context", "40");
    assert.equal(full.code, 0);
    assert.equal(full.stdout, "4\n4\n");
    assert.match(full.stderr, /^arpeggio: Expected a prompt of at most 40 tokens .* but found \d+\n$/);
    const reset = await chat([question, "/reset", question, "/reset", question], "--context", "40");
    assert.equal(reset.stdout, "4\n4\n4\n");
  });

  test("--stats writes a line after each answer", async () => {
    const { stdout, stderr } = await chat(["What is 2+2?", "What is 3+4?"], "--stats");
    assert.equal(stdout, "4\n7\n");
    assert.match(stderr, /^(load .* tok\/s, .*\n){2}$/);
  });

  test("Ctrl-C ends it with exit code 130", async () => {
    const running = startCli(["chat", "--temp", "0"], { input: "open" });
    running.child.stdin?.write("What is 2+2?\n");
    await new Promise((resolve) => running.child.stdout?.once("data", resolve));
    running.interrupt();
    const { code, signal } = await running.ended;
    assert.deepEqual({ code, signal }, { code: 130, signal: null });
  });
});

describe("the commands of a conversation", () => {
  test("/help names every command", () => {
    const text = runChatCommand("/help", conversation()) ?? "";
    for (const name of ["/help", "/reset", "/undo", "/system TEXT", "/stats", "/exit"]) {
      assert.ok(text.includes(`  ${name} `), name);
    }
  });

  test("/reset forgets all turns, /undo the last one", () => {
    const [one, two] = [conversation(), conversation()];
    runChatCommand("/reset", one);
    assert.deepEqual(one.turns, []);
    two.turns.push(two.turns[0]);
    assert.match(runChatCommand("/undo", two) ?? "", /^Forgot/);
    assert.equal(two.turns.length, 1);
    assert.match(runChatCommand("/undo", one) ?? "", /nothing/);
  });

  test("/system sets and removes the system message", () => {
    const state = conversation();
    runChatCommand("/system Be brief.\nVery.", state);
    assert.equal(state.system, "Be brief.\nVery.");
    runChatCommand("/system", state);
    assert.equal(state.system, undefined);
  });

  test("/stats turns the line on and off", () => {
    const state = conversation();
    runChatCommand("/stats", state);
    assert.equal(state.showsStats, true);
    runChatCommand("/stats", state);
    assert.equal(state.showsStats, false);
  });

  test("what does not begin with a slash is no command", () => {
    assert.equal(runChatCommand("What is 1/2?", conversation()), undefined);
    assert.equal(runChatCommand(" /help", conversation()), undefined);
  });
});
