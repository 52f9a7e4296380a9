// Records of weights, shapes of caches and sizes of maps that the library must refuse.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CacheShape, Layout, Limit, Source, Status, Type, WeightRecord } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import { miniModel } from "../reference/fixtures.ts";
import { outcomeOf } from "./raw_plan.ts";

interface Weight {
  readonly offset: bigint;
  readonly type: number;
  readonly layout: number;
  readonly source: number;
  readonly rows: number;
  readonly columns: number;
  readonly reserved: number;
}

const MAP_BYTES = 4096;
const CONSTANTS_BYTES = 256;

/** Exactly as large as the map: 4096 / 144 blocks of Q4_K are 28 and a bit. */
const valid: Weight = {
  ...{ offset: 64n, type: Type.Q4_K, layout: Layout.TILES, source: Source.MAP, rows: 28, columns: 256, reserved: 0 },
};
const constant: Partial<Weight> = {
  source: Source.CONSTANTS,
  type: Type.F32,
  layout: Layout.ROWS,
  offset: 0n,
  rows: 1,
};

function encode(weights: readonly Weight[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(weights.length * WeightRecord.size));
  for (const [i, { offset, ...words }] of weights.entries()) {
    const at = i * WeightRecord.size;
    view.setBigUint64(at + WeightRecord.offset, offset, true);
    for (const [name, value] of Object.entries(words)) {
      view.setUint32(at + WeightRecord[name as keyof typeof words], value, true);
    }
  }
  return new Uint8Array(view.buffer);
}

const records: Record<string, { fields: Partial<Weight>; text: RegExp }> = {
  "of a type that does not exist": { fields: { type: 5 }, text: /has type 5/ },
  "of a type this library has no kernels for": { fields: { type: 24 }, text: /has type 24/ },
  "of the type of activations": { fields: { type: Type.Q8 }, text: /has type 1000/ },
  "of a type that no GGUF has": { fields: { type: 2 ** 32 - 1 }, text: /has type 4294967295/ },
  "from a source that does not exist": { fields: { source: 2 }, text: /impossible source or layout/ },
  "in a layout that does not exist": { fields: { layout: 2 }, text: /impossible source or layout/ },
  "of F64 in tiles": { fields: { type: Type.F64 }, text: /impossible source or layout/ },
  "with a reserved field": { fields: { reserved: 1 }, text: /impossible source or layout/ },
  "without rows": { fields: { rows: 0 }, text: /0 rows of 256 columns/ },
  "without columns": { fields: { columns: 0 }, text: /28 rows of 0 columns/ },
  "with half a block in a row": { fields: { columns: 128 }, text: /128 columns in blocks of 256/ },
  "with more rows than numbers have": { fields: { rows: 2 ** 31 }, text: /2147483648 rows/ },
  "with more columns than numbers have": { fields: { columns: 2 ** 31 }, text: /2147483648 columns/ },
  "with a size that overflows 64 bits": {
    fields: { rows: 2 ** 31 - 1, columns: 2 ** 28 - 256 },
    text: /beyond its source/,
  },
  "one row beyond the map": { fields: { rows: 29 }, text: /29 rows of 144 bytes at 64 of 4096/ },
  "one byte beyond the map": { fields: { offset: 65n }, text: /at 65 of 4096/ },
  "at the end of the map": { fields: { offset: 4096n }, text: /at 4096 of 4096/ },
  "behind the end of the map": { fields: { offset: 4097n }, text: /at 4097 of 4096/ },
  "at an offset that wraps around": { fields: { offset: 2n ** 64n - 64n }, text: /at 18446744073709551552 of 4096/ },
  "beyond the constants": { fields: { ...constant, columns: 65 }, text: /260 bytes at 0 of 256/ },
  "among constants but of the size of the map": { fields: { ...constant, columns: 1024 }, text: /of 256/ },
};

const caches: Record<string, Partial<Record<keyof typeof CacheShape, number>>> = {
  "no layers": { layers: 0 },
  "too many layers": { layers: 4097 },
  "no heads": { heads: 0 },
  "too many heads": { heads: Limit.HEADS + 1 },
  "keys without columns": { keyColumns: 0 },
  "keys that are too wide": { keyColumns: Limit.HEAD_COLUMNS + 1 },
  "values without columns": { valueColumns: 0 },
  "values that are too wide": { valueColumns: Limit.HEAD_COLUMNS + 1 },
  "values whose size overflows": { valueColumns: 2 ** 32 - 1 },
  "keys of a type that caches do not have": { keyType: Type.Q4_K },
  "values of a type that caches do not have": { valueType: Type.Q5_0 },
  "no blocks": { blocks: 0 },
  "too many blocks": { blocks: 2 ** 24 + 1 },
  "blocks of another size": { blockPositions: 32 },
  "blocks of no size": { blockPositions: 0 },
};

function createCache(fields: Partial<Record<keyof typeof CacheShape, number>>): ReturnType<typeof outcomeOf> {
  const types = { keyType: Type.F16, valueType: Type.F16 };
  const shape = { layers: 1, heads: 1, keyColumns: 64, valueColumns: 64, blocks: 2, blockPositions: 64, ...types };
  const view = new DataView(new ArrayBuffer(CacheShape.size));
  for (const [name, value] of Object.entries({ ...shape, ...fields })) {
    view.setUint32(CacheShape[name as keyof typeof CacheShape], value, true);
  }
  return outcomeOf((error) => openLibrary().functions.arp_cache_create(view, 1, error));
}

describe("arp_weights_create() refuses weights", () => {
  const { functions } = openLibrary();
  const map = functions.arp_map_memory(MAP_BYTES, null);
  const constants = new Uint8Array(CONSTANTS_BYTES);

  function create(weights: readonly Weight[], { count = weights.length, threads = 1 } = {}) {
    const bytes = encode(weights);
    return outcomeOf((error) =>
      functions.arp_weights_create(map, bytes, count, constants, constants.length, threads, error)
    );
  }

  for (const [what, { fields, text: message }] of Object.entries(records)) {
    it(what, () => {
      const { result, text } = create([valid, { ...valid, ...fields }]);
      assert.equal(result, Status.INVALID, text);
      assert.match(text, /^Weight 1 /);
      assert.match(text, message);
    });
  }

  it("in numbers beyond the limit, or for too many threads", () => {
    assert.match(create([valid], { count: Limit.WEIGHTS + 1 }).text, /65537 weights/);
    assert.match(create([valid], { count: 2 ** 32 - 1 }).text, /4294967295 weights/);
    assert.match(create([valid], { threads: Limit.THREADS + 1 }).text, /65 threads/);
  });

  it("not when they end with their source, and not when there are none", () => {
    for (const weights of [[valid, { ...valid, ...constant, columns: 64 }], []]) {
      const { result, text } = create(weights);
      assert.ok(result > 0, text);
      assert.equal(functions.arp_wait(result, 10000, null), Status.OK);
      assert.equal(functions.arp_progress(result), 1);
      assert.equal(functions.arp_release(result), Status.OK);
    }
  });
});

describe("arp_cache_create() refuses", () => {
  for (const [what, fields] of Object.entries(caches)) {
    it(what, () => {
      const { result, text } = createCache(fields);
      assert.equal(result, Status.INVALID, text);
      assert.match(text, /^Impossible cache: /);
    });
  }

  it("more memory than there is", () => {
    const { result, text } = createCache({
      layers: 4096,
      heads: 1024,
      keyColumns: 256,
      valueColumns: 256,
      blocks: 2 ** 24,
    });
    assert.equal(result, Status.OUT_OF_MEMORY);
    assert.match(text, /Cannot allocate 4611686018427387904 bytes/);
  });
});

describe("arp_map_*() refuse", () => {
  const { functions } = openLibrary();

  it("sizes that no memory has", () => {
    for (const bytes of [-1, NaN, Infinity, 2 ** 53, 2 ** 60]) {
      const { result, text } = outcomeOf((error) => functions.arp_map_memory(bytes, error));
      assert.equal(result, Status.OUT_OF_MEMORY, text);
    }
  });

  it("files that are not there, and folders", () => {
    for (const path of ["/there/is/no/such/file\0", "/\0", "\0"]) {
      const { result, text } = outcomeOf((error) =>
        functions.arp_map_file(new TextEncoder().encode(path), 0, 0, error)
      );
      assert.equal(result, Status.IO, text);
      assert.match(text, /^Cannot map /);
    }
  });

  it("parts that a file does not have, or that do not begin where pages do", () => {
    const path = new TextEncoder().encode(`${fileURLToPath(miniModel("q4_k_m").url)}\0`);
    const size = 2_588_224;
    const mapped = (offset: number, bytes: number) =>
      outcomeOf((error) => functions.arp_map_file(path, offset, bytes, error)).result;
    const unit = Limit.MAP_ALIGNMENT;
    for (const offset of [1, 4096, unit - 1, -unit, NaN, Infinity, 2 ** 60]) {
      assert.equal(mapped(offset, 0), Status.INVALID, `${offset}`);
    }
    for (const bytes of [-1, NaN, 2 ** 60]) assert.equal(mapped(0, bytes), Status.INVALID, `${bytes}`);
    const last = Math.floor(size / unit) * unit;
    for (
      const [offset, bytes] of [[0, size + 1], [unit, size], [last, size - last + 1], [last + unit, 0], [2 ** 52, 1]]
    ) {
      assert.equal(mapped(offset, bytes), Status.IO, `${offset} ${bytes}`);
    }
    for (const [offset, bytes, expected] of [[0, 0, size], [0, size, size], [last, 0, size - last], [unit, 1, 1]]) {
      const map = mapped(offset, bytes);
      assert.ok(map > 0);
      assert.equal(functions.arp_map_bytes(map), expected);
      functions.arp_release(map);
    }
  });

  it("to be written to or read from where there is nothing", () => {
    const map = functions.arp_map_memory(100, null);
    const bytes = new Uint8Array(64);
    const cases: [number, number][] = [[37, 64], [101, 0], [-1, 1], [NaN, 1], [Infinity, 1], [2 ** 53, 64], [0, 101]];
    for (const [offset, count] of cases) {
      assert.equal(functions.arp_map_write(map, offset, new Uint8Array(128), count), Status.INVALID, `${offset}`);
      assert.equal(functions.arp_map_read(map, offset, new Uint8Array(128), count), Status.INVALID, `${offset}`);
    }
    const written = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
    assert.equal(functions.arp_map_write(map, 36, written, 64), Status.OK);
    assert.equal(functions.arp_map_read(map, 36, bytes, 64), Status.OK);
    assert.deepEqual(bytes, written);
    assert.equal(functions.arp_map_bytes(map), 100);
    functions.arp_release(map);
  });
});
