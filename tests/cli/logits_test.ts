// `arpeggio logits`: the file has the bits of model.logits, of the last position or of all.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadModel, type LoadModelOptions } from "../../mod.ts";
import { MODEL, runCli, startCli } from "./spawn.ts";

const TEXT = "<|im_start|>user\nWhat is 2+2?";
const VOCABULARY = 1024;

describe("arpeggio logits", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "arpeggio-logits-"));
  });
  after(() => rm(folder, { recursive: true }));

  /** The bytes of the file it writes. */
  async function written(...args: string[]): Promise<Uint8Array> {
    const file = join(folder, "logits.bin");
    const { code, stdout, stderr } = await runCli(["logits", ...args, "-o", file]);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
    assert.match(stderr, /^\d+ tokens, \d+ logits\n$/);
    return new Uint8Array(await readFile(file));
  }

  /** The bytes of model.logits. */
  async function computed(
    text: string | readonly number[],
    { special, all, ...options }: LoadModelOptions & { special?: boolean; all?: boolean },
  ): Promise<Uint8Array> {
    await using model = await loadModel(MODEL, options);
    const tokens = typeof text === "string" ? model.tokenize(text, { special: special ?? false }) : text;
    const logits = await model.logits(tokens, { all });
    return new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength);
  }

  test("--tokens: the last position", async () => {
    const bytes = await written("--tokens", "65,66,67");
    assert.equal(bytes.length, VOCABULARY * 4);
    assert.deepEqual(bytes, await computed([65, 66, 67], {}));
  });

  test("-p TEXT --all: every position; control tokens are text unless --special is given", async () => {
    const plain = await written("-p", TEXT, "--all");
    assert.deepEqual(plain, await computed(TEXT, { all: true }));
    const special = await written("-p", TEXT, "--all", "--special");
    assert.deepEqual(special, await computed(TEXT, { all: true, special: true }));
    assert.ok(special.length < plain.length);
    assert.equal(special.length % (VOCABULARY * 4), 0);
  });

  test("--precision f32 and --threads reach the model", async () => {
    const exact = await written("--tokens", "65,66,67", "--precision", "f32", "--threads", "1");
    assert.deepEqual(exact, await computed([65, 66, 67], { precision: "f32", threads: 1 }));
    assert.notDeepEqual(exact, await computed([65, 66, 67], {}));
  });

  test("-o - writes to standard output and nothing else", async () => {
    const { code, stdout, stderr } = await startCli(["logits", "--tokens", "65,66,67", "-o", "-"]).ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.deepEqual(new Uint8Array(stdout), await computed([65, 66, 67], {}));
  });

  test("a token that does not exist is a wrong request", async () => {
    const { code, stderr } = await runCli(["logits", "--tokens", "5,1024", "-o", join(folder, "none")]);
    assert.equal(code, 2);
    assert.match(stderr, /^arpeggio: Expected tokens\[1\] to be an integer in \[0, 1023\] but found 1024\n$/);
  });
});
