// Plans that arp_plan_create must refuse: each is a valid plan with something broken, is refused with INVALID, and the
// message names the instruction or buffer. Plans that are broken at random are in plan_fuzz_test.ts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Flag, Limit, NONE, Op, Rows, Status, Type } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import {
  type BufferFields,
  copyPlan,
  createObjects,
  type InstrFields,
  type RawObjects,
  type RawPlan,
  setBuffer,
  setInstruction,
  setShape,
  type ShapeFields,
} from "./raw_plan.ts";

/** What is broken, and what the message must match. The instruction in question is `at`; without it, none is. */
interface Malformed {
  readonly text: RegExp;
  readonly at?: string;
  readonly instruction?: InstrFields;
  readonly buffers?: Readonly<Record<string, BufferFields>>;
  readonly shape?: ShapeFields;
}

type Table = (objects: RawObjects) => Readonly<Record<string, Malformed>>;

const shapes: Table = () => ({
  "no instructions": { shape: { instructions: 0 }, text: /0 instructions/ },
  "too many instructions": { shape: { instructions: Limit.INSTRUCTIONS + 1 }, text: /65537 instructions/ },
  "more instructions than any memory": { shape: { instructions: 2 ** 32 - 1 }, text: /4294967295 instructions/ },
  "no buffers": { shape: { buffers: 0 }, text: /0 buffers/ },
  "too many buffers": { shape: { buffers: Limit.BUFFERS + 1 }, text: /4097 buffers/ },
  "no tokens": { shape: { tokensMax: 0 }, text: /0 tokens/ },
  "too many tokens": { shape: { tokensMax: Limit.TOKENS + 1 }, text: /4097 tokens/ },
  "no outputs": { shape: { outputsMax: 0 }, text: /0 outputs/ },
  "more outputs than tokens": { shape: { outputsMax: 9 }, text: /8 tokens and 9 outputs/ },
  "no context": { shape: { contextLength: 0 }, text: /0 positions/ },
  "a context beyond exact angles": { shape: { contextLength: 2 ** 20 + 1 }, text: /1048577 positions/ },
  "too many threads": { shape: { threads: Limit.THREADS + 1 }, text: /65 threads/ },
  "no arena": { shape: { arenaBytes: 0 }, text: /arena of 0 bytes/ },
  "a negative arena": { shape: { arenaBytes: -4096 }, text: /arena of -4096 bytes/ },
  "an arena of NaN bytes": { shape: { arenaBytes: NaN }, text: /arena of -?nan bytes/i },
  "an infinite arena": { shape: { arenaBytes: Infinity }, text: /arena of inf\w* bytes/i },
  "an arena beyond addresses": { shape: { arenaBytes: 2 ** 47 }, text: /arena of 140737488355328 bytes/ },
  "an arena too small for the last buffer": {
    shape: { arenaBytes: 24576 - 1 },
    text: /does not fit an arena of 24575/,
  },
  "more tokens than the arena has room for": { shape: { tokensMax: 4096 }, text: /Buffer 0 .* does not fit/ },
  "fewer tokens than outputs": { shape: { tokensMax: 3 }, text: /3 tokens and 4 outputs/ },
});

const buffers: Table = ({ buffer }) => ({
  "a misaligned buffer": { buffers: { sum: { offset: 16384n + 16n } }, text: new RegExp(`Buffer ${buffer("sum")}`) },
  "a buffer behind the arena": { buffers: { x: { offset: 2n ** 40n } }, text: /Buffer 0 .* does not fit/ },
  "a buffer that begins at the end of the arena": { buffers: { x: { offset: 24576n } }, text: /Buffer 0/ },
  "a buffer whose end wraps around": { buffers: { x: { offset: 2n ** 64n - 64n } }, text: /Buffer 0/ },
  "a buffer without columns": { buffers: { x: { columns: 0 } }, text: /Buffer 0 .* 0 columns/ },
  "a buffer with too many columns": { buffers: { x: { columns: 2 ** 24 + 1 } }, text: /Buffer 0 .* 16777217 columns/ },
  "a buffer whose size overflows": { buffers: { x: { columns: 2 ** 32 - 1 } }, text: /Buffer 0 .* 4294967295 columns/ },
  "a buffer of a weight type": { buffers: { x: { type: Type.Q4_K } }, text: /Buffer 0 has type 12/ },
  "a buffer of F64": { buffers: { x: { type: Type.F64 } }, text: /Buffer 0 has type 28/ },
  "a buffer of a type that does not exist": { buffers: { x: { type: 65535 } }, text: /Buffer 0 has type 65535/ },
  "a buffer with rows of no kind": { buffers: { x: { rows: 2 } }, text: /Buffer 0 .* rows of kind 2/ },
});

/** Per instruction: mistakes that many ops share. */
const operands: Table = ({ buffer, weight }) => ({
  "an op that does not exist": { at: "x", instruction: { op: Op.COUNT }, text: /op 11 does not exist/ },
  "an op far beyond the table": { at: "more", instruction: { op: 65535 }, text: /op 65535 does not exist/ },
  "a flag that does not exist": { at: "x", instruction: { flags: 4 }, text: /flags 0x4/ },
  "a flag of another op": { at: "sum", instruction: { flags: Flag.ACCUMULATE }, text: /flags 0x2/ },
  "a dst that does not exist": { at: "x", instruction: { dst: 13 }, text: /dst 13 is no buffer/ },
  "no dst": { at: "q", instruction: { dst: NONE }, text: /dst 4294967295 is no buffer/ },
  "a src that does not exist": { at: "h", instruction: { src: [2 ** 31] }, text: /src 0 2147483648 is no buffer/ },
  "no second src": { at: "sum", instruction: { src: [0, NONE] }, text: /src 1 4294967295 is no buffer/ },
  "a weight that does not exist": { at: "x", instruction: { weight: [8] }, text: /weight 0 8 is no weight/ },
  "no weight": { at: "q", instruction: { weight: [NONE] }, text: /weight 0 4294967295 is no weight/ },
  "a table in tiles": { at: "x", instruction: { weight: [weight("wv")] }, text: /weight 0 has layout 1, expected 0/ },
  "a matrix in rows": {
    at: "q",
    instruction: { weight: [weight("table")] },
    text: /weight 0 has layout 0, expected 1/,
  },
  "a table of F64": { at: "x", instruction: { weight: [weight("frequencies")] }, text: /weight 0 has type 28/ },
  "frequencies of F32": { at: "angles", instruction: { weight: [weight("norm")] }, text: /type 0, expected 28/ },
  "a norm of F64": { at: "h", instruction: { weight: [weight("frequencies")] }, text: /type 28, expected 0/ },
  "a dst of Q8 where it must be F32": { at: "x", instruction: { dst: buffer("h8") }, text: /dst has type 1000/ },
  "a src of Q8 where it must be F32": { at: "h", instruction: { src: [buffer("h8")] }, text: /src 0 has type 1000/ },
});

const ops: Table = ({ buffer, weight }) => ({
  "embed: other columns than the table's": {
    at: "x",
    buffers: { x: { columns: 48 } },
    text: /48 columns, expected 64/,
  },
  "embed: rows of outputs": { at: "x", buffers: { x: { rows: Rows.OUTPUTS } }, text: /rows of kind 1, expected 0/ },
  "rope table: other columns than frequencies": {
    at: "angles",
    buffers: { angles: { columns: 8 } },
    text: /expected 16/,
  },
  "rms norm: a group of 0": { at: "h", instruction: { n: [0] }, text: /groups of 0/ },
  "rms norm: groups that do not divide": { at: "h", instruction: { n: [48] }, text: /groups of 48 do not divide 64/ },
  "rms norm: a weight of another size": { at: "h", instruction: { n: [32] }, text: /1 x 64, expected 1 x 32/ },
  "rms norm: a negative epsilon": { at: "h", instruction: { f: [-1] }, text: /epsilon is -1/ },
  "rms norm: an epsilon of NaN": { at: "h", instruction: { f: [NaN] }, text: /epsilon is -?nan/i },
  "quantize: to F32": { at: "h8", instruction: { dst: buffer("sum") }, text: /dst is f32/ },
  "quantize: other rows": { at: "h8", buffers: { h8: { rows: Rows.OUTPUTS } }, text: /rows of kind 0, expected 1/ },
  "matmul: other columns than the weight's": {
    at: "k",
    instruction: { src: [buffer("v")] },
    text: /32 columns, expected 64/,
  },
  "matmul: other rows than the weight's": {
    at: "k",
    instruction: { dst: buffer("v") },
    text: /32 columns, expected 64/,
  },
  "matmul: int8 for float weights": { at: "k", instruction: { src: [buffer("h8")] }, text: /no int8 path/ },
  "matmul: a bias of another size": {
    at: "q",
    instruction: { weight: [undefined, weight("norm")] },
    text: /expected 1 x 128/,
  },
  "matmul: a bias in tiles": {
    at: "q",
    instruction: { weight: [undefined, weight("wv")] },
    text: /weight 1 has layout 1/,
  },
  "matmul: a bias that does not exist": {
    at: "q",
    instruction: { weight: [undefined, 99] },
    text: /weight 1 99 is no weight/,
  },
  "matmul: dst over src": { at: "k", buffers: { k: { offset: 10240n } }, text: /dst overlaps a source/ },
  "matmul: dst over the end of src": { at: "k", buffers: { k: { offset: 10240n + 1984n } }, text: /dst overlaps/ },
  "matmul: from tokens to outputs": {
    at: "k",
    buffers: { k: { rows: Rows.OUTPUTS } },
    text: /rows of kind 1, expected 0/,
  },
  "rope: not in place": { at: "rope", instruction: { dst: buffer("h") }, text: /in place/ },
  "rope: heads of 0": { at: "rope", instruction: { n: [0] }, text: /heads of 0/ },
  "rope: heads that do not divide": { at: "rope", instruction: { n: [48] }, text: /128 columns in heads of 48/ },
  "rope: nothing rotated": { at: "rope", instruction: { n: [32, 0] }, text: /with 0 rotated/ },
  "rope: an odd number rotated": { at: "rope", instruction: { n: [32, 15] }, text: /with 15 rotated/ },
  "rope: more rotated than a head has": { at: "rope", instruction: { n: [8, 16] }, text: /heads of 8 with 16 rotated/ },
  "rope: more rotated than the table has": {
    at: "rope",
    instruction: { n: [32, 32] },
    text: /16 columns, expected 32/,
  },
  "rope: pairs of no kind": { at: "rope", instruction: { n: [32, 16, 2] }, text: /pairing 2/ },
  "rope: over its own table": { at: "rope", buffers: { angles: { offset: 0n } }, text: /dst overlaps a source/ },
  "kv write: a layer that does not exist": { at: "write", instruction: { n: [2] }, text: /layer 2 of 2/ },
  "kv write: keys of another size": {
    at: "write",
    instruction: { src: [buffer("q")] },
    text: /128 columns, expected 64/,
  },
  "kv write: values of another size": {
    at: "write",
    instruction: { src: [undefined, buffer("k")] },
    text: /64 columns, expected 32/,
  },
  "attention: a layer that does not exist": {
    at: "attend",
    instruction: { n: [2 ** 32 - 1] },
    text: /layer 4294967295 of 2/,
  },
  "kv write: a group that does not exist": { at: "write", instruction: { n: [1, 1] }, text: /group 1 of 1/ },
  "attention: a group that does not exist": { at: "attend", instruction: { n: [1, 4, 1] }, text: /group 1 of 1/ },
  "attention: weights of no kind": { at: "attend", instruction: { n: [1, 4, 0, 4] }, text: /weights 0x4 of attention/ },
  "attention: sinks that are not there": {
    at: "attend",
    instruction: { n: [1, 4, 0, 1] },
    text: /weight 0 4294967295 is no weight/,
  },
  "attention: slopes of another size": {
    at: "attend",
    instruction: { n: [1, 4, 0, 2], weight: [weight("bias")] },
    text: /weight 0 is 1 x 128, expected 1 x 4/,
  },
  "attention: a soft cap below 0": { at: "attend", instruction: { f: [1, -1] }, text: /a soft cap of -1/ },
  "attention: a soft cap that is no number": { at: "attend", instruction: { f: [1, NaN] }, text: /a soft cap of/ },
  "attention: no heads": { at: "attend", instruction: { n: [1, 0] }, text: /0 heads/ },
  "attention: heads that do not share evenly": { at: "attend", instruction: { n: [1, 3] }, text: /3 heads over 2/ },
  "attention: too many heads": { at: "attend", instruction: { n: [1, 1026] }, text: /1026 heads/ },
  "attention: heads whose columns overflow": {
    at: "attend",
    instruction: { n: [1, 2 ** 31] },
    text: /2147483648 heads/,
  },
  "attention: queries of another size": { at: "attend", instruction: { n: [1, 2] }, text: /128 columns, expected 64/ },
  "attention: results of another size": {
    at: "attend",
    instruction: { dst: buffer("v") },
    text: /32 columns, expected 64/,
  },
  "attention: results over queries": { at: "attend", buffers: { a: { offset: 1024n } }, text: /dst overlaps a source/ },
  "add: sources of two sizes": {
    at: "sum",
    instruction: { src: [0, buffer("v")] },
    text: /src 1 has 32 columns, expected 64/,
  },
  "add: half over a source": { at: "sum", buffers: { sum: { offset: 8192n + 64n } }, text: /dst overlaps a source/ },
  "swiglu: rows of outputs": {
    at: "gated",
    buffers: { gated: { rows: Rows.OUTPUTS } },
    text: /rows of kind 0, expected 1/,
  },
  "rows: of outputs from outputs": {
    at: "rows",
    instruction: { src: [buffer("wide")] },
    text: /rows of kind 1, expected 0/,
  },
  "rows: to tokens": { at: "rows", instruction: { dst: buffer("sum") }, text: /rows of kind 0, expected 1/ },
  "rows: other columns": { at: "rows", instruction: { src: [buffer("v")] }, text: /32 columns, expected 64/ },
});

/** Labels of buffers are those of the instructions that write them, but for attention. */
function broken(objects: RawObjects, { at, instruction, buffers = {}, shape = {} }: Malformed): RawPlan {
  const raw = copyPlan(objects.raw);
  if (at !== undefined && instruction !== undefined) setInstruction(raw, objects.instruction(at), instruction);
  for (const [label, fields] of Object.entries(buffers)) {
    setBuffer(raw, objects.buffer(label === "a" ? "attend" : label), fields);
  }
  setShape(raw, shape);
  return raw;
}

describe("arp_plan_create() refuses", () => {
  const objects = createObjects();
  const cases = [shapes, buffers, operands, ops].flatMap((table) => Object.entries(table(objects)));
  assert.ok(cases.length >= 40);

  for (const [what, malformed] of cases) {
    it(what, () => {
      const { result, instruction, text } = objects.create(broken(objects, malformed));
      assert.equal(result, Status.INVALID, text);
      assert.match(text, malformed.text);
      assert.equal(instruction, malformed.at === undefined ? -1 : objects.instruction(malformed.at), text);
    });
  }

  it("attention without a cache", () => {
    const { result, instruction, text } = objects.create(objects.raw, { cache: 0 });
    assert.deepEqual([result, instruction, text], [Status.INVALID, 8, "the plan has no cache"]);
  });

  it("nothing of the plan they all come from", () => {
    const { result } = objects.create(objects.raw);
    assert.ok(result > 0);
    assert.equal(openLibrary().functions.arp_release(result), Status.OK);
  });

  it("more memory than there is, and says so", () => {
    const { result, text } = objects.create(broken(objects, { shape: { arenaBytes: 2 ** 47 - 64 }, text: /./ }));
    assert.equal(result, Status.OUT_OF_MEMORY);
    assert.match(text, /Cannot allocate 140737488355264 bytes for activations/);
  });
});
