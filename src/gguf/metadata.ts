/**
 * The metadata of a GGUF file behind typed getters: what a caller gets has the type and the range it asked for, and
 * whatever has not is a {@linkcode GgufError} that names the key and the byte. What the keys mean is left to the
 * tokenizer and models.
 */

import { GgufError } from "../errors.ts";
import type { ArrayEntry, MetadataEntry } from "./metadata_entries.ts";
import { completeValue, printableValue, typeName } from "./metadata_value.ts";
import { type NumberArray, readNumbers } from "./number_array.ts";
import { StringArray } from "./string_array.ts";
import { decodeUtf8 } from "./utf8.ts";
import { isIntegerType, type MetadataValue, type NumberType, valueBytesMin } from "./value_types.ts";

/** Options of every getter. */
export interface GetOptions<Default> {
  /** What to return when the key is missing (`undefined` counts). Without it a missing key is an error. */
  default?: Default;
  /** What the value is needed for, for the error when it is missing: "the number of layers". */
  purpose?: string;
}

/** Options of {@linkcode Metadata.getUint} and {@linkcode Metadata.getFloat}. */
export interface GetNumberOptions<Default> extends GetOptions<Default> {
  /** The least value allowed. Default: 0 for `getUint`, no limit for `getFloat`. */
  min?: number;
  /** The greatest value allowed. Default: 2^53 - 1 for `getUint`, no limit (but finite) for `getFloat`. */
  max?: number;
}

/** Options of {@linkcode Metadata.getStrings}. */
export interface GetStringsOptions<Default> extends GetOptions<Default> {
  /** How many elements the array must have. Default: any number. */
  length?: number;
}

/** Options of {@linkcode Metadata.getNumbers}. */
export interface GetNumbersOptions<Default> extends GetStringsOptions<Default> {
  /** The element types allowed. Default: every numeric type. `"bool"` must be asked for and is read as 0 and 1. */
  elementTypes?: readonly (NumberType | "bool")[];
  /** The least element allowed. Default: no limit. With `min` or `max`, NaN is refused too. */
  min?: number;
  /** The greatest element allowed. Default: no limit. */
  max?: number;
}

/** One line of a listing of all metadata. */
export interface MetadataSummary {
  /** The key. */
  readonly key: string;
  /** The type, such as `"uint32"` or `"array<string>"`. */
  readonly type: string;
  /** Where the value begins in the file. */
  readonly offsetBytes: number;
  /** How many elements an array has; `undefined` for everything else. */
  readonly length: number | undefined;
  /** The value in printable characters, strings in quotes; of an array the first elements only. */
  readonly text: string;
}

const NUMBER_TYPES: readonly NumberType[] = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "uint64",
  "int64",
  "float32",
  "float64",
];

/** The keys and values of a GGUF file. */
export class Metadata {
  readonly #header: Uint8Array;
  readonly #entries: ReadonlyMap<string, MetadataEntry>;

  /** `header` are the bytes of the file the entries were read from; they must not change any more. */
  constructor(header: Uint8Array, entries: ReadonlyMap<string, MetadataEntry>) {
    this.#header = header;
    this.#entries = entries;
  }

  /** How many keys there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether the key is there, with whatever type. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** All keys in the order of the file. */
  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** The type of a key, such as `"uint32"` or `"array<string>"`; `undefined` when it is missing. */
  typeOf(key: string): string | undefined {
    const entry = this.#entries.get(key);
    return entry && typeName(entry);
  }

  /** Where the value of a key begins in the file; `undefined` when the key is missing. */
  offsetOf(key: string): number | undefined {
    return this.#entries.get(key)?.offset;
  }

  /** The text of a string. */
  getString<Default = never>(key: string, options: GetOptions<Default> = {}): string | Default {
    const entry = this.#find(key, options);
    if (entry === undefined) return options.default as Default;
    if (entry.type !== "string") throw this.#typeError(key, entry, "a string");
    const text = decodeUtf8(this.#header, entry);
    if (text === undefined) throw this.errorAt(key, "Expected a string in UTF-8");
    return text;
  }

  /** A whole number of any integer type. */
  getUint<Default = never>(key: string, options: GetNumberOptions<Default> = {}): number | Default {
    const entry = this.#find(key, options);
    if (entry === undefined) return options.default as Default;
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
    if (!isIntegerType(entry.type)) throw this.#typeError(key, entry, "an integer");
    const { value } = entry as { value: number | bigint };
    if (typeof value === "bigint" || value < min || value > max) {
      throw this.errorAt(key, `Expected an integer in [${min}, ${max}] but found ${value}`);
    }
    return value;
  }

  /** A finite number of type float32 or float64. */
  getFloat<Default = never>(key: string, options: GetNumberOptions<Default> = {}): number | Default {
    const entry = this.#find(key, options);
    if (entry === undefined) return options.default as Default;
    if (entry.type !== "float32" && entry.type !== "float64") throw this.#typeError(key, entry, "a float");
    const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = options;
    const value = entry.value as number;
    if (value >= min && value <= max) return value;
    const limited = options.min !== undefined || options.max !== undefined;
    const expected = limited ? `a number in [${min}, ${max}]` : "a finite number";
    throw this.errorAt(key, `Expected ${expected} but found ${value}`);
  }

  /** A truth value of type bool. */
  getBoolean<Default = never>(key: string, options: GetOptions<Default> = {}): boolean | Default {
    const entry = this.#find(key, options);
    if (entry === undefined) return options.default as Default;
    if (entry.type !== "bool") throw this.#typeError(key, entry, "a bool");
    return entry.value as boolean;
  }

  /** An array of strings, which are decoded one by one when asked for. */
  getStrings<Default = never>(key: string, options: GetStringsOptions<Default> = {}): StringArray | Default {
    const entry = this.#find(key, options);
    if (entry === undefined) return options.default as Default;
    if (entry.type !== "array" || entry.starts === undefined) throw this.#typeError(key, entry, "an array of strings");
    this.#checkLength(key, entry, options.length);
    return new StringArray(this.#header, { key, starts: entry.starts });
  }

  /** An array of numbers, as a typed array of its own. 64-bit integers must be safe integers and come as float64. */
  getNumbers<Default = never>(key: string, options: GetNumbersOptions<Default> = {}): NumberArray | Default {
    const entry = this.#find(key, options);
    if (entry === undefined) return options.default as Default;
    const { elementTypes = NUMBER_TYPES, min = -Infinity, max = Infinity } = options;
    const elementType = entry.type === "array" ? elementTypes.find((type) => type === entry.elementType) : undefined;
    if (entry.type !== "array" || elementType === undefined) {
      const expected = elementTypes === NUMBER_TYPES ? "numbers" : elementTypes.join(" or ");
      throw this.#typeError(key, entry, `an array of ${expected}`);
    }
    this.#checkLength(key, entry, options.length);
    const numbers = readNumbers(this.#header, { elementType, start: entry.start, length: entry.length });
    const wide = elementType === "uint64" || elementType === "int64";
    if (wide || options.min !== undefined || options.max !== undefined) {
      const low = wide ? Math.max(min, Number.MIN_SAFE_INTEGER) : min;
      const high = wide ? Math.min(max, Number.MAX_SAFE_INTEGER) : max;
      // A plain loop: ten times faster than findIndex, and this may be a whole vocabulary.
      for (let index = 0; index < numbers.length; index++) {
        if (numbers[index] >= low && numbers[index] <= high) continue;
        const found = numbers[index];
        throw this.errorAt(key, `Expected element ${index} to be in [${low}, ${high}] but found ${found}`, { index });
      }
    }
    return numbers;
  }

  /** The complete value of a key of any type, in the form the writer takes. Large: prefer the other getters. */
  get(key: string): MetadataValue {
    return completeValue(this.#header, this.#find(key, {})!);
  }

  /** Every key with its type and a printable value, in the order of the file; of arrays the first `elementsMax` (6). */
  *entries(options: { elementsMax?: number } = {}): Generator<MetadataSummary, void> {
    const { elementsMax = 6 } = options;
    for (const [key, entry] of this.#entries) {
      let text = printableValue(completeValue(this.#header, entry, elementsMax));
      const length = entry.type === "array" ? entry.length : undefined;
      if (length !== undefined && length > elementsMax) {
        text = `${text.slice(0, -1)}${elementsMax > 0 ? ", " : ""}...]`;
      }
      yield { key, type: typeName(entry), offsetBytes: entry.offset, length, text };
    }
  }

  /**
   * An error about the value of a key (or about one element of its array), for callers who find that a value makes no
   * sense. It names the key and the byte where the value or the element begins.
   */
  errorAt(key: string, message: string, options: { index?: number } = {}): GgufError {
    const entry = this.#entries.get(key);
    if (entry === undefined) return new GgufError(message, { key });
    const { index } = options;
    const inside = index !== undefined && entry.type === "array" ? elementOffset(entry, index) : undefined;
    return new GgufError(message, { key, offsetBytes: inside ?? entry.offset });
  }

  #find(key: string, options: GetOptions<unknown>): MetadataEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined || "default" in options) return entry;
    const purpose = options.purpose === undefined ? "" : `, which is needed for ${options.purpose},`;
    throw new GgufError(`Expected the metadata key${purpose} but the file does not have it`, { key });
  }

  #typeError(key: string, entry: MetadataEntry, expected: string): GgufError {
    return this.errorAt(key, `Expected ${expected} but found the type ${typeName(entry)}`);
  }

  #checkLength(key: string, entry: ArrayEntry, length: number | undefined): void {
    if (length === undefined || length === entry.length) return;
    throw this.errorAt(key, `Expected an array of ${length} elements but found ${entry.length}`);
  }
}

/** Where an element begins; `undefined` for nested arrays, whose elements have no fixed place. */
function elementOffset(entry: ArrayEntry, index: number): number | undefined {
  if (entry.starts !== undefined) return entry.starts[index];
  return entry.elementType === "array" ? undefined : entry.start + index * valueBytesMin[entry.elementType];
}
