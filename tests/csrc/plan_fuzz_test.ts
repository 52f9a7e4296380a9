// Plans broken at random: those that arp_plan_create accepts can be executed without harm.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BufferRecord, InstrRecord, PlanShape, Status } from "../../src/native/abi.ts";
import { openLibrary } from "../../src/native/library.ts";
import { seededRandom } from "../gguf/seeded_random.ts";
import { copyPlan, createObjects, setShape } from "./raw_plan.ts";

describe("plans broken at random", () => {
  it("are refused, or can be executed", () => {
    using objects = createObjects();
    const { functions } = openLibrary();
    const random = seededRandom(8);
    const frame = Uint32Array.of(...[3, 1, 1, 3, 0, 0], ...[4, 0, 19], ...[0, 1, 191], ...[0, 0, 0], 2, ...[2, 0, 1]);
    const interesting = [0, 1, 2, 12, 13, 16, 64, 255, 4096, 2 ** 31, 2 ** 32 - 1];
    let accepted = 0;
    for (let round = 0; round < 4000; round++) {
      const raw = copyPlan(objects.raw);
      for (let change = 1 + random() % 2; change > 0; change--) {
        // The shape promises how long the others are.
        const [bytes, size] = random() % 3 === 0
          ? [raw.buffers, BufferRecord.size]
          : [raw.instructions, InstrRecord.size];
        const at = random() % (bytes.length / size) * size + 4 * (random() % (size / 4));
        new DataView(bytes.buffer).setUint32(at, interesting[random() % interesting.length], true);
      }
      if (random() % 8 === 0) setShape(raw, { tokensMax: 3 + random() % 9, outputsMax: 1 + random() % 4 });
      const { result, text } = objects.create(raw);
      assert.ok(result > 0 || result === Status.INVALID, text);
      if (result < 0) continue;
      accepted++;
      const status = functions.arp_run(result, frame, frame.length, 0, null);
      const end = status === Status.PENDING ? functions.arp_wait(result, 1000, null) : status;
      assert.ok(end === Status.OK || end === Status.INVALID, `status ${end}`);
      assert.equal(functions.arp_release(result), Status.OK);
    }
    assert.ok(accepted > 400, `only ${accepted} of 4000`);
  });

  it("have shapes that are refused too", () => {
    using objects = createObjects();
    const random = seededRandom(9);
    for (let round = 0; round < 500; round++) {
      const raw = copyPlan(objects.raw);
      const view = new DataView(raw.shape.buffer);
      for (const offset of [PlanShape.tokensMax, PlanShape.outputsMax, PlanShape.contextLength, PlanShape.threads]) {
        if (random() % 2 === 0) view.setUint32(offset, 9 + random() % 2 ** 31, true);
      }
      view.setUint32(PlanShape.tokensMax, 9 + random() % 2 ** 31, true);
      assert.equal(objects.create(raw).result, Status.INVALID);
    }
  });
});
