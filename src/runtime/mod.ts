/**
 * What the library needs of a JavaScript runtime, and the one line that picks the runtime it is running under. Which
 * native functions there are, and what they mean, is left to src/native.
 */

import { bun } from "./bun.ts";
import { deno } from "./deno.ts";
import type { Libc } from "./libc.ts";
import { node } from "./node.ts";

export { isExecutable, isInsideExecutable } from "./executable.ts";
export { type OpenFile, openFile } from "./files.ts";
export type { Libc } from "./libc.ts";

/** The types that cross the boundary: numbers, and memory that is lent for the time of the call. */
export type ForeignType = "i32" | "u32" | "f64" | "buffer";

/** The C prototypes of a library's functions. */
export type SymbolTable = Readonly<
  Record<string, { readonly parameters: readonly ForeignType[]; readonly result: ForeignType }>
>;

/** What an argument is in TypeScript. An empty view is not the same address everywhere: pass `null` instead. */
export type ForeignArgument<Type> = Type extends "buffer" ? ArrayBufferView | null : number;

/** What the arguments of a prototype are in TypeScript. */
export type ForeignArguments<Types extends readonly ForeignType[]> = {
  -readonly [Index in keyof Types]: ForeignArgument<Types[Index]>;
};

/** The functions of a {@linkcode SymbolTable}, callable. */
export type ForeignFunctions<Table extends SymbolTable> = {
  readonly [Name in keyof Table]: (
    ...args: ForeignArguments<Table[Name]["parameters"]>
  ) => number;
};

/**
 * A native function that blocks, called without blocking this thread: `(handle, milliseconds, null)` in C. The promise
 * keeps the process alive until the function has returned.
 */
export type Wait = (handle: number, milliseconds: number) => Promise<number>;

/** A native library that stays loaded until the process ends. */
export interface ForeignLibrary<Table extends SymbolTable> {
  readonly functions: ForeignFunctions<Table>;
  readonly wait: Wait;
}

/** What differs between runtimes. */
export interface Runtime {
  readonly name: "deno" | "bun" | "node";
  /** The version of the runtime, such as "2.9.6". */
  version(): string;
  /** The C library of this process on Linux; `undefined` elsewhere and where it cannot be told. */
  libc(): Libc | undefined;
  /** An environment variable; `undefined` also where it may not be read. Never makes the runtime ask the user. */
  environment(name: string): string | undefined;
  /** Whether a file may be looked at. Never makes the runtime ask the user. */
  mayRead(path: string): boolean;
  /**
   * Loads a native library; a computation for time_slice.ts.
   *
   * @param path The library's file.
   * @param options `symbols`: its functions; `wait`: the name of the one that {@linkcode ForeignLibrary.wait} calls;
   * `pending`: what that returns when there is more to wait for.
   * @throws {LibraryError} When this runtime has no foreign function interface, or may not use it.
   * @throws {Error} What the operating system says when the file is not a library it can load.
   */
  openLibrary<Table extends SymbolTable>(
    path: string,
    options: { symbols: Table; wait: keyof Table & string; pending: number },
  ): Generator<void, ForeignLibrary<Table>>;
}

/** The runtime that executes this. */
export function currentRuntime(): Runtime {
  return "Deno" in globalThis ? deno : "Bun" in globalThis ? bun : node;
}
