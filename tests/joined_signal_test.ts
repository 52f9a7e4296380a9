// A signal that follows others, and lets go of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { joinSignals } from "../src/joined_signal.ts";

describe("joinSignals()", () => {
  it("is aborted with the reason of the first that is", () => {
    const [a, b] = [new AbortController(), new AbortController()];
    using joined = joinSignals(undefined, a.signal, b.signal);
    assert.equal(joined.signal.aborted, false);
    b.abort("b");
    a.abort("a");
    assert.equal(joined.signal.reason, "b");
  });

  it("is aborted at once when one is already", () => {
    using joined = joinSignals(new AbortController().signal, AbortSignal.abort("reason"));
    assert.equal(joined.signal.reason, "reason");
  });

  it("follows nobody after it has been disposed", () => {
    const controller = new AbortController();
    const joined = joinSignals(controller.signal);
    joined[Symbol.dispose]();
    controller.abort("reason");
    assert.equal(joined.signal.aborted, false);
  });
});
