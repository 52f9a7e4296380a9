/**
 * The MODEL argument of the commands: a file, or the embedded model. Opens it for reading its header; computing with it
 * is left to `loadModel`.
 */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { Argument } from "commander";
import type { GgufFile } from "../gguf/parse.ts";
import { type ByteSource, readGguf } from "../gguf/reader.ts";
import { openModelSource } from "../model_source.ts";

/** The name of the embedded model on the command line. */
export const DEFAULT_MODEL = "default";

/** Where the embedded model is in a checkout, and in the file system inside a `deno compile` executable. */
const DEFAULT_MODEL_URL = new URL("../../models/arpeggio-mini-q4_k_m.gguf", import.meta.url);

/** Where the embedded model is inside an executable: readable by this process only, so that it cannot be mapped. */
let embeddedModelPath: string | undefined;

/** Says that `default` is a file inside the executable. For the entry points of executables. */
export function registerEmbeddedModel(path: string): void {
  embeddedModelPath = path;
}

/** The argument [model]. */
export function modelArgument(): Argument {
  return new Argument("[model]", "a GGUF file").default(DEFAULT_MODEL, "the embedded arpeggio-mini");
}

/** What `loadModel` takes for the MODEL argument: a path, or the bytes of a model inside the executable. */
export async function modelSource(model: string): Promise<string | Uint8Array> {
  if (model !== DEFAULT_MODEL) return model;
  return embeddedModelPath === undefined ? fileURLToPath(DEFAULT_MODEL_URL) : await readFile(embeddedModelPath);
}

/** The name of a model in messages. */
export function modelName(model: string): string {
  return model === DEFAULT_MODEL ? basename(DEFAULT_MODEL_URL.pathname) : basename(model);
}

/** An open GGUF file. */
export interface ModelFile {
  /** The file's name without directories. */
  readonly name: string;
  /** The checked header. */
  readonly gguf: GgufFile;
  /** The bytes. */
  readonly bytes: ByteSource;
  /** Closes the file. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a model and reads its header.
 *
 * @throws {GgufError} When the file is not a correct GGUF file.
 */
export async function openModelFile(model: string, signal: AbortSignal): Promise<ModelFile> {
  const source = await openModelSource(await modelSource(model));
  const { bytes } = source;
  try {
    const gguf = await readGguf(bytes, { signal });
    return { name: modelName(model), bytes, gguf, [Symbol.asyncDispose]: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}
