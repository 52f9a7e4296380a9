/**
 * Reads the header of a GGUF file step by step and never beyond its end: every read and every count is compared with
 * the bytes that remain before anything is read or allocated. What the values mean is left to the callers.
 */

import { GgufError } from "../errors.ts";
import { decodeUtf8 } from "./utf8.ts";
import { NAME_BYTES_MAX, type ScalarType, type ValueType, valueTypes } from "./value_types.ts";

/**
 * The largest header that is read. The largest known ones (262k tokens with scores and types, or 200k tokens with 440k
 * merges) take 10 to 15 MB and files that carry a whole tokenizer.json 20 MB more, so this is an order of magnitude
 * above what exists, and an offset into it fits 32 bits.
 */
export const HEADER_BYTES_MAX: number = 256 * 1024 * 1024;

/** The bytes at hand are only the beginning of the file, and the header goes on. Never leaves the folder. */
export class NeedMoreBytes extends Error {
  override name = "NeedMoreBytes";
  /** How many bytes from the start of the file are needed to get past this point; never more than the file has. */
  readonly bytesMin: number;

  constructor(bytesMin: number) {
    super(`Expected the first ${bytesMin} bytes of the file`);
    this.bytesMin = bytesMin;
  }
}

/** A position in the header, with bounds-checked reads that advance it. Little endian. */
export class Cursor {
  readonly bytes: Uint8Array;
  /** Where the next read starts, in bytes from the start of the file. */
  offset = 0;
  /** The metadata key or tensor name being read, for errors. */
  key: string | undefined = undefined;
  readonly #view: DataView;
  readonly #fileBytes: number;
  readonly #end: number;

  /** `bytes` are the first bytes of a file of `fileBytes` bytes. */
  constructor(bytes: Uint8Array, fileBytes: number) {
    this.#fileBytes = fileBytes;
    this.#end = Math.min(fileBytes, HEADER_BYTES_MAX);
    this.bytes = bytes.subarray(0, this.#end);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, this.bytes.length);
  }

  /** An error at the given offset, by default the current one, about the current key. */
  error(message: string, offsetBytes: number = this.offset): GgufError {
    return new GgufError(message, this.key === undefined ? { offsetBytes } : { key: this.key, offsetBytes });
  }

  /** Makes sure that `length` more bytes can be read. */
  need(length: number, what: string): void {
    if (this.offset + length <= this.bytes.length) return;
    const left = this.#end - this.offset;
    if (length <= left) throw new NeedMoreBytes(this.offset + length);
    if (this.#end < this.#fileBytes) {
      throw this.error(`Expected a header of at most ${HEADER_BYTES_MAX} bytes but found ${length} bytes of ${what}`);
    }
    throw this.error(`Expected ${length} bytes of ${what} but the file ends after ${left}`);
  }

  /** A byte. `what` names it in errors. */
  uint8(what: string): number {
    this.need(1, what);
    return this.#view.getUint8(this.offset++);
  }

  /** A 32-bit unsigned integer. `what` names it in errors. */
  uint32(what: string): number {
    this.need(4, what);
    const value = this.#view.getUint32(this.offset, true);
    this.offset += 4;
    return value;
  }

  /** A 64-bit unsigned integer. `what` names it in errors. */
  uint64(what: string): bigint {
    this.need(8, what);
    const value = this.#view.getBigUint64(this.offset, true);
    this.offset += 8;
    return value;
  }

  /** Reads how many items of at least `bytesMin` bytes each follow; that many fit into the rest of the header. */
  count(what: string, bytesMin: number): number {
    const at = this.offset;
    this.need(8, `the number of ${what}`);
    this.offset += 8;
    // Beyond 2^53 the sum is rounded, but never down to something that fits.
    const count = this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
    const left = this.#end - this.offset;
    const countMax = Math.floor(left / bytesMin);
    if (count > countMax) {
      const where = this.#end < this.#fileBytes ? `up to the header limit of ${HEADER_BYTES_MAX}` : "that remain";
      const found = this.#view.getBigUint64(at, true);
      throw this.error(`Expected at most ${countMax} ${what} in the ${left} bytes ${where} but found ${found}`, at);
    }
    return count;
  }

  /** Reads the length of a string and steps over its bytes. */
  string(what: string): { start: number; end: number } {
    const length = this.count(`bytes of ${what}`, 1);
    this.need(length, what);
    const start = this.offset;
    this.offset += length;
    return { start, end: this.offset };
  }

  /**
   * Steps over up to `count` strings in a row, noting in `starts` (when given, from `from` on) where the bytes of each
   * begin. The loop over a vocabulary: no object is made per string.
   */
  strings(count: number, noted?: { starts: Uint32Array; from: number }): void {
    const { bytes } = this;
    let offset = this.offset;
    for (let i = 0; i < count; i++) {
      let next = Infinity;
      // Single bytes, not the DataView: the same speed in V8 and ten times faster in JavaScriptCore (2 against 20 ms
      // for 300k strings). The usual case is a length below 2^24, the five upper bytes zero.
      if (
        offset + 8 <= bytes.length &&
        (bytes[offset + 3] | bytes[offset + 4] | bytes[offset + 5] | bytes[offset + 6] | bytes[offset + 7]) === 0
      ) {
        next = offset + 8 + (bytes[offset] | bytes[offset + 1] << 8 | bytes[offset + 2] << 16);
      }
      if (next > bytes.length) {
        // Very long, or something is wrong: the careful reader finds out, and says so.
        this.offset = offset;
        next = this.string(noted === undefined ? "a string" : `string ${noted.from + i} of the array`).end;
      }
      if (noted !== undefined) noted.starts[noted.from + i] = offset + 8;
      offset = next;
    }
    this.offset = offset;
  }

  /** Reads a key or a tensor name: strict UTF-8, so that two different names never become the same string. */
  name(what: string): string {
    const at = this.offset;
    const { start, end } = this.string(what);
    if (end === start || end - start > NAME_BYTES_MAX) {
      throw this.error(`Expected ${what} of 1 to ${NAME_BYTES_MAX} bytes but found ${end - start}`, at);
    }
    const name = decodeUtf8(this.bytes, { start, end });
    if (name === undefined) throw this.error(`Expected ${what} in UTF-8`, start);
    return name;
  }

  /** Reads the number of a metadata type. */
  valueType(what: string): ValueType {
    const at = this.offset;
    const id = this.uint32(what);
    if (id >= valueTypes.length) {
      throw this.error(`Expected ${what} to be from 0 to ${valueTypes.length - 1} but found ${id}`, at);
    }
    return valueTypes[id];
  }

  /** Reads a value of a fixed size; 64-bit integers outside the safe integers stay bigints. */
  scalar(type: ScalarType): number | bigint | boolean {
    const at = this.offset;
    const view = this.#view;
    switch (type) {
      case "uint8":
        return this.uint8(type);
      case "bool": {
        const value = this.uint8(type);
        if (value > 1) throw this.error(`Expected a bool to be 0 or 1 but found ${value}`, at);
        return value === 1;
      }
      case "int8":
        this.#step(1, type);
        return view.getInt8(at);
      case "uint16":
        this.#step(2, type);
        return view.getUint16(at, true);
      case "int16":
        this.#step(2, type);
        return view.getInt16(at, true);
      case "uint32":
        return this.uint32(type);
      case "int32":
        this.#step(4, type);
        return view.getInt32(at, true);
      case "float32":
        this.#step(4, type);
        return view.getFloat32(at, true);
      case "float64":
        this.#step(8, type);
        return view.getFloat64(at, true);
      case "uint64":
        return numberWhereSafe(this.uint64(type));
      case "int64":
        this.#step(8, type);
        return numberWhereSafe(view.getBigInt64(at, true));
    }
  }

  #step(length: number, what: string): void {
    this.need(length, what);
    this.offset += length;
  }
}

function numberWhereSafe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
