/** The only place where a status code of the C library becomes an exception. */

import { NativeError } from "../errors.ts";
import { ErrorRecord, Status } from "./abi.ts";

/** Memory for what a failing call has to say (struct arp_error). One at a time: calls do not overlap in a thread. */
const record = new Uint8Array(ErrorRecord.size);
const view = new DataView(record.buffer);

/** What to pass as the `error` argument of a call whose result goes to {@linkcode unwrap} next. */
export const errorRecord: Uint8Array = record;

const names = new Map<number, keyof typeof Status>(
  Object.entries(Status).map(([name, value]) => [value, name as keyof typeof Status]),
);

/** Where an error happened. */
export interface UnwrapOptions {
  /** What was tried, for calls that do not write {@linkcode errorRecord}: "write to a map". */
  readonly action?: string;
  /** The name of an instruction: "matmul at #37 blk.2.ffn_up". */
  readonly instruction?: ((index: number) => string) | undefined;
}

/**
 * Passes a result that is no error on.
 *
 * @param result A status, a positive handle or an amount; negative is an error.
 * @throws {NativeError} With the name of the status; its message comes from {@linkcode errorRecord} unless the options
 * say what the action was.
 */
export function unwrap(result: number, options: UnwrapOptions = {}): number {
  if (result >= 0) return result;
  const { action, instruction } = options;
  const status = names.get(result) ?? `status ${result}`;
  if (action !== undefined) throw new NativeError(`Cannot ${action}: ${status}`, status);
  const index = view.getInt32(ErrorRecord.instruction, true);
  const at = index >= 0 ? `${instruction?.(index) ?? `instruction #${index}`}: ` : "";
  const text = record.subarray(ErrorRecord.text);
  const length = text.indexOf(0);
  throw new NativeError(at + new TextDecoder().decode(text.subarray(0, length < 0 ? undefined : length)), status);
}
