/**
 * Deno: its FFI has the types of the symbol table under the same names, and calls a function on another thread when it
 * is declared non-blocking.
 */

import { LibraryError } from "../errors.ts";
import type { ForeignFunctions, Runtime, Wait } from "./mod.ts";

/** The part of Deno's API that is used here: the type checker of this project does not know `Deno`. */
interface DenoApi {
  readonly version: { readonly deno: string };
  readonly errors: { readonly NotCapable: new () => Error };
  dlopen(path: string, symbols: Record<string, unknown>): { readonly symbols: Record<string, unknown> };
}

/** The second declaration of the function that waits. */
const WAIT_SYMBOL = "wait_without_blocking";

/** The adapter for Deno. */
export const deno: Runtime = {
  name: "deno",
  version: () => api().version.deno,
  openLibrary(path, options) {
    const { symbols, wait } = options;
    const nonblocking = { ...symbols[wait], name: wait, nonblocking: true };
    const opened = open(path, { ...symbols, [WAIT_SYMBOL]: nonblocking });
    const call = opened[WAIT_SYMBOL] as (handle: number, milliseconds: number, error: null) => Promise<number>;
    const functions = opened as unknown as ForeignFunctions<typeof symbols>;
    const waitFor: Wait = (handle, milliseconds) => call(handle, milliseconds, null);
    return { functions, wait: waitFor };
  },
};

function api(): DenoApi {
  return (globalThis as unknown as { Deno: DenoApi }).Deno;
}

function open(path: string, symbols: Record<string, unknown>): Record<string, unknown> {
  try {
    return api().dlopen(path, symbols).symbols;
  } catch (error) {
    if (!(error instanceof api().errors.NotCapable)) throw error;
    throw new LibraryError("Expected the permission to load a native library: run Deno with --allow-ffi", {
      cause: error,
    });
  }
}
