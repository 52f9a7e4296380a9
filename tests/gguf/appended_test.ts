// A model behind the end of a program: where it begins, how it is found again, and files that are not whole.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { APPENDED_ALIGNMENT, appendedFrame, appendedSource, findAppended } from "../../src/gguf/appended.ts";
import { bytesSource } from "../../src/gguf/reader.ts";
import { Limit } from "../../src/native/abi.ts";

const model = new TextEncoder().encode("GGUF and so on");

/** A program of zeros with the model behind it. */
function programWithModel(programBytes: number): Uint8Array {
  const { padding, trailer } = appendedFrame(programBytes, model.length);
  return new Uint8Array([...new Uint8Array(programBytes), ...padding, ...model, ...trailer]);
}

describe("appended models", () => {
  it("begin where every system can map them, right behind programs that end there", async () => {
    assert.equal(APPENDED_ALIGNMENT, Limit.MAP_ALIGNMENT);
    const sizes = [1, APPENDED_ALIGNMENT - 1, APPENDED_ALIGNMENT, APPENDED_ALIGNMENT + 1];
    for (const [i, expected] of [1, 1, 1, 2].entries()) {
      const source = bytesSource(programWithModel(sizes[i]));
      const found = await findAppended(source);
      assert.deepEqual(found, { offset: expected * APPENDED_ALIGNMENT, bytes: model.length });
      const part = appendedSource(source, found!);
      assert.equal(part.size, model.length);
      assert.deepEqual(await part.read(5, 3), model.slice(5, 8));
    }
  });

  it("of several gigabytes behind large programs have exact places", () => {
    const { padding, trailer } = appendedFrame(2 ** 40 + 1, 2 ** 42 + 3);
    assert.equal(padding.length, APPENDED_ALIGNMENT - 1);
    const view = new DataView(trailer.buffer);
    assert.deepEqual([view.getBigUint64(16, true), view.getBigUint64(24, true)], [2n ** 40n + 65536n, 2n ** 42n + 3n]);
  });

  it("are not looked for in GGUF files, nor seen in other files", async () => {
    const whole = programWithModel(10);
    whole.set(model);
    for (const bytes of [new Uint8Array(0), model, new Uint8Array(100_000), whole]) {
      assert.equal(await findAppended(bytesSource(bytes)), undefined);
    }
  });

  it("say so when a part of the file is missing or too much", async () => {
    const whole = programWithModel(APPENDED_ALIGNMENT);
    const short = new Uint8Array([...whole.subarray(0, -40), ...whole.subarray(-32)]);
    const long = new Uint8Array([0, ...whole]);
    for (const bytes of [short, long]) {
      const message = /^Expected the appended model, 14 bytes from byte 65536, .* copy it again \(byte \d+\)$/;
      await assert.rejects(findAppended(bytesSource(bytes)), { name: "GgufError", message });
    }
  });
});
