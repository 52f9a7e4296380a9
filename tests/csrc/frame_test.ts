// Frames that arp_run and arp_submit must refuse: each is a valid step with something broken. What was refused leaves
// the plan as it was.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Status } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import { createObjects, outcomeOf } from "./raw_plan.ts";

/** The parts of a frame. The header says how many there are, unless a test says otherwise. */
interface Parts {
  readonly ids: readonly number[];
  readonly positions: readonly number[];
  readonly sequences: readonly number[];
  readonly outputs: readonly number[];
  readonly tables: readonly (readonly number[])[];
  readonly prefixes?: readonly number[];
  /** Per token. */
  readonly masks?: readonly (readonly number[])[];
  /** Words of the header: tokens, outputs, sequences, blocks of a table, prefixes, words of a mask. */
  readonly header?: readonly number[];
}

/** Two texts, of the plan of raw_plan.ts: 20 tokens, 192 positions, 3 blocks, at most 8 tokens and 4 outputs. */
const valid: Parts = {
  ids: [1, 19, 3],
  positions: [0, 1, 64],
  sequences: [0, 0, 1],
  outputs: [2, 0],
  tables: [[2, 0], [0, 1]],
};

function encode(parts: Parts): Uint32Array {
  const { ids, positions, sequences, outputs, tables, prefixes, masks, header } = parts;
  const sizes = [ids.length, outputs.length, tables.length, tables[0]?.length ?? 0];
  const counts = header ?? [...sizes, prefixes === undefined ? 0 : 1, masks?.[0].length ?? 0];
  const rest = [...tables.flat(), ...prefixes ?? [], ...masks?.flat() ?? []];
  return Uint32Array.of(...counts, ...ids, ...positions, ...sequences, ...outputs, ...rest);
}

const zeros = (count: number) => Array.from({ length: count }, () => 0);
const cases: Record<string, { parts?: Partial<Parts>; words?: (frame: Uint32Array) => Uint32Array; text: RegExp }> = {
  "no words": { words: (frame) => frame.subarray(0, 0), text: /0 words has no header/ },
  "half a header": { words: (frame) => frame.subarray(0, 5), text: /5 words has no header/ },
  "a header alone": { words: (frame) => frame.subarray(0, 6), text: /6 words, expected 21/ },
  "a word too few": { words: (frame) => frame.subarray(0, -1), text: /20 words, expected 21/ },
  "a word too many": { words: (frame) => Uint32Array.of(...frame, 0), text: /22 words, expected 21/ },
  "no tokens": { parts: { ids: [], positions: [], sequences: [] }, text: /0 tokens/ },
  "too many tokens": {
    parts: { ids: zeros(9), positions: [0, 1, 2, 3, 4, 5, 6, 7, 8], sequences: zeros(9), outputs: [] },
    text: /9 tokens/,
  },
  "too many outputs": { parts: { outputs: [0, 1, 2, 0, 1] }, text: /5 outputs, 2 sequences; the plan takes 8 and 4/ },
  "no sequences": { parts: { tables: [] }, text: /0 sequences/ },
  "more sequences than tokens": { parts: { tables: [[0], [1], [2], [0]] }, text: /3 tokens, 2 outputs, 4 sequences/ },
  "tokens in numbers that overflow": { parts: { header: [2 ** 32 - 1, 2, 2, 2, 0, 0] }, text: /4294967295 tokens/ },
  "outputs in numbers that overflow": { parts: { header: [3, 2 ** 32 - 1, 2, 2, 0, 0] }, text: /4294967295 outputs/ },
  "tables in numbers that overflow": { parts: { header: [3, 2, 2, 2 ** 31, 0, 0] }, text: /2 block tables of 2147/ },
  "tables that just do not overflow": { parts: { header: [3, 2, 2, 2 ** 31 - 1, 0, 0] }, text: /expected 4294967311/ },
  "prefixes of another kind": { parts: { header: [3, 2, 2, 2, 2, 0] }, text: /2 for prefixes/ },
  "masks beyond the context": {
    parts: { header: [3, 2, 2, 2, 0, 7] },
    text: /masks of 7 words, expected at most 1 and 6/,
  },
  "masks that are not there": { parts: { header: [3, 2, 2, 2, 0, 2] }, text: /21 words, expected 27/ },
  "a prefix that goes on": { parts: { prefixes: [3, 0] }, text: /Token 0 sees position 2 but the last one .* is 1/ },
  "a mask of positions still to come": {
    parts: { masks: [[1, 0, 0], [4, 0, 0], [0, 0, 1]] },
    text: /Token 1 sees position 2 but the last one .* is 1/,
  },
  "a mask of positions without a block": {
    parts: { tables: [[2, 0], [2 ** 32 - 1, 1]], masks: [[1, 0, 0], [1, 0, 0], [0, 1, 1]] },
    text: /Token 2 at position 64 needs block 0 of its table in group 0, which is missing/,
  },
  "a missing block that is written": {
    parts: { tables: [[2, 0], [0, 2 ** 32 - 1]] },
    text: /Token 2 at position 64 needs block 1 of its table in group 0, which is missing/,
  },
  "a missing block that is seen": {
    parts: { tables: [[2, 0], [2 ** 32 - 1, 1]] },
    text: /Token 2 at position 64 needs block 0 of its table in group 0, which is missing/,
  },
  "a token id that does not exist": { parts: { ids: [1, 20, 3] }, text: /Token 1 has id 20, expected one below 20/ },
  "a negative token id": { parts: { ids: [1, 2, -1] }, text: /Token 2 has id 4294967295/ },
  "a position beyond the context": { parts: { positions: [0, 192, 64] }, text: /Token 1 has position 192/ },
  "a negative position": { parts: { positions: [-1, 1, 64] }, text: /Token 0 has position 4294967295/ },
  "a position beyond its table": {
    parts: { positions: [0, 1, 128] },
    text: /Position 128 is beyond a block table of 2/,
  },
  "positions without tables": { parts: { tables: [[], []] }, text: /Position 0 is beyond a block table of 0/ },
  "a sequence that does not exist": { parts: { sequences: [0, 0, 2] }, text: /Token 2 is of sequence 2 of 2/ },
  "an output of a token that does not exist": { parts: { outputs: [2, 3] }, text: /Output row 3 of 3 tokens/ },
  "a block that does not exist": { parts: { tables: [[2, 0], [0, 3]] }, text: /Block 3 of 3/ },
  "a block that does not exist where nobody looks": { parts: { tables: [[2, 9], [0, 1]] }, text: /Block 9 of 3/ },
};

describe("a step is refused that has", () => {
  const objects = createObjects();
  const { functions } = openLibrary();
  const plan = objects.create(objects.raw).result;
  const logits = new Float32Array(2 * 20);

  /** Executes a step and reads what the last op wrote. */
  function run(frame: Uint32Array): Float32Array {
    const wide = Float32Array.from({ length: 2 * 256 }, (_, i) => i % 5 - 2);
    assert.equal(functions.arp_write(plan, objects.buffer("wide"), 0, 2, wide, wide.byteLength), Status.OK);
    const status = functions.arp_run(plan, frame, frame.length, 2 ** 31, null);
    const end = status === Status.PENDING ? functions.arp_wait(plan, 10000, null) : status;
    assert.equal(end, Status.OK);
    assert.equal(functions.arp_read(plan, objects.buffer("logits"), 0, 2, logits, logits.byteLength), Status.OK);
    return logits.slice();
  }
  const expected = run(encode(valid));
  assert.ok(expected.every((value) => Number.isFinite(value)) && expected.some((value) => value !== 0));

  for (const [what, { parts = {}, words = (frame: Uint32Array) => frame, text: message }] of Object.entries(cases)) {
    it(what, () => {
      const frame = words(encode({ ...valid, ...parts }));
      const given = frame.length === 0 ? new Uint32Array(1) : frame;
      for (
        const call of [
          (error: Uint8Array) => functions.arp_run(plan, given, frame.length, 1000, error),
          (error: Uint8Array) => functions.arp_submit(plan, given, frame.length, error),
        ]
      ) {
        const { result, instruction, text } = outcomeOf(call);
        assert.equal(result, Status.INVALID, text);
        assert.match(text, message);
        assert.equal(instruction, -1);
      }
      assert.deepEqual(run(encode(valid)), expected);
    });
  }

  it("nothing wrong with it, up to all limits: not", () => {
    const ids = Array.from({ length: 8 }, (_, i) => i);
    const parts = { ids, positions: ids.map((i) => 184 + i), sequences: zeros(8), outputs: [7, 7, 0, 3] };
    const frame = encode({ ...parts, tables: [[0, 1, 2]] });
    assert.equal(functions.arp_submit(plan, frame, frame.length, null), Status.OK);
    assert.equal(functions.arp_wait(plan, 10000, null), Status.OK);
    const none = encode({ ...valid, outputs: [] });
    assert.equal(functions.arp_submit(plan, none, none.length, null), Status.OK);
    assert.equal(functions.arp_wait(plan, 10000, null), Status.OK);
  });

  it("rows to read or write that there are not", () => {
    const [buffer, tokens] = [objects.buffer("wide"), objects.buffer("x")];
    const values = new Float32Array(8 * 256);
    const read = (...[index, row, rows, bytes]: [number, number, number, number]) =>
      functions.arp_read(plan, index, row, rows, values, bytes);
    assert.equal(read(buffer, 0, 4, 4096), Status.OK);
    assert.equal(read(buffer, 0, 4, 4095), Status.INVALID);
    assert.equal(read(buffer, 0, 5, 5120), Status.INVALID);
    assert.equal(read(buffer, 4, 1, 1024), Status.INVALID);
    assert.equal(read(buffer, 2 ** 32 - 1, 2, 2048), Status.INVALID);
    assert.equal(read(buffer, 1, 2 ** 32 - 1, 2 ** 32 - 1024), Status.INVALID);
    assert.equal(read(tokens, 7, 1, 256), Status.OK);
    assert.equal(read(objects.buffer("h8"), 0, 1, 256), Status.INVALID, "int8 blocks are nobody's business");
    assert.equal(read(13, 0, 1, 256), Status.INVALID);
    assert.equal(functions.arp_write(plan, 13, 0, 1, values, 256), Status.INVALID);
    assert.equal(functions.arp_profile(plan, new Float64Array(16), 16), Status.INVALID, "15 instructions");
    assert.equal(functions.arp_profile(plan, new Float64Array(15), 15), Status.OK);
  });
});
