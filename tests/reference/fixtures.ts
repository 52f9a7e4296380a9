// Reads the recorded vectors of tests/fixtures, and the models they belong to.
import { existsSync, readFileSync } from "node:fs";
import { parseGguf } from "../../src/gguf/parse.ts";
import type { GgufFile } from "../../src/gguf/parse.ts";
import { runWhole } from "../../src/time_slice.ts";

/** Blocks of a weight format and the values they stand for. */
export interface DequantVector {
  /** The number of the type in GGUF. */
  readonly type: number;
  readonly blockValues: number;
  readonly blockBytes: number;
  readonly blocks: Uint8Array;
  readonly values: Float32Array;
}

/** Reads a vector (layout: tests/fixtures/README.md). */
export function readDequantVector(url: URL): DequantVector {
  const { bytes, view } = readFile(url);
  const [type, blockValues, blockBytes, count] = [0, 4, 8, 12].map((offset) => view.getUint32(offset, true));
  const start = 16 + count * blockBytes;
  const values = Float32Array.from({ length: count * blockValues }, (_, i) => view.getFloat32(start + 4 * i, true));
  return { type, blockValues, blockBytes, blocks: bytes.slice(16, start), values };
}

/** Tokens and the logits (tokens, vocabulary) of every position. */
export interface RecordedLogits {
  readonly tokens: number[];
  readonly vocabulary: number;
  readonly logits: Float64Array;
}

/** Reads recorded logits of the mini model: llama.cpp's in f32, or the exact ones in f64. */
export function readLogits(type: string, kind: "llama.cpp" | "exact", folder = committed): RecordedLogits {
  const { view } = readFile(new URL(`mini-logits/${kind === "exact" ? "exact-" : ""}${type}.bin`, folder));
  const [count, vocabulary] = [view.getUint32(0, true), view.getUint32(4, true)];
  const tokens = Array.from({ length: count }, (_, i) => view.getUint32(8 + 4 * i, true));
  const start = 8 + 4 * count;
  const logits = Float64Array.from(
    { length: count * vocabulary },
    (_, i) => kind === "exact" ? view.getFloat64(start + 8 * i, true) : view.getFloat32(start + 4 * i, true),
  );
  return { tokens, vocabulary, logits };
}

/** The folder of the committed fixtures. */
export const committed = new URL("../fixtures/", import.meta.url);

const shared = new URL("../../../shared/", import.meta.url);

/** The folder with the fixtures of every format, beside the repository; `undefined` where it is absent. */
export const sharedFixtures = existsSync(new URL("fixtures/", shared)) ? new URL("fixtures/", shared) : undefined;

/** Where the mini model of a type is, or why a test without it is skipped. */
export function miniModel(type: string): { readonly url: URL; readonly skip: string | false } {
  const name = `arpeggio-mini-${type}.gguf`;
  const embedded = new URL(`../../models/${name}`, import.meta.url);
  if (existsSync(embedded)) return { url: embedded, skip: false };
  const url = new URL(`models/${name}`, shared);
  return { url, skip: existsSync(url) ? false : `needs ../shared/models/${name}` };
}

/** A model of the folder beside the repository, or why a test without it is skipped. */
export function sharedModel(name: string): { readonly url: URL; readonly skip: string | false } {
  const url = new URL(`models/${name}`, shared);
  return { url, skip: existsSync(url) ? false : `needs ../shared/models/${name}` };
}

/** Reads a whole model. */
export function readModel(url: URL): { readonly bytes: Uint8Array; readonly file: GgufFile } {
  const { bytes } = readFile(url);
  return { bytes, file: runWhole(parseGguf(bytes)) };
}

function readFile(url: URL): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(readFileSync(url));
  return { bytes, view: new DataView(bytes.buffer) };
}
