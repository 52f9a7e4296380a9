// Handles that name nothing, something of another kind, or something released: every exported function says STALE and
// touches no memory.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Status, symbols } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import { encodeCacheShape } from "../../src/plan/encode.ts";
import { cacheShape, createObjects, outcomeOf } from "./raw_plan.ts";

const { functions } = openLibrary();
const frame = Uint32Array.of(...[1, 0, 1, 1, 0, 0], 0, 0, 0, 0);
const memory = new Uint8Array(1024);

type Kind = "map" | "weights" | "cache" | "plan";
const kinds: readonly Kind[] = ["map", "weights", "cache", "plan"];

/** What a function wants its handle to be, and a call that is right but for the handle. */
interface Call {
  readonly kinds: readonly Kind[];
  readonly call: (handle: number, error: Uint8Array | null) => number;
}

/** Per function. `arp_plan_create` has two handles. */
function callsOf(objects: ReturnType<typeof createObjects>): Record<string, Call> {
  const { raw, weights, cache } = objects;
  const { shape, instructions, buffers } = raw;
  return {
    arp_map_read: { kinds: ["map"], call: (handle) => functions.arp_map_read(handle, 0, memory, 8) },
    arp_map_write: { kinds: ["map"], call: (handle) => functions.arp_map_write(handle, 0, memory, 8) },
    arp_map_bytes: { kinds: ["map"], call: (handle) => functions.arp_map_bytes(handle) },
    arp_weights_create: {
      kinds: ["map"],
      call: (handle, error) => functions.arp_weights_create(handle, null, 0, null, 0, 1, error),
    },
    "arp_plan_create (weights)": {
      kinds: ["weights"],
      call: (handle, error) => functions.arp_plan_create(handle, cache, shape, instructions, buffers, error),
    },
    "arp_plan_create (cache)": {
      kinds: ["cache"],
      call: (handle, error) => functions.arp_plan_create(weights, handle, shape, instructions, buffers, error),
    },
    ...cacheCalls(),
    arp_submit: { kinds: ["plan"], call: (handle, error) => functions.arp_submit(handle, frame, frame.length, error) },
    arp_run: { kinds: ["plan"], call: (handle, error) => functions.arp_run(handle, frame, frame.length, 1e6, error) },
    arp_wait: { kinds: ["weights", "plan"], call: (handle, error) => functions.arp_wait(handle, 1000, error) },
    arp_cancel: { kinds: ["weights", "plan"], call: (handle) => functions.arp_cancel(handle) },
    arp_progress: { kinds, call: (handle) => functions.arp_progress(handle) },
    arp_read: { kinds: ["plan"], call: (handle) => functions.arp_read(handle, 0, 0, 1, memory, 256) },
    arp_write: { kinds: ["plan"], call: (handle) => functions.arp_write(handle, 0, 0, 1, memory, 256) },
    arp_profile: { kinds: ["plan"], call: (handle) => functions.arp_profile(handle, new Float64Array(15), 15) },
    arp_memory: { kinds, call: (handle) => functions.arp_memory(handle) },
    arp_release: { kinds, call: (handle) => functions.arp_release(handle) },
  };
}

function cacheCalls(): Record<string, Call> {
  const bytes = new Uint8Array(functions.arp_cache_block_bytes(createObjects().cache, 0));
  const kinds: readonly Kind[] = ["cache"];
  const blocks = Uint32Array.of(1, 2);
  const turn = [Float64Array.of(1, 0.5), 2, 0, -64] as const;
  return {
    arp_cache_block_bytes: { kinds, call: (handle) => functions.arp_cache_block_bytes(handle, 0) },
    arp_cache_copy: { kinds, call: (handle) => functions.arp_cache_copy(handle, 0, 0, 1) },
    arp_cache_read: { kinds, call: (handle) => functions.arp_cache_read(handle, 0, 2, bytes, bytes.length) },
    arp_cache_write: { kinds, call: (handle) => functions.arp_cache_write(handle, 0, 2, bytes, bytes.length) },
    arp_cache_clear: { kinds, call: (handle) => functions.arp_cache_clear(handle, 0, 2, 0) },
    arp_cache_rotate: {
      kinds,
      call: (handle, error) => functions.arp_cache_rotate(handle, 0, blocks, 2, ...turn, error),
    },
  };
}

/** A fresh object of a kind. */
function create(kind: Kind, objects: ReturnType<typeof createObjects>): number {
  if (kind === "map") return functions.arp_map_memory(1024, null);
  if (kind === "weights") return functions.arp_weights_create(objects.map, null, 0, null, 0, 1, null);
  if (kind === "cache") return functions.arp_cache_create(encodeCacheShape(cacheShape), 1, null);
  return objects.create(objects.raw).result;
}

describe("a handle", () => {
  const objects = createObjects();
  const calls = callsOf(objects);

  it("is an argument of every function that this file knows", () => {
    const takesHandle = Object.entries(symbols)
      .filter(([name, { parameters }]) =>
        // The others begin with something else: a size, a type, a kind.
        (parameters as readonly string[])[0] === "u32" && !["arp_dequantize", "arp_measure"].includes(name)
      ).map(([name]) => name);
    assert.deepEqual([...new Set(Object.keys(calls).map((name) => name.split(" ")[0]))].sort(), takesHandle.sort());
  });

  for (const [name, { kinds: allowed, call }] of Object.entries(calls)) {
    it(`that is stale or forged is STALE to ${name}`, () => {
      const released = kinds.map((kind) => {
        const handle = create(kind, objects);
        assert.equal(functions.arp_release(handle), Status.OK);
        return handle;
      });
      // No generation, one that will be, no slot, the sign bit, all bits. 0 is "none" to plan_create's cache.
      const forged = [1, 0xffff, 2 ** 31, 2 ** 31 + 65536, 2 ** 32 - 1, objects.weights + 65536, objects.map + 2 ** 20];
      for (const handle of [...released, ...forged, ...(name.endsWith("(cache)") ? [] : [0])]) {
        const { result, text } = outcomeOf((error) => call(handle, error));
        assert.equal(result, Status.STALE, `handle ${handle}`);
        assert.ok(text === "" || text === `Handle ${handle} names nothing of the expected kind`, text);
        assert.equal(call(handle, null), Status.STALE, "without an error record");
      }
    });

    it(`of another kind is not accepted by ${name}`, () => {
      for (const kind of kinds) {
        const handle = create(kind, objects);
        if (!allowed.includes(kind)) {
          // Waiting for what executes nothing is another mistake.
          const expected = name === "arp_wait" || name === "arp_cancel" ? Status.INVALID : Status.STALE;
          assert.equal(call(handle, null), expected, kind);
        }
        const end = functions.arp_release(handle);
        assert.equal(end, Status.OK);
      }
    });
  }

  it("is good until it is released, once", () => {
    for (const [name, { kinds: allowed, call }] of Object.entries(calls)) {
      for (const kind of allowed) {
        const handle = create(kind, objects);
        const result = call(handle, null);
        // The weights have no tensors: no plan fits them.
        if (name === "arp_plan_create (weights)") assert.equal(result, Status.INVALID);
        else assert.ok(result >= 0, `${name}: ${result}`);
        if (/create/.test(name) && result > 0) assert.equal(functions.arp_release(result), Status.OK);
        assert.equal(functions.arp_release(handle), name === "arp_release" ? Status.STALE : Status.OK);
        assert.equal(functions.arp_release(handle), Status.STALE);
      }
    }
  });

  it("is not used again for the next object in its place", () => {
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      const handle = functions.arp_map_memory(64, null);
      assert.ok(handle > 0 && !seen.has(handle));
      seen.add(handle);
      assert.equal(functions.arp_release(handle), Status.OK);
    }
    for (const handle of seen) assert.equal(functions.arp_map_bytes(handle), Status.STALE);
  });

  it("that is released leaves what others made of it alive", () => {
    const other = createObjects();
    const plan = other.create(other.raw).result;
    for (const handle of [other.map, other.weights, other.cache]) {
      assert.equal(functions.arp_release(handle), Status.OK);
    }
    const status = functions.arp_run(plan, frame, frame.length, 2 ** 31, null);
    assert.equal(status === Status.PENDING ? functions.arp_wait(plan, 10000, null) : status, Status.OK);
    assert.equal(functions.arp_release(plan), Status.OK);
  });
});
