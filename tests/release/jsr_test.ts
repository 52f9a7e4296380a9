// The package for JSR: publishing would succeed, from its folder and from the checkout, without slow types; and Deno
// runs it from an address, with the library of the package of npm.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import packageJson from "../../package.json" with { type: "json" };
import { currentRuntime } from "../../src/runtime/mod.ts";
import { executable, root } from "../../tools/runtimes.mjs";
import { MODEL } from "../cli/spawn.ts";
import { needsLibrary } from "../native/require_library.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { run, startReleaseRegistry } from "./release_files.ts";

const folder = temporaryFolder();
const skip = needsLibrary.skip || (currentRuntime().name !== "deno" && "for Deno only");
const env = { DENO_DIR: join(folder, "deno"), ARPEGGIO_LIBRARY: undefined };

/** Runs Deno in a project of the folder whose packages come from `registry`. */
function deno(project: string, ...args: string[]) {
  return run([executable("deno"), ...args], { cwd: join(folder, project), env });
}

/** Serves the files of a folder as JSR does: as TypeScript, under an address. */
function serve(root: string): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/typescript");
    response.end(readFileSync(join(root, request.url ?? "")));
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${port}`, close: () => void server.close() });
    })
  );
}

describe("the package for JSR", () => {
  it("can be published, and runs from an address", { skip }, async () => {
    const { registry, output } = await startReleaseRegistry(folder);
    try {
      cpSync(join(output, "jsr"), join(folder, "jsr"), { recursive: true });
      mkdirSync(join(folder, "project"));
      for (const project of ["jsr", "project"]) {
        writeFileSync(join(folder, project, ".npmrc"), `registry=${registry.url}\n`);
      }
      await assertPublishable(join(folder, "jsr"));
      await assertPublishable(root);
      await assertRuns();
    } finally {
      registry.close();
    }
  });
});

async function assertPublishable(cwd: string): Promise<void> {
  const command = [executable("deno"), "publish", "--dry-run", "--allow-dirty"];
  const { code, stdout, stderr } = await run(command, { cwd, env });
  assert.equal(code, 0, stderr);
  assert.match(stdout + stderr, /Checking for slow types in the public API[^]*Success Dry run complete/);
  assert.doesNotMatch(stdout + stderr, /warning|unanalyzable|slow type\b/i);
}

async function assertRuns(): Promise<void> {
  const served = await serve(join(folder, "jsr"));
  try {
    const { dependencies, version } = packageJson;
    const jinja = `npm:@huggingface/jinja@${dependencies["@huggingface/jinja"]}`; // JSR rewrites imports to this.
    const manifest = (imports: object) =>
      writeFileSync(join(folder, "project", "deno.json"), JSON.stringify({ imports }));
    const program = `import { loadModel } from "${served.url}/mod.ts";
await using model = await loadModel(Deno.args[0]);
console.log((await model.generate([{ role: "user", content: "What is 2+2?" }], { temperature: 0 })).text);
`;
    writeFileSync(join(folder, "project", "answer.ts"), program);
    const options = ["run", "--no-prompt", `--allow-import=${new URL(served.url).host}`, `--allow-read=${MODEL}`];
    manifest({ "@huggingface/jinja": jinja });
    const without = await deno("project", ...options, "--allow-ffi", "answer.ts", MODEL);
    assert.match(without.stderr, /its npm package: @arpeggio\/.* is not there\..*: deno add npm:arpeggio/);
    manifest({ "@huggingface/jinja": jinja, arpeggio: `npm:arpeggio@${version}` });
    assert.equal((await deno("project", "install")).code, 0);
    const { code, stdout, stderr } = await deno("project", ...options, "--allow-ffi", "answer.ts", MODEL);
    assert.deepEqual([code, stdout], [0, "4\n"], stderr);
  } finally {
    served.close();
  }
}
