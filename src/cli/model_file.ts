/**
 * The MODEL argument of the commands: a file, or the model that comes with the program. Opens it for reading its
 * header; computing with it is left to `loadModel`.
 */

import { basename } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Argument } from "commander";
import { findAppended } from "../gguf/appended.ts";
import type { GgufFile } from "../gguf/parse.ts";
import { type ByteSource, readGguf } from "../gguf/reader.ts";
import { openModelSource } from "../model_source.ts";
import { isExecutable, openFile } from "../runtime/mod.ts";

/** The name of the embedded model on the command line. */
export const DEFAULT_MODEL = "default";

/** Where the embedded model is in a checkout, and in the file system inside a `deno compile` executable. */
const DEFAULT_MODEL_URL = new URL("../../models/arpeggio-mini-q4_k_m.gguf", import.meta.url);

/** This executable, when a model has been appended to it. */
let executableModel: string | undefined;

/**
 * Looks for a model behind the end of this executable. To be called before anything asks for the default model.
 *
 * @returns Whether there is one: then that is the default model.
 * @throws {GgufError} When the executable has been cut off.
 */
export async function findExecutableModel(): Promise<boolean> {
  if (!isExecutable()) return false;
  const file = await openFile(process.execPath);
  try {
    if (await findAppended(file) !== undefined) executableModel = process.execPath;
  } finally {
    await file.close();
  }
  return executableModel !== undefined;
}

/** The argument [model]. */
export function modelArgument(): Argument {
  return new Argument("[model]", "a GGUF file").default(
    DEFAULT_MODEL,
    executableModel === undefined ? "the embedded arpeggio-mini" : "the one in this executable",
  );
}

/** The file of the MODEL argument. */
export function modelPath(model: string): string {
  return model === DEFAULT_MODEL ? executableModel ?? fileURLToPath(DEFAULT_MODEL_URL) : model;
}

/** The name of a model in messages. */
export function modelName(model: string): string {
  return basename(modelPath(model));
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
  const source = await openModelSource(modelPath(model));
  const { bytes } = source;
  try {
    const gguf = await readGguf(bytes, { signal });
    return { name: modelName(model), bytes, gguf, [Symbol.asyncDispose]: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}
