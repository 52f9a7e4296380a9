/** Reads and checks the merges of byte-level BPE. */

import type { Metadata } from "../gguf/metadata.ts";
import { PRIORITIES_MAX } from "./pair_merger.ts";
import { PairTable } from "./pair_table.ts";
import { mayArise, type Vocabulary } from "./vocabulary.ts";

const MERGES_KEY = "tokenizer.ggml.merges";

/** How many merges are read between two yields: a tenth of a millisecond. */
const MERGES_PER_STEP = 256;

const SPACE = 0x20;

/**
 * The merges: "a b" makes the token "ab" of the tokens "a" and "b"; a merge's number is its rank. A merge that makes a
 * token which must not arise from text, such as a control token, is left out.
 *
 * @throws {GgufError} When there are none, or one is not of two tokens that make a token.
 */
export function* readMerges(metadata: Metadata, vocabulary: Vocabulary): Generator<void, PairTable> {
  const { table } = vocabulary;
  const merges = metadata.getStrings(MERGES_KEY, { purpose: "byte-level BPE" });
  if (merges.length > PRIORITIES_MAX) {
    throw metadata.errorAt(MERGES_KEY, `Expected at most ${PRIORITIES_MAX} merges but found ${merges.length}`);
  }
  const pairs = new PairTable(merges.length);
  const joined = new Uint8Array(table.longestBytes);
  for (let number = 0; number < merges.length; number++) {
    if (number % MERGES_PER_STEP === 0) yield;
    const bytes = merges.bytes(number);
    // From the second byte on: a token may be a space itself.
    const space = bytes.indexOf(SPACE, 1);
    const fault = (what: string) => {
      const text = JSON.stringify(new TextDecoder().decode(bytes.subarray(0, 128)));
      return metadata.errorAt(MERGES_KEY, `Expected merge ${number}, ${text}, to be ${what}`, { index: number });
    };
    if (space < 0 || space === bytes.length - 1) throw fault("two tokens with a space between them");
    const left = table.find(bytes, 0, space);
    const right = table.find(bytes, space + 1, bytes.length);
    if (left < 0 || right < 0) throw fault("of tokens of the vocabulary");
    const length = bytes.length - 1;
    // What does not fit is longer than every token.
    for (let i = 0; i < space; i++) joined[i] = bytes[i];
    for (let i = space; i < length; i++) joined[i] = bytes[i + 1];
    const result = table.find(joined, 0, length);
    if (result < 0) throw fault("of tokens that make a token of the vocabulary");
    if (!mayArise(vocabulary, result)) continue;
    if (!pairs.add(number, { left, right, result })) throw fault("one of an ordinary list, not made to collide");
  }
  return pairs;
}
