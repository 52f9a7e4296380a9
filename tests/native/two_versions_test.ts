// Two versions of arpeggio in one process, as dependencies of dependencies bring them: each has its own code and its
// own library, and they compute at the same time without knowing of each other.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import * as first from "../../mod.ts";
import { locateLibrary } from "../../src/native/locate.ts";
import { fileNameFor } from "../../src/native/platforms.ts";
import { modules, root } from "../../tools/runtimes.mjs";
import { needsLibrary } from "./require_library.ts";

const MODEL = join(root, "models", "arpeggio-mini-q4_k_m.gguf");
const messages = [{ role: "user", content: "Tell me a story about a fox." }] as const;
const OTHER = { version: "9.8.7", build: "0123456789ab" };

/** Another version: the same sources under another number, with a library that has another build hash. */
function makeOther(folder: string): string {
  for (const name of ["mod.ts", "src", "deno.json"]) cpSync(join(root, name), join(folder, name), { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...packageJson, version: OTHER.version }));
  symlinkSync(modules, join(folder, "node_modules"), "junction");
  const bytes = readFileSync(locateLibrary().path).toString("latin1");
  const { build } = first.describeLibrary();
  const place = join(folder, "zig-out", process.platform === "win32" ? "bin" : "lib");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, fileNameFor(process.platform)), bytes.replaceAll(build, OTHER.build), "latin1");
  return pathToFileURL(join(folder, "mod.ts")).href;
}

// With ARPEGGIO_LIBRARY both have the same library.
const skip = process.env["ARPEGGIO_LIBRARY"] ? "ARPEGGIO_LIBRARY is set" : needsLibrary.skip;
describe("two versions in one process", { skip }, () => {
  let folder = "";
  let second: typeof first;
  before(async () => {
    if (skip) return;
    folder = mkdtempSync(join(tmpdir(), "arpeggio-version-"));
    second = await import(makeOther(folder));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("have their own code and their own library", () => {
    const [one, two] = [first.diagnostics(), second.diagnostics()];
    assert.deepEqual([one.version, two.version], [packageJson.version, OTHER.version]);
    assert.equal(two.library?.build, OTHER.build);
    assert.notEqual(one.library?.build, OTHER.build);
    assert.ok(two.library?.path.startsWith(folder));
  });

  it("compute the same at the same time, and either can go first", async () => {
    const one = await first.loadModel(MODEL);
    const two = await second.loadModel(MODEL);
    const options = { temperature: 0, maxTokens: 40 };
    const alone = (await one.generate(messages, options)).tokens;
    const both = [one, two, one, two].map((model) => model.generate(messages, options));
    for (const { tokens } of await Promise.all(both)) assert.deepEqual(tokens, alone);
    await one[Symbol.asyncDispose]();
    assert.deepEqual((await two.generate(messages, options)).tokens, alone);
    await two[Symbol.asyncDispose]();
    await using again = await first.loadModel(MODEL);
    assert.deepEqual((await again.generate(messages, options)).tokens, alone);
  });

  it("have classes of their own", async () => {
    await using model = await second.loadModel(MODEL);
    assert.equal((model as unknown) instanceof first.Model, false);
    await assert.rejects(() => second.loadModel("no such file"), (error: { code?: string }) => error.code === "ENOENT");
    model.dispose();
    assert.throws(() => model.tokenize("a"), (error) => error instanceof second.NativeError);
    assert.throws(() => model.tokenize("a"), (error) => !(error instanceof first.NativeError));
  });
});
