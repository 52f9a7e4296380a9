// Which steps run in the thread that asks.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StepTimes } from "../../src/native/step_times.ts";

describe("StepTimes", () => {
  it("guesses by the size of the weights: small models run in place at once, large ones do not", () => {
    assert.equal(new StepTimes(2.5e6).inPlace(1), true);
    assert.equal(new StepTimes(2.5e6).inPlace(15), true);
    assert.equal(new StepTimes(2.5e6).inPlace(512), false);
    assert.equal(new StepTimes(600e6).inPlace(1), false);
  });

  it("believes the first measurement, separately for one token and for several", () => {
    const times = new StepTimes(600e6);
    times.add(1, 0.5);
    assert.equal(times.predictMs(1), 0.5);
    assert.equal(times.inPlace(1), true);
    assert.equal(times.inPlace(2), false);
    times.add(64, 0.64);
    assert.ok(Math.abs(times.predictMs(32) - 0.32) < 1e-9);
  });

  it("leaves the thread when steps become slow, and comes back sooner than it left", () => {
    const times = new StepTimes(2.5e6);
    times.add(1, 0.5);
    let slow = 0;
    for (; times.inPlace(1); slow++) times.add(1, 2);
    let fast = 0;
    for (; !times.inPlace(1); fast++) times.add(1, 0.5);
    assert.ok(slow >= 2 && slow <= 3, `${slow} slow steps`);
    assert.ok(fast <= slow, `${fast} fast steps`);
  });
});
