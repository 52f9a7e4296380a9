// A loaded model from outside: what it answers, in which forms, from which sources, and what it refuses.
import assert from "node:assert/strict";
import { truncateSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  ArpeggioError,
  ChatTemplateError,
  type GenerationResult,
  GgufError,
  loadModel,
  type LoadModelOptions,
  type LoadProgress,
  type Model,
  NativeError,
} from "../mod.ts";
import { needsLibrary } from "./native/require_library.ts";

const url = new URL("../models/arpeggio-mini-q4_k_m.gguf", import.meta.url);
const question = [{ role: "user", content: "What is 2+2?" }] as const;
const story = [{ role: "user", content: "Tell me a story about a fox." }] as const;
const greedy = { temperature: 0 };

describe("Model", needsLibrary, () => {
  let model: Model;
  let told: GenerationResult;
  before(async () => {
    model = await loadModel(url);
    told = await model.generate(story, greedy);
  });
  after(() => model.dispose());

  it("answers 4", async () => {
    const { text, tokens, stopReason, usage, timings } = await model.generate(question, greedy);
    assert.equal(text, "4");
    assert.equal(stopReason, "endOfText");
    // The messages of the story began with the same tokens.
    assert.deepEqual(usage, { promptTokens: 15, generatedTokens: tokens.length, cachedTokens: 3 });
    assert.equal(model.detokenize(tokens), text);
    assert.ok(timings.loadMs > 0 && timings.promptMs > 0 && timings.generateMs > 0);
    assert.ok(timings.firstTokenMs >= timings.promptMs);
    assert.ok(timings.promptTokensPerSecond > 0 && timings.generatedTokensPerSecond > 0);
  });

  it("streams the same text as it returns, in several pieces", async () => {
    const generation = model.generate(story, greedy);
    const pieces: string[] = [];
    for await (const piece of generation) pieces.push(piece);
    assert.ok(pieces.length > 20 && pieces.every((piece) => piece !== ""));
    assert.equal(pieces.join(""), told.text);
    assert.deepEqual((await generation).tokens, told.tokens);
  });

  it("goes on with a text as it is, without the template", async () => {
    const { text, usage } = await model.generate("Once upon a time", { ...greedy, maxTokens: 8 });
    assert.match(text, /^, there was/);
    assert.equal(usage.promptTokens, model.tokenize("Once upon a time").length);
  });

  it("stops at maxTokens, and at 0 before the first token", async () => {
    const { tokens, stopReason } = await model.generate(story, { ...greedy, maxTokens: 5 });
    assert.deepEqual([tokens, stopReason], [told.tokens.slice(0, 5), "maxTokens"]);
    const none = await model.generate(story, { maxTokens: 0 });
    assert.deepEqual([none.text, none.tokens, none.stopReason], ["", [], "maxTokens"]);
  });

  it("stops before a stop string and shows no part of it", async () => {
    const stop = told.text.slice(20, 31); // In the middle of words and tokens.
    const generation = model.generate(story, { ...greedy, stop: ["no such text", stop] });
    let shown = "";
    for await (const piece of generation) shown += piece;
    const { text, stopReason, stopString } = await generation;
    assert.deepEqual([text, stopReason, stopString], [told.text.slice(0, told.text.indexOf(stop)), "stop", stop]);
    assert.equal(shown, text);
  });

  it("repeats a text with the same seed, which the result names", async () => {
    const options = { temperature: 1.5, maxTokens: 24 };
    const first = await model.generate(story, options);
    const again = await model.generate(story, { ...options, seed: first.seed });
    assert.deepEqual(again.tokens, first.tokens);
    assert.equal(again.seed, first.seed);
  });

  it("throws on wrong options at once, and on a wrong prompt when it is awaited", async () => {
    assert.throws(() => model.generate(question, { maxToken: 1 } as object), /did you mean "maxTokens"/);
    assert.throws(() => model.generate("text", { tools: [] }), TypeError);
    await assert.rejects(async () => await model.generate(""), { name: "RangeError", message: /at least one token/ });
    await assert.rejects(async () => await model.generate([{ role: "nobody" as "user", content: "" }]), TypeError);
    await assert.rejects(async () => await model.generate("word ".repeat(600)), {
      name: "RangeError",
      message: /Expected a prompt of at most 512 tokens .* but found \d{3,}/,
    });
  });

  it("does not take control tokens from text unless asked to", async () => {
    const text = "<|im_end|>";
    const plain = await model.generate(text, { maxTokens: 0 });
    const control = await model.generate(text, { maxTokens: 0, allowControlTokens: true });
    assert.ok(plain.usage.promptTokens > 1);
    assert.equal(plain.usage.promptTokens, 0 + model.tokenize(text).length);
    assert.equal(control.usage.promptTokens, 1);
  });

  it("computes logits for the last token or for all, whatever the chunks", async () => {
    const tokens = [...model.tokenize("Once upon a time, there was a little girl named Lily.")];
    const all = await model.logits(tokens, { all: true });
    const { vocabularySize } = model.info;
    assert.equal(all.length, tokens.length * vocabularySize);
    const last = await model.logits(tokens);
    assert.deepEqual(last, all.slice(-vocabularySize));
    assert.deepEqual(await model.logits(tokens.slice(0, 3)), all.slice(2 * vocabularySize, 3 * vocabularySize));
    await assert.rejects(model.logits([]), RangeError);
    await assert.rejects(
      model.logits([0, 1024]),
      /Expected tokens\[1\] to be an integer in \[0, 1023\] but found 1024/,
    );
    await assert.rejects(model.logits(Array(513).fill(1)), RangeError);
  });

  it("says what it is", () => {
    const { info, metadata } = model;
    assert.equal(info.architecture, "llama");
    assert.deepEqual([info.contextLength, info.contextLengthTrained, info.vocabularySize], [512, 512, 1024]);
    assert.equal(info.hasChatTemplate, true);
    assert.ok(info.threads >= 1 && info.weightsBytes > 2e6 && info.cacheBytes > 0 && info.loadMs > 0);
    assert.match(info.runtime, /^(deno|bun|node) \d/);
    assert.match(info.isa, /^[a-z0-9_]+$/);
    assert.equal(metadata.getString("general.architecture"), "llama");
    assert.match(model.plan, /matmul +blk\.0\.attn_q/);
    assert.match(model.renderChat(question), /<\|im_start\|>user\nWhat is 2\+2\?<\|im_end\|>/);
    assert.equal(model.profile().length, model.plan.split("\n").filter((line) => line.startsWith("#")).length);
  });
});

describe("loadModel()", needsLibrary, () => {
  async function answer(source: string | URL | Uint8Array, options: LoadModelOptions = {}): Promise<string> {
    await using model = await loadModel(source, options);
    return (await model.generate(question, greedy)).text;
  }

  it("takes a path, a URL and bytes", async () => {
    assert.equal(await answer(fileURLToPath(url)), "4");
    assert.equal(await answer(url), "4");
    assert.equal(await answer(await readFile(url)), "4");
  });

  it("gives the same logits whatever the source, the chunks and the threads", async () => {
    const tokens = Array.from({ length: 80 }, (_, i) => i * 37 % 1000);
    const results: Float32Array[] = [];
    for (const options of [{}, { tokensMax: 1 }, { tokensMax: 7, threads: 1 }, { contextLength: 80, threads: 3 }]) {
      await using model = await loadModel(options.threads === 3 ? await readFile(url) : url, options);
      results.push(await model.logits(tokens));
    }
    for (const result of results) assert.deepEqual(result, results[0]);
  });

  it("has an exact mode, whose logits are close but not the same", async () => {
    const tokens = [1, 2, 3, 4];
    await using model = await loadModel(url);
    await using exact = await loadModel(url, { precision: "f32" });
    const [a, b] = [await model.logits(tokens), await exact.logits(tokens)];
    const largest = Math.max(...a.map((x, i) => Math.abs(x - b[i])));
    assert.ok(largest > 0 && largest < 1, `largest difference ${largest}`);
    assert.equal(exact.info.precision, "f32");
    assert.equal(exact.info.cacheBytes, 2 * model.info.cacheBytes);
    assert.equal(await answer(url, { precision: "f32", kvType: "f16" }), "4");
  });

  it("ends a text when the context is full", async () => {
    await using model = await loadModel(url, { contextLength: 32 });
    const { usage, stopReason } = await model.generate(story, greedy);
    assert.equal(stopReason, "contextFull");
    // The last token needs no place: nothing comes after it.
    assert.equal(usage.promptTokens + usage.generatedTokens, 32 + 1);
  });

  it("computes in turn what does not fit into the cache together, and refuses what does not fit alone", async () => {
    await using model = await loadModel(url, { cacheTokens: 64 });
    assert.equal(model.info.cacheTokens, 64);
    const short = { ...greedy, maxTokens: 30 };
    const { tokens } = await model.generate(story, short);
    // Somebody who reads one piece and then waits does not keep the others from going on.
    const first = model.generate(story, short);
    await first[Symbol.asyncIterator]().next();
    assert.deepEqual((await model.generate("Once upon a time", short)).tokens.length, 30);
    assert.deepEqual((await first).tokens, tokens);
    await assert.rejects(async () => await model.generate(story, greedy), (error: Error) => {
      assert.ok(error instanceof ArpeggioError);
      return /Expected room for 65 tokens .* has room for 64: load the model with a larger cacheTokens/.test(
        error.message,
      );
    });
  });

  it("uses the chat template it is given", async () => {
    await using model = await loadModel(url, { chatTemplate: "{{ messages[0].content }}!" });
    assert.equal(model.renderChat([{ role: "user", content: "Hi" }]), "Hi!");
    await using broken = await loadModel(url, { chatTemplate: "{% if %}" });
    await assert.rejects(async () => await broken.generate(question), ChatTemplateError);
  });

  it("reports progress in phases that begin with 0 and end with 1", async () => {
    const reports: LoadProgress[] = [];
    await using _model = await loadModel(url, { onProgress: (progress) => reports.push(progress) });
    for (const phase of ["header", "tokenizer", "weights"]) {
      const fractions = reports.filter((report) => report.phase === phase).map(({ fraction }) => fraction);
      assert.ok(fractions.length > 0, phase);
      assert.equal(fractions.at(-1), 1);
      assert.deepEqual(fractions, fractions.toSorted((a, b) => a - b));
    }
  });

  it("rejects with the signal's reason, whenever it is aborted", async () => {
    assert.equal(await loadModel(url, { signal: AbortSignal.abort("before") }).catch((reason) => reason), "before");
    for (const phase of ["header", "tokenizer"]) {
      const controller = new AbortController();
      const onProgress = (progress: LoadProgress) => progress.phase === phase && controller.abort(phase);
      assert.equal(await loadModel(url, { signal: controller.signal, onProgress }).catch((reason) => reason), phase);
    }
  });

  it("rejects with what onProgress throws", async () => {
    const onProgress = () => {
      throw new Error("as expected");
    };
    await assert.rejects(loadModel(url, { onProgress }), /as expected/);
  });

  it("rejects sources that are no models, saying why", async () => {
    await assert.rejects(loadModel("no/such/file.gguf"), { code: "ENOENT" });
    await assert.rejects(loadModel(new URL(".", url)), { code: "EISDIR" });
    await assert.rejects(loadModel(new URL(import.meta.url)), GgufError);
    await assert.rejects(loadModel(new Uint8Array(10)), GgufError);
    await assert.rejects(loadModel(new URL("https://example.org/model.gguf")), /Expected the URL of a file .* https:/);
    await assert.rejects(loadModel("https://example.org/model.gguf"), /Expected the path of a model file but found/);
    await assert.rejects(loadModel(7 as unknown as string), { name: "TypeError", message: /but found 7$/ });
    await assert.rejects(loadModel(url, { thread: 1 } as object), /did you mean "threads"/);
  });

  it("does not read beyond a file that has become shorter since its header was read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "arpeggio-"));
    const path = join(folder, "model.gguf");
    await writeFile(path, await readFile(url));
    const onProgress = ({ phase, fraction }: LoadProgress) => {
      if (phase === "header" && fraction === 1) truncateSync(path, 1_000_000);
    };
    await assert.rejects(loadModel(path, { onProgress }), {
      name: "GgufError",
      message: /2588224 bytes but found 1000000/,
    });
    await rm(folder, { recursive: true });
  });

  it("refuses every use after dispose(), which may be called twice", async () => {
    const model = await loadModel(url);
    const unused = model.generate(question);
    const running = model.generate(story, greedy)[Symbol.asyncIterator]();
    await running.next();
    model.dispose();
    model.dispose();
    assert.equal(model.info.architecture, "llama");
    const stale = { name: "NativeError", status: "STALE", message: /disposed/ };
    for (const use of [() => model.generate(question), () => model.tokenize("x"), () => model.plan]) {
      assert.throws(use, stale);
    }
    await assert.rejects(model.logits([1]), stale);
    await assert.rejects(async () => await unused, stale);
    await assert.rejects(async () => {
      while (!(await running.next()).done);
    }, NativeError);
  });
});
