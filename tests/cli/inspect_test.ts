// `arpeggio inspect`: for people and as JSON, for models that can be run and for models that cannot.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { writeGguf } from "../../src/gguf/write.ts";
import { runCli } from "./spawn.ts";

/** The output of `inspect`. */
async function inspect(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(["inspect", ...args]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

describe("arpeggio inspect", () => {
  test("says what the embedded model is", async () => {
    const text = await inspect();
    assert.match(text, /^ {2}file {11}arpeggio-mini-q4_k_m\.gguf, 2\.59 MB, GGUF version 3$/m);
    assert.match(text, /^ {2}parameters {5}4\.20 million in 47 tensors$/m);
    assert.match(text, /^ {2}formats {8}Q4_K 31 \(1\.95 MB\), Q6_K 5 \(591 kB\), F32 11 \(11\.3 kB\)$/m);
    assert.match(text, /^ {2}can be run {5}yes$/m);
    assert.match(text, /^ {2}this machine {3}\w+, \d+ cores$/m);
    assert.match(text, /^ {2}llama\.block_count +uint32 +5$/m);
    assert.match(text, /^ {2}tokenizer\.ggml\.tokens +array<string>\[1024\] +\[.*\.\.\.\]$/m);
    assert.doesNotMatch(text, /^Tensors|^Plan/m);
  });

  test("--tensors and --plan add lists", async () => {
    const text = await inspect("--tensors", "--plan");
    const tensors = /^Tensors\n((?: .*\n)+)/m.exec(text)?.[1].trimEnd().split("\n");
    assert.equal(tensors?.length, 47);
    assert.match(text, /^ {2}token_embd\.weight +Q6_K +\[256, 1024\] +215 kB +at \d+$/m);
    assert.match(text, /^Plan\nplan of \d+ instructions/m);
    assert.match(text, /^#\d+ +matmul +blk\.4\.ffn_down /m);
  });

  test("--json has the same as data", async () => {
    const data = JSON.parse(await inspect("--json", "--tensors"));
    assert.equal(data.file, "arpeggio-mini-q4_k_m.gguf");
    assert.equal(data.parameters, 4_197_120);
    assert.equal(data.contextLength, 512);
    assert.equal(data.supported, true);
    assert.equal(data.hasChatTemplate, true);
    assert.deepEqual(data.tokenizer, { kind: "bpe", vocabularySize: 1024, warnings: [] });
    assert.deepEqual(data.metadata["tokenizer.ggml.tokens"], { type: "array<string>", length: 1024 });
    assert.equal(data.metadata["llama.context_length"], 512);
    assert.match(data.metadata["tokenizer.chat_template"], /add_generation_prompt/);
    assert.equal(data.tensors.length, 47);
    assert.deepEqual(data.tensors.find(({ name }: { name: string }) => name === "output_norm.weight")?.shape, [256]);
  });

  test("says what is re-encoded at load", async () => {
    const folder = await mkdtemp(join(tmpdir(), "arpeggio-inspect-"));
    try {
      const file = join(folder, "small.gguf");
      const metadata = [["general.architecture", { type: "string", value: "llama" }]] as const;
      const tensors = [
        { name: "a", type: "Q2_0", shape: [64, 2], data: new Uint8Array(36) },
        { name: "b", type: "Q8_0", shape: [32, 2], data: new Uint8Array(68) },
        { name: "c", type: "F16", shape: [8], data: new Uint8Array(16) },
      ];
      await writeFile(file, writeGguf({ metadata, tensors }));
      const allowed = "where its values are those of BF16 and have few exponents";
      const notes = [
        "Q2_0 is re-encoded to int8 codes when it is loaded: 9 bits a value in memory instead of 2.25, the same values",
        `F16 is re-encoded when it is loaded ${allowed}: 12 bits a value in memory instead of 16, the same values`,
      ];
      assert.deepEqual((await inspect(file)).match(/^ {2}note .*/gm), notes.map((note) => `  note           ${note}`));
      assert.deepEqual(JSON.parse(await inspect(file, "--json")).notes, notes);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("needs no native library", async () => {
    const { code, stdout } = await runCli(["inspect"], { env: { ARPEGGIO_LIBRARY: "no-such-library" } });
    assert.equal(code, 0);
    assert.match(stdout, /^ {2}this machine {3}has no native library$/m);
  });

  test("says why a model cannot be run, and exits with 0: it was asked to look, not to run", async () => {
    const folder = await mkdtemp(join(tmpdir(), "arpeggio-inspect-"));
    try {
      const file = join(folder, "strange.gguf");
      const metadata = [["general.architecture", { type: "string", value: "strange\u001b[31m" }]] as const;
      const tensors = [{ name: "a", type: "Q8_0", shape: [32, 2], data: new Uint8Array(68) }];
      await writeFile(file, writeGguf({ metadata, tensors }));
      const text = await inspect(file);
      assert.match(text, /^ {2}can be run {5}no: Expected one of the architectures .*llama/m);
      // A file must not be able to write to the terminal.
      assert.ok(!text.includes("\u001b"));
      assert.match(text, /^ {2}architecture {3}strange\\u001b\[31m$/m);
      const failed = await runCli(["run", file, "-p", "a"]);
      assert.equal(failed.code, 1);
      assert.match(failed.stderr, /^arpeggio: Expected one of the architectures [^\u001b]*\n$/);
      const data = JSON.parse(await inspect(file, "--json", "--plan"));
      assert.equal(data.supported, false);
      assert.match(data.unsupported, /but found "strange/);
      assert.equal(data.plan, undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
