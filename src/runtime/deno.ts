/**
 * Deno: its FFI has the types of the symbol table under the same names, and calls a function on another thread when it
 * is declared non-blocking.
 */

import { LibraryError } from "../errors.ts";
import { permissionFlag } from "./files.ts";
import type { ForeignFunctions, Runtime, Wait } from "./mod.ts";

/** The part of Deno's API that is used here: the type checker of this project does not know `Deno`. */
interface DenoApi {
  readonly version: { readonly deno: string };
  readonly build: { readonly target: string };
  readonly permissions: { querySync(descriptor: Record<string, string>): { readonly state: string } };
  readonly env: { get(name: string): string | undefined };
  readonly errors: { readonly NotCapable: new () => Error };
  dlopen(path: string, symbols: Record<string, unknown>): { readonly symbols: Record<string, unknown> };
}

/** The second declaration of the function that waits. */
const WAIT_SYMBOL = "wait_without_blocking";

/** How many functions are made callable between two chances for the event loop: each takes about 0.15 ms. */
const SYMBOLS_PER_STEP = 4;

/** The adapter for Deno. */
export const deno: Runtime = {
  name: "deno",
  version: () => api().version.deno,
  libc() {
    const { target } = api().build;
    return target.endsWith("-musl") ? "musl" : target.endsWith("-linux-gnu") ? "glibc" : undefined;
  },
  environment: (name) => isGranted({ name: "env", variable: name }) ? api().env.get(name) : undefined,
  mayRead: (path) => isGranted({ name: "read", path }),
  *openLibrary(path, options) {
    const { symbols, wait } = options;
    const nonblocking = { ...symbols[wait], name: wait, nonblocking: true };
    const declared = Object.entries({ ...symbols, [WAIT_SYMBOL]: nonblocking });
    const opened: Record<string, unknown> = {};
    for (let first = 0; first < declared.length; first += SYMBOLS_PER_STEP) {
      yield;
      Object.assign(opened, open(path, Object.fromEntries(declared.slice(first, first + SYMBOLS_PER_STEP))));
    }
    const call = opened[WAIT_SYMBOL] as (handle: number, milliseconds: number, error: null) => Promise<number>;
    const functions = opened as unknown as ForeignFunctions<typeof symbols>;
    const waitFor: Wait = (handle, milliseconds) => call(handle, milliseconds, null);
    return { functions, wait: waitFor };
  },
};

function api(): DenoApi {
  return (globalThis as unknown as { Deno: DenoApi }).Deno;
}

/** Asking for the state, unlike trying, does not make Deno ask the user. */
function isGranted(descriptor: Record<string, string>): boolean {
  return api().permissions.querySync(descriptor).state === "granted";
}

function open(path: string, symbols: Record<string, unknown>): Record<string, unknown> {
  try {
    return api().dlopen(path, symbols).symbols;
  } catch (error) {
    if (!(error instanceof api().errors.NotCapable)) throw error;
    throw new LibraryError(
      `Expected the permission to load the native library: run Deno with ${permissionFlag("ffi", path)}`,
      { cause: error },
    );
  }
}
