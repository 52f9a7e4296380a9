/**
 * Bun: `bun:ffi` takes typed arrays as pointers. It has no call that does not block, so waiting is done by worker
 * threads (waiters.ts).
 */

import { LibraryError } from "../errors.ts";
import { withExtractedLibrary } from "./executable.ts";
import { libcOfProgram } from "./libc.ts";
import type { ForeignFunctions, ForeignType, Runtime } from "./mod.ts";
import { type Waiter, WaiterPool } from "./waiters.ts";

/** The part of `bun:ffi` that is used here. */
interface BunFfi {
  dlopen(path: string, symbols: Record<string, BunSymbol>): { readonly symbols: Record<string, BunFunction> };
}

/** A native function: its address, and what `CFunction` makes of that in another thread. */
interface BunFunction {
  readonly ptr: number;
}

interface BunSymbol {
  readonly args: readonly string[];
  readonly returns: string;
}

/** The adapter for Bun. */
export const bun: Runtime = {
  name: "bun",
  version: () => (globalThis as unknown as { Bun: { version: string } }).Bun.version,
  libc: () => process.platform === "linux" ? libcOfProgram(process.execPath) : undefined,
  environment: (name) => process.env[name],
  mayRead: () => true,
  // Everything at once: it takes 1 to 2 ms.
  *openLibrary(path, options) {
    const { symbols, wait, pending } = options;
    const declared = Object.fromEntries(
      Object.entries(symbols).map(([name, { parameters, result }]) => [
        name,
        { args: parameters.map(bunType), returns: bunType(result) },
      ]),
    );
    const opened = withExtractedLibrary(path, (file) => ffi().dlopen(file, declared).symbols);
    const source = waiterSource({ ...declared[wait], ptr: opened[wait].ptr });
    const functions = opened as unknown as ForeignFunctions<typeof symbols>;
    const call = functions[wait] as unknown as (handle: number, milliseconds: number, error: null) => number;
    const look = { call: (handle: number) => call(handle, 0, null), pending };
    const waiters = new WaiterPool(() => startWaiter(source), look);
    return { functions, wait: (handle, milliseconds) => waiters.wait(handle, milliseconds) };
  },
};

/** Not an import: the other runtimes and bundlers for them would have to resolve it. */
function ffi(): BunFfi {
  const found = (process as { getBuiltinModule(name: string): unknown }).getBuiltinModule("bun:ffi");
  if (found === undefined) throw new LibraryError("Expected a Bun with bun:ffi");
  return found as BunFfi;
}

function bunType(type: ForeignType): string {
  return type === "buffer" ? "ptr" : type;
}

/** By the address and not by the file, which is gone when it came out of an executable. */
function waiterSource(wait: BunSymbol & BunFunction): string {
  return `
    const { CFunction } = process.getBuiltinModule("bun:ffi");
    const wait = new CFunction(${JSON.stringify(wait)});
    onmessage = ({ data }) => postMessage(wait(data[0], data[1], null));
  `;
}

/** A web worker from a Blob: it starts in 4 ms, and the first `node:worker_threads` worker in Bun blocks for 23 ms. */
function startWaiter(source: string): Waiter {
  const url = URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
  const worker = new Worker(url) as Worker & { ref(): void; unref(): void };
  return {
    post: (handle, milliseconds) => worker.postMessage([handle, milliseconds]),
    listen(onStatus, onFailure) {
      worker.onmessage = ({ data }) => {
        URL.revokeObjectURL(url); // Not before: the worker reads its source after the constructor has returned.
        onStatus(data as number);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        onFailure(new Error(event.message));
      };
    },
    ref: () => worker.ref(),
    unref: () => worker.unref(),
  };
}
