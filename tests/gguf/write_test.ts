/**
 * What is written is read back exactly: a property over seeded random files, and refusals of what cannot be written.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type GgufFile, parseGguf } from "../../src/gguf/parse.ts";
import { tensorBytes, tensorTypes } from "../../src/gguf/tensor_types.ts";
import { integerRanges, isIntegerType, type MetadataArray, valueTypes } from "../../src/gguf/value_types.ts";
import { ggufChunks, type GgufContent, type MetadataValue, writeGguf } from "../../src/gguf/write.ts";
import { runWhole } from "../../src/time_slice.ts";
import { seededRandom } from "./seeded_random.ts";

/** Random contents of files: all types, odd sizes, texts of all planes. */
function contents(seed: number): { metadata: [string, MetadataValue][]; tensors: GgufContent<Uint8Array>["tensors"] } {
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]) => items[random() % items.length];

  function randomText(): string {
    const codePoints = Array.from(
      { length: random() % 12 },
      () => pick([random() % 128, random() % 0x800, 0x1f98a, 0xfeff]),
    );
    return String.fromCodePoint(...codePoints);
  }

  function randomElement(type: MetadataValue["type"]): unknown {
    if (type === "string") return randomText();
    if (type === "bool") return random() % 2 === 1;
    if (type === "float32") return pick([Math.fround(random() / 7), -0, Infinity, 2 ** -149]);
    if (type === "float64") return pick([random() / 7, -0, -Infinity, 5e-324]);
    if (!isIntegerType(type)) throw new TypeError(type);
    const [min, max] = integerRanges[type];
    const value = pick([min, max, 0n, BigInt(random()) % (max + 1n)]);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  function randomArray(depth: number): MetadataArray {
    const elementType = pick(depth === 8 ? valueTypes.filter((type) => type !== "array") : valueTypes);
    const length = elementType === "array" ? random() % 3 : random() % 20;
    const value = Array.from(
      { length },
      () => elementType === "array" ? randomArray(depth + 1) : randomElement(elementType),
    );
    return { type: "array", elementType, value } as MetadataArray;
  }

  const metadata = Array.from({ length: random() % 20 }, (_, i): [string, MetadataValue] => {
    const type = pick(valueTypes);
    const value = type === "array" ? randomArray(1) : { type, value: randomElement(type) } as MetadataValue;
    return [`key.${i}.${randomText()}`, value];
  });
  if (random() % 2 === 1) metadata.push(["general.alignment", { type: "uint32", value: pick([8, 32, 64, 4096]) }]);
  const tensors = Array.from({ length: random() % 8 }, (_, i) => {
    const type = pick(tensorTypes);
    const rest = Array.from({ length: random() % 4 }, () => 1 + random() % 3);
    const shape = [type.blockValues * (1 + random() % 3), ...rest];
    const data = Uint8Array.from({ length: tensorBytes(type, shape) }, () => random() & 0xff);
    return { name: `blk.${i}.${randomText()}`, type: type.name, shape, data };
  });
  return { metadata, tensors };
}

function parse(bytes: Uint8Array): GgufFile {
  return runWhole(parseGguf(bytes));
}

/** What a parsed file consists of, in the writer's form. */
function contentOf(bytes: Uint8Array, file: GgufFile): GgufContent<Uint8Array> {
  return {
    metadata: [...file.metadata.keys()].map((key) => [key, file.metadata.get(key)] as const),
    tensors: [...file.tensors.values()].map(({ name, type, shape, offset, bytes: length }) => {
      return { name, type, shape, data: bytes.subarray(offset, offset + length) };
    }),
  };
}

function joinChunks(chunks: Iterable<Uint8Array>): Uint8Array {
  const list = [...chunks];
  const joined = new Uint8Array(list.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of list) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

describe("writeGguf()", () => {
  it("writes what parseGguf() reads back exactly, for 300 random files", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const content = contents(seed);
      const bytes = writeGguf(content);
      const file = parse(bytes);
      assert.equal(file.version, 3);
      const read = contentOf(bytes, file);
      assert.deepEqual(read.metadata, content.metadata, `seed ${seed}`);
      assert.deepEqual(read.tensors, content.tensors, `seed ${seed}`);
      assert.deepEqual(writeGguf(read), bytes, `seed ${seed}`);
      for (const { offset } of file.tensors.values()) assert.equal((offset - file.dataOffset) % file.alignment, 0);
    }
  });

  it("states an alignment that is not the default", () => {
    const tensors = [1, 2].map((i) => ({ name: `t${i}`, type: "F32", shape: [3], data: new Uint8Array(12).fill(i) }));
    const bytes = writeGguf({ metadata: [], tensors, alignment: 128 });
    const file = parse(bytes);
    assert.equal(file.alignment, 128);
    assert.equal(file.metadata.getUint("general.alignment"), 128);
    assert.equal(file.tensors.get("t2")?.offset, file.dataOffset + 128);
    assert.equal(bytes.length, file.dataOffset + 256);
    assert.equal(parse(writeGguf({ metadata: [], tensors, alignment: 32 })).metadata.size, 0);
  });

  it("writes strings that are not UTF-8 as the bytes they are", () => {
    const value = { type: "array", elementType: "string", value: [Uint8Array.of(0xff, 0x00), "x"] } as const;
    assert.deepEqual(parse(writeGguf({ metadata: [["k", value]], tensors: [] })).metadata.get("k"), value);
  });

  it("refuses values that do not fit their type", () => {
    const wrong: [MetadataValue, RegExp][] = [
      [{ type: "uint8", value: 256 }, /"k" to be a uint8 but found 256/],
      [{ type: "uint32", value: -1 }, /uint32 but found -1/],
      [{ type: "int8", value: 128 }, /int8 but found 128/],
      [{ type: "uint16", value: 1.5 }, /found 1.5/],
      [{ type: "uint64", value: 2 ** 53 }, /found 9007199254740992/],
      [{ type: "uint64", value: 2n ** 64n }, /found 18446744073709551616/],
      [{ type: "int64", value: NaN }, /found NaN/],
      [{ type: "float32", value: 1n }, /float32 but found 1/],
      [{ type: "bool", value: 1 as never }, /bool but found 1/],
      [{ type: "string", value: "\ud800" }, /well-formed/],
      [{ type: "array", elementType: "int32", value: [0, 2 ** 31] }, /found 2147483648/],
      [nest(9), /at most 8 deep/],
    ];
    for (const [value, message] of wrong) {
      assert.throws(() => writeGguf({ metadata: [["k", value]], tensors: [] }), { name: "RangeError", message });
    }
    const unknown = { type: "uint128", value: 1 } as unknown as MetadataValue;
    assert.throws(() => writeGguf({ metadata: [["k", unknown]], tensors: [] }), {
      name: "TypeError",
      message: /uint128/,
    });
  });

  it("refuses names, shapes, data and alignments no reader would take", () => {
    const one: MetadataValue = { type: "uint8", value: 1 };
    const good = { name: "t", type: "Q8_0", shape: [32], data: new Uint8Array(34) };
    const wrong: [GgufContent<Uint8Array>, RegExp][] = [
      [{ metadata: [["k", one], ["k", one]], tensors: [] }, /every metadata key once but found "k"/],
      [{ metadata: [["", one]], tensors: [] }, /a name of 1 to/],
      [{ metadata: [], tensors: [good, good] }, /every tensor name once but found "t"/],
      [{ metadata: [], tensors: [{ ...good, name: "x".repeat(70_000) }] }, /found 70000/],
      [{ metadata: [], tensors: [{ ...good, type: "Q4_2" }] }, /type of tensor "t" to be known but found Q4_2/],
      [{ metadata: [], tensors: [{ ...good, shape: [31] }] }, /multiple of 32 values for Q8_0 .* in tensor "t"/],
      [
        { metadata: [], tensors: [{ ...good, data: new Uint8Array(33) }] },
        /34 bytes of data for tensor "t" but found 33/,
      ],
      [{ metadata: [], tensors: [{ ...good, data: new Uint8Array(35) }] }, /34 bytes .* but found more/],
      [{ metadata: [], tensors: [], alignment: 48 }, /power of two .* found 48/],
      [{ metadata: [["general.alignment", { type: "uint32", value: 16 }]], tensors: [], alignment: 32 }, /16 as in/],
    ];
    for (const [content, message] of wrong) assert.throws(() => writeGguf(content), { name: "RangeError", message });
    const text: MetadataValue = { type: "uint64", value: 32 };
    assert.throws(() => writeGguf({ metadata: [["general.alignment", text]], tensors: [] }), TypeError);
  });

  /** An array nested so deep. */
  function nest(depth: number): MetadataArray {
    if (depth === 1) return { type: "array", elementType: "uint8", value: [1] };
    return { type: "array", elementType: "array", value: [nest(depth - 1)] };
  }
});

describe("ggufChunks()", () => {
  it("gives the same bytes in pieces, and passes data on as they are", () => {
    for (let seed = 400; seed < 440; seed++) {
      const content = contents(seed);
      const tensors = content.tensors.map((tensor) => {
        const half = tensor.data.length >> 1;
        return { ...tensor, data: () => [tensor.data.subarray(0, half), tensor.data.subarray(half)] };
      });
      assert.deepEqual(joinChunks(ggufChunks({ ...content, tensors })), writeGguf(content));
    }
  });

  it("asks for the data of a tensor when it is its turn, and never holds them", () => {
    const asked: string[] = [];
    const megabyte = new Uint8Array(2 ** 20);
    function* pieces(name: string): Generator<Uint8Array, void> {
      asked.push(name);
      for (let i = 0; i < 4096; i++) yield megabyte;
    }
    // Two tensors of 4 GiB each.
    const tensors = ["a", "b"].map((name) => ({ name, type: "I8", shape: [2 ** 32], data: () => pieces(name) }));
    let bytes = 0;
    let seen = 0;
    for (const chunk of ggufChunks({ metadata: [], tensors })) {
      if (chunk === megabyte) seen++;
      if (bytes === 0) assert.deepEqual(asked, []);
      if (bytes === 2 ** 32) assert.deepEqual(asked, ["a"]);
      bytes += chunk.length;
    }
    assert.equal(seen, 8192);
    assert.equal(bytes, 2 * 2 ** 32 + 96);
    assert.deepEqual(asked, ["a", "b"]);
  });

  it("notices data of the wrong size", () => {
    const tensor = { name: "t", type: "F32", shape: [4] };
    for (const lengths of [[], [15], [16, 1], [8, 9], [20]]) {
      const data = () => lengths.map((length) => new Uint8Array(length));
      assert.throws(() => joinChunks(ggufChunks({ metadata: [], tensors: [{ ...tensor, data }] })), RangeError);
    }
    function* endless(): Generator<Uint8Array, void> {
      for (let i = 0; i < 100; i++) yield new Uint8Array(4);
      throw new Error("asked for far more than the tensor takes");
    }
    const chunks = ggufChunks({ metadata: [], tensors: [{ ...tensor, data: endless }] });
    assert.throws(() => joinChunks(chunks), { name: "RangeError", message: /16 bytes of data .* but found more/ });
  });
});
