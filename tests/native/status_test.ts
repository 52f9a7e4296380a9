// From status codes to exceptions.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NativeError } from "../../src/errors.ts";
import { ErrorRecord, Status } from "../../src/native/abi.ts";
import { errorRecord, unwrap } from "../../src/native/status.ts";

function fill(instruction: number, text: string): void {
  new DataView(errorRecord.buffer).setInt32(ErrorRecord.instruction, instruction, true);
  errorRecord.fill(0xff, ErrorRecord.text);
  errorRecord.set(new TextEncoder().encode(`${text}\0`), ErrorRecord.text);
}

describe("unwrap()", () => {
  it("passes on what is no error", () => {
    assert.equal(unwrap(Status.OK), 0);
    assert.equal(unwrap(Status.PENDING), 1);
    assert.equal(unwrap(0x7fffffff), 0x7fffffff);
  });

  it("throws the message of the record with the name of the status", () => {
    fill(-1, "Ünwell");
    assert.throws(() => unwrap(Status.IO), (error: Error) => {
      assert.ok(error instanceof NativeError);
      assert.deepEqual([error.message, error.status], ["Ünwell", "IO"]);
      return true;
    });
  });

  it("names the instruction", () => {
    fill(37, "wrong shape");
    const instruction = (index: number) => `matmul at #${index} blk.2.ffn_up`;
    assert.throws(
      () => unwrap(Status.INVALID, { instruction }),
      /^NativeError: matmul at #37 blk.2.ffn_up: wrong shape$/,
    );
    assert.throws(() => unwrap(Status.INVALID), /^NativeError: instruction #37: wrong shape$/);
  });

  it("names the action where there is no record", () => {
    assert.throws(() => unwrap(Status.BUSY, { action: "read" }), { message: "Cannot read: BUSY", status: "BUSY" });
  });
});
