/**
 * Node 26.1 and later: `node:ffi`. It has no call that does not block, so waiting is done by worker threads
 * (waiters.ts).
 */

import { LibraryError } from "../errors.ts";
import { libcOfProgram } from "./libc.ts";
import type { ForeignFunctions, Runtime } from "./mod.ts";
import { type Waiter, WaiterPool } from "./waiters.ts";

/** The part of `node:ffi` that is used here. Its type names include all of ours. */
interface NodeFfi {
  dlopen(path: string, symbols: Record<string, NodeSymbol>): { readonly functions: Record<string, unknown> };
}

interface NodeSymbol {
  readonly arguments: readonly string[];
  readonly return: string;
}

/** The part of `node:worker_threads` that is used here. */
interface NodeWorkerThreads {
  Worker: new (source: string, options: { eval: true; execArgv: string[] }) => NodeWorker;
}

interface NodeWorker {
  on(event: "message", listener: (status: number) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  postMessage(message: unknown): void;
  ref(): void;
  unref(): void;
}

/** The option that takes `node:ffi` away. */
const DISABLED = "--no-experimental-ffi";

/** The adapter for Node. */
export const node: Runtime = {
  name: "node",
  version: () => process.versions.node,
  libc: () => process.platform === "linux" ? libcOfProgram(process.execPath) : undefined,
  environment: (name) => process.env[name],
  mayRead: (path) => process.permission?.has("fs.read", path) ?? true,
  // Everything at once: it takes 1 to 2 ms.
  *openLibrary(path, options) {
    const { symbols, wait, pending } = options;
    const declared = Object.fromEntries(
      Object.entries(symbols).map(([name, { parameters, result }]) => [
        name,
        { arguments: parameters, return: result },
      ]),
    );
    const functions = open(path, declared) as unknown as ForeignFunctions<typeof symbols>;
    const source = waiterSource(path, { name: wait, symbol: declared[wait] });
    const call = functions[wait] as unknown as (handle: number, milliseconds: number, error: null) => number;
    const look = { call: (handle: number) => call(handle, 0, null), pending };
    const waiters = new WaiterPool(() => startWaiter(source), look);
    return { functions, wait: (handle, milliseconds) => waiters.wait(handle, milliseconds) };
  },
};

/**
 * `node:ffi`, which says that it is experimental when it is first loaded. Loading is synchronous, so nothing else can
 * warn while this one warning is caught.
 */
function loadFfi(): NodeFfi | undefined {
  const { emitWarning } = process;
  process.emitWarning = (...args: unknown[]) => {
    const [message, type] = args;
    const expected = type === "ExperimentalWarning" && String(message).startsWith("FFI ");
    if (!expected) Reflect.apply(emitWarning, process, args);
  };
  try {
    return (process as { getBuiltinModule(name: string): unknown }).getBuiltinModule("node:ffi") as NodeFfi | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The functions of the library at `path`. */
function open(path: string, declared: Record<string, NodeSymbol>): Record<string, unknown> {
  const ffi = loadFfi();
  if (ffi === undefined) {
    const found = `Node ${process.versions.node}${process.execArgv.includes(DISABLED) ? ` with ${DISABLED}` : ""}`;
    throw new LibraryError(`Expected Node 26.1 or later, which has node:ffi, but found ${found}`);
  }
  try {
    return ffi.dlopen(path, declared).functions;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_ACCESS_DENIED") throw error;
    throw new LibraryError(
      "Expected the permission to load the native library: run Node with --allow-ffi --allow-worker",
      { cause: error },
    );
  }
}

/** What a waiter executes. Nothing but this runs in its thread, so no warning of anybody else's can be lost there. */
function waiterSource(path: string, wait: { name: string; symbol: NodeSymbol }): string {
  const { name, symbol } = wait;
  return `
    const { parentPort } = require("node:worker_threads");
    process.emitWarning = () => {};
    const { dlopen } = process.getBuiltinModule("node:ffi");
    const { functions } = dlopen(${JSON.stringify(path)}, ${JSON.stringify({ [name]: symbol })});
    const wait = functions[${JSON.stringify(name)}];
    parentPort.on("message", ([handle, milliseconds]) => parentPort.postMessage(wait(handle, milliseconds, null)));
  `;
}

function startWaiter(source: string): Waiter {
  const { getBuiltinModule } = process as unknown as { getBuiltinModule(name: string): NodeWorkerThreads };
  // Without our own execArgv it would run the --import and --require modules of the application.
  const worker = new (getBuiltinModule("node:worker_threads").Worker)(source, { eval: true, execArgv: [] });
  return {
    post: (handle, milliseconds) => worker.postMessage([handle, milliseconds]),
    listen(onStatus, onFailure) {
      worker.on("message", onStatus);
      worker.on("error", onFailure);
    },
    ref: () => worker.ref(),
    unref: () => worker.unref(),
  };
}
