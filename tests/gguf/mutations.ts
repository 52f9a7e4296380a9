/**
 * Broken variants of a good file: cut off at every byte of its header, or with one byte of it changed. All of them, or
 * a seeded sample. Used here against the parser and elsewhere against loading a whole model.
 */

import { seededRandom } from "./seeded_random.ts";

/** A broken file. */
export interface Mutation {
  /** What was done, for messages: "cut at 17", "byte 17 ^ 0xff". */
  readonly name: string;
  /**
   * The whole broken file. It shares the memory of the original: valid until the next one is asked for, which undoes
   * the change. Copy it to keep it.
   */
  readonly bytes: Uint8Array;
}

/** Which mutations to make. */
export interface MutationOptions {
  /** Only the first so many bytes are cut at or changed. Default: all of the file. */
  readonly headerBytes?: number;
  /** How many positions to choose at random. Default: every position, once. */
  readonly samples?: number;
  /** What the random choices depend on. Default: 1. */
  readonly seed?: number;
}

/** The file cut off at byte 0, 1, 2... (or at a sample of them); without copying. */
export function* truncations(file: Uint8Array, options: MutationOptions = {}): Generator<Mutation, void> {
  for (const position of positions(file, options)) {
    yield { name: `cut at ${position}`, bytes: file.subarray(0, position) };
  }
}

/**
 * The file with one byte changed: at every position (or a sample of them) once with all bits flipped and once with a
 * single bit, chosen by the seed, which gives values that are only slightly wrong. Changes `file` and changes it back.
 */
export function* byteFlips(file: Uint8Array, options: MutationOptions = {}): Generator<Mutation, void> {
  const random = seededRandom(options.seed ?? 1);
  for (const position of positions(file, options)) {
    const original = file[position];
    for (const mask of [0xff, 1 << (random() >>> 29)]) {
      try {
        file[position] = original ^ mask;
        yield { name: `byte ${position} ^ 0x${mask.toString(16)}`, bytes: file };
      } finally {
        file[position] = original;
      }
    }
  }
}

/** All truncations, then all flips: with `samples`, that many positions of each. */
export function* mutations(file: Uint8Array, options: MutationOptions = {}): Generator<Mutation, void> {
  yield* truncations(file, options);
  yield* byteFlips(file, options);
}

function* positions(file: Uint8Array, options: MutationOptions): Generator<number, void> {
  const end = Math.min(file.length, options.headerBytes ?? file.length);
  if (options.samples === undefined) {
    for (let position = 0; position < end; position++) yield position;
    return;
  }
  const random = seededRandom((options.seed ?? 1) + 0x9e3779b9);
  for (let i = 0; i < options.samples; i++) yield Math.floor((random() / 2 ** 32) * end);
}
