// What users do first: install the packages outside of the repository, with install scripts disabled, by the package
// manager of the runtime that runs this; then type-check and run the program of README.md.
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { after, before, describe, it } from "node:test";
import packageJson from "../../package.json" with { type: "json" };
import { fileNameFor, packageNameOf, platforms } from "../../src/native/platforms.ts";
import { currentRuntime } from "../../src/runtime/mod.ts";
import { executable, modules, root } from "../../tools/runtimes.mjs";
import { cannotBeNobody, runAsNobody } from "../cli/executables.ts";
import { needsLibrary } from "../native/require_library.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import type { Registry } from "./registry.ts";
import { type Ended, hostPlatform, run, startReleaseRegistry } from "./release_files.ts";

const runtime = currentRuntime().name;
const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, block]) => block);
/** README.md's program. Its other blocks go on where this ends. */
const program = blocks[0];
const everything = [...blocks, "console.log(bytes.length > 0, one.text !== two.text);\n"].join("");

const folder = temporaryFolder();
const project = join(folder, "project");

/** Everything the package managers keep goes into the folder; what this checkout may have set does not reach them. */
const env = {
  npm_config_cache: join(folder, "npm"),
  BUN_INSTALL_CACHE_DIR: join(folder, "bun"),
  DENO_DIR: join(folder, "deno"),
  ARPEGGIO_LIBRARY: undefined,
  NODE_PATH: undefined,
};

const install = {
  node: ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"],
  bun: [executable("bun"), "install", "--ignore-scripts"],
  deno: [executable("deno"), "install"], // Runs scripts only when it is told to.
}[runtime];

/**
 * Runs a program with its arguments, under Deno with `permissions` and no others. One is always denied: a Deno that
 * starts a Deno without any such option gives it all permissions.
 */
function runProgram(program: readonly string[], ...permissions: string[]) {
  const options = runtime === "deno" ? ["run", "--no-prompt", "--deny-net", ...permissions] : [];
  return run([executable(runtime), ...options, ...program], { cwd: project, env });
}

function assertAnswer(ended: Ended): void {
  assert.deepEqual(ended, { code: 0, stdout: "4\n", stderr: "" });
}

describe(`the packages, installed by ${install[0].split("/").at(-1)}`, needsLibrary, () => {
  let registry: Registry;
  let output = "";

  before(async () => {
    ({ registry, output } = await startReleaseRegistry(folder));
    mkdirSync(project);
    writeFileSync(join(project, ".npmrc"), `registry=${registry.url}\n`);
    const manifest = { type: "module", dependencies: { arpeggio: packageJson.version } };
    writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(project, "answer.ts"), program);
    writeFileSync(join(project, "everything.ts"), everything);
    const { code, stdout, stderr } = await run(install, { cwd: project, env });
    assert.equal(code, 0, `${stdout}${stderr}`);
  });
  after(() => registry.close());

  it("nothing else is asked for: the library of this platform, and no other", () => {
    assert.deepEqual(registry.missing, []);
  });

  it("the program has at most five lines", () => {
    assert.ok(program.split("\n").filter((line) => line.trim() !== "").length <= 5, program);
  });

  it("the program streams the answer", async () => {
    if (runtime !== "deno") return assertAnswer(await runProgram(["answer.ts"]));
    // Deno permits nothing at first. What the messages ask for has to do: the library, then the model.
    const options: string[] = [];
    for (const [name, file] of [["ffi", fileNameFor(hostPlatform.os)], ["read", "arpeggio-mini-q4_k_m.gguf"]]) {
      const { stderr } = await runProgram(["answer.ts"], ...options);
      const [, option = ""] = /: run Deno with "(.+?)"/.exec(stderr) ?? [];
      assert.ok(option.startsWith(`--allow-${name}=`) && option.endsWith(sep + file), stderr);
      options.push(option);
    }
    assertAnswer(await runProgram(["answer.ts"], ...options));
  });

  it("all of README.md's code runs", async () => {
    const ended = await runProgram(["everything.ts"], "--allow-ffi", "--allow-read");
    assert.deepEqual(ended, { code: 0, stdout: "4\ntrue true\n", stderr: "" });
  });

  // Deno installs no archives.
  it("README.md's command installs the archives", { skip: runtime === "deno" && "not Deno" }, async () => {
    const [line] = /^npm install .*\.tgz\b/m.exec(readme)!;
    const archives = line.replaceAll("linux-x64-gnu", hostPlatform.name).split(" ").slice(2);
    const place = join(folder, "another project");
    mkdirSync(place);
    writeFileSync(join(place, ".npmrc"), `registry=${registry.url}\n`);
    writeFileSync(join(place, "package.json"), '{ "type": "module" }\n');
    writeFileSync(join(place, "answer.ts"), program);
    for (const name of archives) cpSync(join(output, "archives", name), join(place, name));
    const command = runtime === "bun" ? [executable("bun"), "add"] : ["npm", "install"];
    const { code, stdout, stderr } = await run([...command, ...archives], { cwd: place, env });
    assert.equal(code, 0, `${stdout}${stderr}`);
    assertAnswer(await run([executable(runtime), "answer.ts"], { cwd: place, env }));
  });

  it("the command line is installed, too", async () => {
    const bin = join(project, "node_modules", "arpeggio", "arpeggio.mjs");
    const { code, stdout } = await runProgram([bin, "--version", "--verbose"], "--allow-all");
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^arpeggio ${packageJson.version}\n[^]*libarpeggio.* \\(its npm package\\)$`, "m"));
  });

  it("the command line says which Node it needs", { skip: runtime !== "node" && "for Node" }, async () => {
    const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.1.0'})";
    const bin = join(project, "node_modules", "arpeggio", "arpeggio.mjs");
    const { code, stderr } = await runProgram(["--import", old, bin, "--version"]);
    assert.equal(code, 1);
    assert.match(stderr, /^arpeggio: Expected Node 26\.1 or later, which has node:ffi, but found 20\.1\.0\./);
  });

  // Deno's node_modules has links that nobody would copy.
  it("a library for another C library, or none, is explained", { skip: runtime === "deno" && "not Deno" }, async () => {
    const scope = join(project, "node_modules", "@arpeggio");
    const [other] = platforms.filter(({ os, cpu, name }) =>
      os === hostPlatform.os && cpu === hostPlatform.cpu && name !== hostPlatform.name
    );
    const install = runtime === "bun" ? "bun install" : "npm install";
    renameSync(join(scope, hostPlatform.name), join(scope, other?.name ?? "none"));
    const { code, stderr } = await runProgram(["answer.ts"]);
    assert.equal(code, 1);
    const message = `its npm package: ${packageNameOf(hostPlatform)} is not installed`;
    const reason = other === undefined ? ". It is an optional dependency" : `, but ${packageNameOf(other)} is: `;
    assert.ok(stderr.includes(message + reason), stderr);
    assert.ok(stderr.includes(`: ${install}`), stderr);
    renameSync(join(scope, other?.name ?? "none"), join(scope, hostPlatform.name));
    assertAnswer(await runProgram(["answer.ts"]));
  });

  // Deno's and Node's programs become executables of Bun, too: once is enough.
  it("the program becomes one file that runs anywhere", { skip: runtime !== "bun" && "Bun makes it" }, async () => {
    const place = join(folder, "an empty place");
    mkdirSync(place);
    const build = ["build", "--compile", "answer.ts", "--outfile", join(place, "answer")];
    assert.equal((await run([executable("bun"), ...build], { cwd: project, env })).code, 0);
    const bin = join(project, "node_modules", "arpeggio", "arpeggio.mjs");
    const compile = [executable("bun"), bin, "compile", "-o", join(place, "app")];
    const { code, stderr } = await run(compile, { cwd: project, env: { ...env, PATH: "" } });
    assert.equal(code, 0, stderr);
    const here = { cwd: place, env: { ...env, PATH: "" } };
    for (const path of [folder, place]) chmodSync(path, 0o555);
    try {
      const chat = [join(place, "app"), "run", "-p", "What is 2+2?", "--temp", "0"];
      for (const command of [[join(place, "answer")], chat]) {
        assertAnswer(await run(command, here));
        if (cannotBeNobody !== false) continue;
        assertAnswer(runAsNobody(command[0], command.slice(1), { cwd: place, TMPDIR: tmpdir() }));
      }
      assert.deepEqual(readdirSync(place).sort(), ["answer", "app"]);
    } finally {
      for (const path of [folder, place]) chmodSync(path, 0o755);
    }
  });

  it("the type check passes", async () => {
    const { code, stdout, stderr } = await typeCheck();
    assert.equal(code, 0, `${stdout}${stderr}`);
  });
});

/** Checks the program, and that the checker sees our types and not `any`. */
async function typeCheck() {
  const wrong = program.replace("temperature: 0", 'temperature: "hot"');
  writeFileSync(join(project, "wrong.ts"), wrong);
  if (runtime === "deno") {
    const failed = await run([executable("deno"), "check", "wrong.ts"], { cwd: project, env });
    assert.match(failed.stderr, /Type 'string' is not assignable to type 'number'/);
    return run([executable("deno"), "check", "answer.ts", "everything.ts"], { cwd: project, env });
  }
  // What `tsc --init` and `bun init` write, with nothing skipped; Bun has no type checker of its own.
  const own = runtime === "bun"
    ? { module: "preserve", moduleResolution: "bundler", types: ["bun"], typeRoots: [join(modules, "@types")] }
    : { module: "nodenext", types: [] };
  const compilerOptions = { target: "esnext", strict: true, noEmit: true, skipLibCheck: runtime === "bun", ...own };
  const tsc = [executable("node"), join(modules, "typescript", "bin", "tsc"), "--project"];
  for (const name of ["wrong", "answer"]) {
    const files = name === "wrong" ? ["wrong.ts"] : ["answer.ts", "everything.ts"];
    writeFileSync(join(project, `${name}.json`), JSON.stringify({ compilerOptions, files }));
  }
  const failed = await run([...tsc, "wrong.json"], { cwd: project, env });
  assert.match(failed.stdout, /wrong\.ts.*Type 'string' is not assignable to type 'number'/);
  return run([...tsc, "answer.json"], { cwd: project, env });
}
