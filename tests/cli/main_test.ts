// The command line as a whole: help, version, wrong usage, failures, and what they are to scripts.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import packageJson from "../../package.json" with { type: "json" };
import { diagnostics } from "../../src/diagnostics.ts";
import { needsLibrary } from "../native/require_library.ts";
import { runCli } from "./spawn.ts";

const COMMANDS = ["run", "chat", "inspect", "tokenize", "logits"];

describe("help", () => {
  test("--help names every command and the exit codes, on standard output", async () => {
    const { code, stdout, stderr } = await runCli(["--help"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} `, "m"));
    assert.match(stdout, /Exit codes: 0 success, 1 failure, 2 wrong usage, 130/);
  });

  test("every command has its own --help", async () => {
    for (const command of COMMANDS) {
      const { code, stdout } = await runCli([command, "--help"]);
      assert.equal(code, 0, command);
      assert.match(stdout, new RegExp(`^Usage: arpeggio ${command} `));
    }
  });

  test("without a command, help goes to standard error and the code is 2", async () => {
    const { code, stdout, stderr } = await runCli([]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^Usage: arpeggio/);
  });

  test("--version is that of package.json", async () => {
    const { code, stdout } = await runCli(["--version"]);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: `arpeggio ${packageJson.version}\n` });
  });

  test("--version --verbose, in any order, is what diagnostics() knows", needsLibrary, async () => {
    const { version, runtime, system, library } = diagnostics();
    for (const args of [["--version", "--verbose"], ["--verbose", "-V"]]) {
      const { code, stdout } = await runCli(args);
      const { path, place, build, abi, isa } = library!;
      const lines = [`arpeggio ${version}`, `runtime: ${runtime}`, `system:  ${system}`, `library: ${path} (${place})`];
      assert.equal(code, 0);
      assert.deepEqual(stdout.split("\n").slice(0, 5), [...lines, `build:   ${build}, ABI version ${abi}`]);
      assert.ok(stdout.includes(`isa:     ${isa} (of `), stdout);
    }
  });

  test("--version --verbose says why there is no library", async () => {
    const env = { ARPEGGIO_LIBRARY: import.meta.filename };
    const { code, stdout } = await runCli(["--version", "--verbose"], { env });
    assert.equal(code, 0);
    assert.match(stdout, /^library: none: Expected a library for .* but found a file that is no native library/m);
  });
});

describe("wrong usage is said in words, with exit code 2 and nothing on standard output", () => {
  const cases: [args: string[], message: RegExp][] = [
    [["rnu"], /unknown command 'rnu'[^]*Did you mean run/],
    [["run"], /required option '-p, --prompt <text>' not specified/],
    [["run", "-p", "a", "--tepm", "1"], /unknown option '--tepm'[^]*Did you mean --temp/],
    [["run", "a", "b", "-p", "c"], /too many arguments/],
    [["run", "-p", "a", "--top-p", "1.5"], /'--top-p <p>' argument '1.5' is invalid. Expected topP to be .* found 1.5/],
    [["run", "-p", "a", "--temp", ""], /Expected temperature to be .* found NaN/],
    [["run", "-p", "a", "-n", "1.5"], /Expected an integer in \[0, 16777216\] but found "1.5"/],
    [["run", "-p", "a", "--threads", "0"], /Expected an integer in \[1, 64\] but found "0"/],
    [["run", "-p", "a", "--precision", "f16"], /Allowed choices are q8, f32/],
    [["run", "-p", "a", "--raw", "--chat"], /'--raw' cannot be used with option '--chat'/],
    [["run", "-p", "a", "--raw", "--system", "b"], /'--raw' cannot be used with option '--system <text>'/],
    [["logits", "-o", "x"], /one of the options --prompt and --tokens is needed/],
    [["logits", "-o", "x", "--tokens", "1,x"], /Expected an integer .* but found "x"/],
    [["logits", "-p", "a"], /required option '-o, --output <file>' not specified/],
    [["logits", "-o", "x", "-p", "a", "--tokens", "1"], /cannot be used with option/],
  ];
  for (const [args, message] of cases) {
    test(`arpeggio ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await runCli(args);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^\s+at /m);
    });
  }
});

describe("a failure is one line without a stack, with exit code 1", () => {
  const here = import.meta.filename;
  const cases: [args: string[], message: RegExp][] = [
    [["inspect", "no-such-file.gguf"], /^arpeggio: .*no-such-file.gguf.*: there is no such file\n$/],
    [["run", "no-such-file.gguf", "-p", "a"], /^arpeggio: .*no-such-file.gguf.*: there is no such file\n$/],
    [["inspect", here], /^arpeggio: Expected a file that begins with "GGUF" but found .*\n$/],
    [["run", import.meta.dirname, "-p", "a"], /^arpeggio: .*directory.*\n$/],
    [["run", "https://example.com/a.gguf", "-p", "a"], /^arpeggio: Expected the path .* download the model first\n$/],
    [
      ["logits", "--tokens", "1", "-o", "no-such-directory/x"],
      /^arpeggio: no-such-directory\/x: there is no such file\n$/,
    ],
    [["run", "-p", "a", "--chat-template", "no-such-file"], /^arpeggio: no-such-file: there is no such file\n$/],
  ];
  for (const [args, message] of cases) {
    test(`arpeggio ${args.map((arg) => arg === here ? "THIS" : arg).join(" ")}`, async () => {
      const { code, stdout, stderr } = await runCli(args);
      assert.match(stderr, message);
      assert.equal(stdout, "");
      assert.equal(code, 1);
    });
  }

  test("ARPEGGIO_DEBUG adds the stack", async () => {
    const { code, stderr } = await runCli(["inspect", here], { env: { ARPEGGIO_DEBUG: "1" } });
    assert.equal(code, 1);
    assert.match(stderr, /GgufError: Expected a file[^]*parse\.ts/);
  });
});
