/**
 * What a weight format is to the oracle: its sizes, and a function from the bytes of one block to the numbers they
 * stand for. Numbers are f64, so that products of scales and quants are exact.
 */

/** A format. A plain number is a block of one value. */
export interface BlockFormat {
  /** Values in a block. */
  readonly values: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** Puts the values of a block (of plain numbers: of as many as there are) into `values`. */
  readonly decode: (block: DataView, values: Float64Array) => void;
}

/** Little-endian reads, short because the formats below are read as formulas. */
export function f16(block: DataView, offset: number): number {
  return block.getFloat16(offset, true);
}

export function u8(block: DataView, offset: number): number {
  return block.getUint8(offset);
}

export function i8(block: DataView, offset: number): number {
  return block.getInt8(offset);
}

export function u16(block: DataView, offset: number): number {
  return block.getUint16(offset, true);
}

export function u32(block: DataView, offset: number): number {
  return block.getUint32(offset, true);
}

/** Bit i of a number, as 0 or 1. */
export function bit(number: number, i: number): number {
  return (number >>> i) & 1;
}

/** `count` bits of a number from bit i on. */
export function bits(number: number, i: number, count: number): number {
  return (number >>> i) & (2 ** count - 1);
}
