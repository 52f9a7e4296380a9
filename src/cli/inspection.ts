/** What `arpeggio inspect` knows about a model file, as plain data that is also its JSON. */

import { ArpeggioError } from "../errors.ts";
import type { Metadata } from "../gguf/metadata.ts";
import type { GgufFile } from "../gguf/parse.ts";
import { resolveSizes } from "../load_options.ts";
import { architectureOf, buildModel, type ModelPlan, type TensorData, tensorsToRead } from "../models/mod.ts";
import { Limit, TypeBytes, TypeTileBits, TypeValues } from "../native/abi.ts";
import { describeLibrary, type LibraryDescription } from "../native/library.ts";
import { isWeightType } from "../plan/plan.ts";
import { printPlan } from "../plan/print.ts";
import { runSliced } from "../time_slice.ts";
import { createTokenizer } from "../tokenizer/mod.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { ModelFile } from "./model_file.ts";

/** Everything about a model file. */
export interface Inspection {
  /** The name of the file without directories. */
  file: string;
  fileBytes: number;
  /** The version of the format. */
  version: number;
  architecture: string | undefined;
  /** How many values the tensors have. */
  parameters: number;
  tensorsCount: number;
  /** The types of the tensors, the one with the most bytes first. */
  formats: { type: string; tensors: number; bytes: number }[];
  /** What loading changes: formats that are re-encoded, exactly, because no kernel reads them as they are. */
  notes: string[];
  /** Whether arpeggio can run the model. */
  supported: boolean;
  /** Why it cannot. */
  unsupported: string | undefined;
  /** The context the model was trained with, in tokens, for supported models. */
  contextLength: number | undefined;
  tokenizer: { kind: string; vocabularySize: number; warnings: readonly string[] } | undefined;
  hasChatTemplate: boolean;
  /** What would compute here; `undefined` when the native library cannot be loaded. */
  machine: LibraryDescription | undefined;
  /** Every key and its value; arrays of more than {@linkcode ELEMENTS_MAX} elements as their type and length. */
  metadata: Record<string, unknown>;
  /** The tensors, when asked for. */
  tensors?: { name: string; type: string; shape: readonly number[]; bytes: number; offset: number }[];
  /** The forward pass as text, when asked for. */
  plan?: string;
}

/** What {@linkcode inspectModel} adds. */
export interface InspectOptions {
  /** The list of tensors. Default: false. */
  tensors?: true;
  /** The plan of a supported model. Default: false. */
  plan?: true;
}

/** How many elements of an array JSON has in full. */
const ELEMENTS_MAX = 16;

/** Reads what there is to know about a model. */
export async function inspectModel(file: ModelFile, options: InspectOptions): Promise<Inspection> {
  const { gguf } = file;
  const { metadata, tensors } = gguf;
  const list = [...tensors.values()];
  const model = await attempt(async () => plannedModel(gguf, await readTensors(file)));
  const tokenizer = await attempt(() => runSliced(createTokenizer(metadata)));
  const failure = model.failure ?? tokenizer.failure;
  const inspection: Inspection = {
    file: file.name,
    fileBytes: gguf.fileBytes,
    version: gguf.version,
    architecture: architectureName(metadata),
    parameters: list.reduce((sum, { shape }) => sum + product(shape), 0),
    tensorsCount: list.length,
    formats: formatsOf(gguf),
    notes: reencodingNotes(gguf),
    supported: failure === undefined,
    unsupported: failure,
    contextLength: model.value?.config.contextLengthTrained,
    tokenizer: tokenizer.value && tokenizerSummary(tokenizer.value),
    hasChatTemplate: metadata.has("tokenizer.chat_template"),
    machine: (await attempt(async () => describeLibrary())).value,
    metadata: metadataValues(metadata),
  };
  if (options.tensors) {
    inspection.tensors = list.map(({ name, type, shape, bytes, offset }) => ({ name, type, shape, bytes, offset }));
  }
  if (options.plan && model.value !== undefined) inspection.plan = printPlan(model.value.plan);
  return inspection;
}

/** The value of a computation, or why our own checks stopped it. */
async function attempt<Value>(work: () => Promise<Value>): Promise<{ value?: Value; failure?: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof ArpeggioError) return { failure: error.message };
    throw error;
  }
}

/** The model with the sizes that `loadModel` chooses, and one row of logits. */
function plannedModel(gguf: GgufFile, tensorData: TensorData): ModelPlan {
  const { contextLengthTrained } = architectureOf(gguf).configure(gguf);
  const sizes = resolveSizes({}, contextLengthTrained);
  const cacheBlocks = Math.ceil(sizes.cacheTokens / Limit.BLOCK_POSITIONS);
  return buildModel(gguf, { ...sizes, cacheBlocks, outputsMax: 1, precision: "q8", tensorData });
}

async function readTensors({ gguf, bytes }: ModelFile): Promise<TensorData> {
  const data = new Map<string, Uint8Array>();
  for (const tensor of tensorsToRead(gguf)) data.set(tensor.name, await bytes.read(tensor.offset, tensor.bytes));
  return data;
}

function architectureName(metadata: Metadata): string | undefined {
  const key = "general.architecture";
  return metadata.typeOf(key) === "string" ? metadata.getString(key) : undefined;
}

function formatsOf({ tensors }: GgufFile): Inspection["formats"] {
  const formats = new Map<string, Inspection["formats"][number]>();
  for (const { type, bytes } of tensors.values()) {
    const format = formats.get(type) ?? { type, tensors: 0, bytes: 0 };
    format.tensors++;
    format.bytes += bytes;
    formats.set(type, format);
  }
  return [...formats.values()].sort((a, b) => b.bytes - a.bytes);
}

function reencodingNotes(gguf: GgufFile): string[] {
  return formatsOf(gguf).flatMap(({ type }) => {
    if (!isWeightType(type) || TypeTileBits[type] === 0) return [];
    const bits = Number(((8 * TypeBytes[type]) / TypeValues[type]).toFixed(2));
    const now = `${TypeTileBits[type]} bits a value in memory instead of ${bits}, the same values`;
    if (TypeTileBits[type] > bits) return [`${type} is re-encoded to int8 codes when it is loaded: ${now}`];
    const where = "where its values are those of BF16 and have few exponents";
    return [`${type} is re-encoded when it is loaded ${where}: ${now}`];
  });
}

function tokenizerSummary({ kind, vocabularySize, warnings }: Tokenizer): NonNullable<Inspection["tokenizer"]> {
  return { kind, vocabularySize, warnings };
}

function metadataValues(metadata: Metadata): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { key, type, length } of metadata.entries({ elementsMax: 0 })) {
    const isLong = length !== undefined && length > ELEMENTS_MAX;
    values[key] = isLong ? { type, length } : plain(metadata.get(key).value);
  }
  return values;
}

/** A value that JSON can have: bytes that are not UTF-8 with U+FFFD in them, integers beyond 2^53 as strings. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (typeof value === "object" && value !== null && "value" in value) return plain(value.value);
  if (typeof value === "object" && value !== null) return Array.from(value as ArrayLike<unknown>, plain);
  return value;
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((result, number) => result * number, 1);
}
