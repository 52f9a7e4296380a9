/**
 * Real files, written by the reference tools: all of them parse, and writing what was parsed gives the same bytes
 * again.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { bytesSource, readGguf } from "../../src/gguf/reader.ts";
import { writeGguf } from "../../src/gguf/write.ts";

const models = new URL("../../../shared/models/", import.meta.url);
const vocabularies = new URL("../../../shared/vocab/", import.meta.url);
const noModels = existsSync(models) ? false : "needs ../shared/models";
const noVocabularies = existsSync(vocabularies) ? false : "needs ../shared/vocab";

/** Parses a file and writes it again from what was parsed. */
async function roundTrip(url: URL) {
  const bytes = new Uint8Array(readFileSync(url));
  const file = await readGguf(bytesSource(bytes));
  const written = writeGguf({
    metadata: [...file.metadata.keys()].map((key) => [key, file.metadata.get(key)] as const),
    tensors: [...file.tensors.values()].map(({ name, type, shape, offset, bytes: length }) => {
      return { name, type, shape, data: bytes.subarray(offset, offset + length) };
    }),
  });
  assert.equal(written.length, bytes.length);
  // deepEqual explains a difference at length; over megabytes that takes minutes.
  assert.ok(written.every((byte, i) => byte === bytes[i]), `${url.pathname} is written differently`);
  return file;
}

/** The type most matrices of a "pure" file have, from the file's name. */
function typeOfName(name: string): string {
  return name.replace("arpeggio-mini-", "").replace(".gguf", "").replace(/_m$/, "").toUpperCase();
}

describe("the models in ../shared/models", () => {
  const names = noModels ? [] : readdirSync(models).filter((name) => name.endsWith(".gguf"));

  it("are there", { skip: noModels }, () => assert.ok(names.length >= 30, `${names.length} files`));

  for (const name of names) {
    it(`${name} parses, and is written as it was`, async () => {
      const { metadata, tensors, fileBytes, dataOffset } = await roundTrip(new URL(name, models));
      const types = new Set([...tensors.values()].map(({ type }) => type));
      assert.equal(metadata.getString("general.architecture"), "llama");
      assert.equal(metadata.getUint("llama.block_count"), 5);
      if (name.startsWith("arpeggio-mini")) {
        assert.equal(metadata.getUint("llama.embedding_length"), 256);
        assert.equal(metadata.getStrings("tokenizer.ggml.tokens").length, 1024);
        assert.deepEqual(tensors.get("token_embd.weight")?.shape, [256, 1024]);
        // iq1_m.gguf: the m belongs to the type.
        assert.ok(types.has(typeOfName(name)) || types.has("IQ1_M"), [...types].join());
      }
      assert.equal(dataOffset % 32, 0);
      const end = Math.max(...[...tensors.values()].map(({ offset, bytes }) => offset + bytes));
      assert.ok(end <= fileBytes && end > fileBytes - 32, "the last tensor ends where the file does");
    });
  }
});

describe("the vocabularies in ../shared/vocab", () => {
  const names = noVocabularies ? [] : readdirSync(vocabularies).filter((name) => name.endsWith(".gguf"));
  const tokens: Readonly<Record<string, number>> = {
    "gpt-2": 50257,
    "llama-spm": 32000,
    falcon: 65024,
    "phi-3": 32064,
  };

  it("are there", { skip: noVocabularies }, () => assert.ok(names.length >= 10, `${names.length} files`));

  for (const name of names) {
    it(`${name} parses without tensors, and is written as it was`, async () => {
      const { metadata, tensors } = await roundTrip(new URL(name, vocabularies));
      assert.equal(tensors.size, 0);
      const strings = metadata.getStrings("tokenizer.ggml.tokens");
      const expected = tokens[name.replace("ggml-vocab-", "").replace(".gguf", "")];
      if (expected !== undefined) assert.equal(strings.length, expected);
      assert.equal(metadata.getNumbers("tokenizer.ggml.token_type", { length: strings.length }).length, strings.length);
      const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      for (let i = 0; i < strings.length; i += 7) assert.equal(strings.get(i), decoder.decode(strings.bytes(i)));
    });
  }
});
