/**
 * Encodes GGUF header values into a growing run of bytes, little endian. Values that do not fit their type are refused;
 * which values a header has and in which order is decided in write.ts.
 */

import {
  ARRAY_DEPTH_MAX,
  integerRanges,
  isIntegerType,
  type MetadataArray,
  type MetadataValue,
  NAME_BYTES_MAX,
  type ScalarType,
  valueBytesMin,
  type ValueType,
  valueTypes,
} from "./value_types.ts";

const encoder = new TextEncoder();

/** A run of bytes that grows at its end. `key` names the value being encoded, for errors. */
export class HeaderEncoder {
  /** The metadata key or tensor name being encoded. */
  key = "";
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** How many bytes there are so far. */
  get length(): number {
    return this.#length;
  }

  /** The bytes so far, followed by zeros up to `length` bytes. */
  finish(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(0, this.#length));
    return bytes;
  }

  uint32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  uint64(value: number | bigint): void {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  /** A key or a tensor name. */
  name(text: string): void {
    const bytes = this.#encodeText(text);
    if (bytes.length < 1 || bytes.length > NAME_BYTES_MAX) {
      throw new RangeError(`Expected a name of 1 to ${NAME_BYTES_MAX} bytes but found ${bytes.length}`);
    }
    this.string(bytes);
  }

  /** A length and the bytes of a text; bytes are taken as they are. */
  string(value: string | Uint8Array): void {
    const bytes = typeof value === "string" ? this.#encodeText(value) : value;
    this.uint64(bytes.length);
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** The number of a metadata type and the value. */
  value(value: MetadataValue): void {
    this.#type(value.type);
    if (value.type === "array") this.#array(value, 1);
    else if (value.type === "string") this.string(value.value);
    else this.#scalar(value.type, value.value);
  }

  #type(type: ValueType): void {
    const id = valueTypes.indexOf(type);
    if (id < 0) throw new TypeError(`Expected a metadata type but found ${JSON.stringify(type)} in ${this.#name()}`);
    this.uint32(id);
  }

  #array(array: MetadataArray, depth: number): void {
    if (depth > ARRAY_DEPTH_MAX) {
      throw new RangeError(
        `Expected arrays to be nested at most ${ARRAY_DEPTH_MAX} deep but found more in ${this.#name()}`,
      );
    }
    this.#type(array.elementType);
    this.uint64(array.value.length);
    for (let i = 0; i < array.value.length; i++) {
      if (array.elementType === "array") this.#array(array.value[i], depth + 1);
      else if (array.elementType === "string") this.string(array.value[i]);
      else this.#scalar(array.elementType, array.value[i]);
    }
  }

  #scalar(type: ScalarType, value: number | bigint | boolean): void {
    if (type === "bool") {
      if (typeof value !== "boolean") throw this.#mismatch(type, value);
      const at = this.#grow(1);
      this.#view.setUint8(at, value ? 1 : 0);
      return;
    }
    if (isIntegerType(type)) {
      if (typeof value !== "bigint" && !Number.isSafeInteger(value)) throw this.#mismatch(type, value);
      const [min, max] = integerRanges[type];
      if (BigInt(value) < min || BigInt(value) > max) throw this.#mismatch(type, value);
    } else if (typeof value !== "number") {
      throw this.#mismatch(type, value);
    }
    this.#number(type, value);
  }

  /** Writes a number that fits its type. The sign of an integer is in its two's complement bits. */
  #number(type: ScalarType, value: number | bigint | boolean): void {
    const bytes = valueBytesMin[type];
    const at = this.#grow(bytes);
    if (type === "float32") this.#view.setFloat32(at, Number(value), true);
    else if (type === "float64") this.#view.setFloat64(at, Number(value), true);
    else if (bytes === 8) this.#view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
    else if (bytes === 4) this.#view.setUint32(at, Number(value), true);
    else if (bytes === 2) this.#view.setUint16(at, Number(value), true);
    else this.#view.setUint8(at, Number(value));
  }

  #encodeText(text: string): Uint8Array {
    // A lone surrogate would silently become U+FFFD.
    if (!text.isWellFormed()) throw new RangeError(`Expected well-formed text but found ${JSON.stringify(text)}`);
    return encoder.encode(text);
  }

  #mismatch(type: ScalarType, value: unknown): RangeError {
    return new RangeError(`Expected ${this.#name()} to be a ${type} but found ${String(value)}`);
  }

  #name(): string {
    return JSON.stringify(this.key);
  }

  /**
   * Makes room for `count` more bytes and returns where they begin. Replaces the view: call it before naming the view.
   */
  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
