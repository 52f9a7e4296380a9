/** What a bug report needs to know about an installation. */

import { ArpeggioError } from "./errors.ts";
import { describeLibrary, type LibraryDescription, openLibrary } from "./native/library.ts";
import { currentSystem, systemName } from "./native/platform_package.ts";
import { currentRuntime } from "./runtime/mod.ts";
import { VERSION } from "./version.ts";

/** The result of {@linkcode diagnostics}. */
export interface Diagnostics {
  /** The version of arpeggio, such as "0.1.0". */
  readonly version: string;
  /** The runtime and its version, such as "bun 1.4.5". */
  readonly runtime: string;
  /** The system: operating system, processor and, on Linux, C library, such as "linux-x64 (glibc)". */
  readonly system: string;
  /** The native library; `undefined` when it cannot be used. */
  readonly library: LibraryDiagnostics | undefined;
  /** Why there is no library: what is wrong and what helps. */
  readonly libraryError: string | undefined;
}

/** The native library in use. */
export interface LibraryDiagnostics extends LibraryDescription {
  /** Its file. */
  readonly path: string;
  /** Where it was found, such as "its npm package" or "the checkout". */
  readonly place: string;
}

/**
 * What a bug report needs: versions, system, and which native library is in use. Loads the library when that has not
 * happened yet; that it cannot be loaded is no exception but a part of the result.
 *
 * @example
 * ```ts
 * import { diagnostics } from "arpeggio";
 *
 * console.log(diagnostics());
 * ```
 */
export function diagnostics(): Diagnostics {
  const { name, version } = currentRuntime();
  const common = { version: VERSION, runtime: `${name} ${version()}`, system: systemName(currentSystem()) };
  try {
    const { path, place } = openLibrary();
    return { ...common, library: { path, place, ...describeLibrary() }, libraryError: undefined };
  } catch (error) {
    if (!(error instanceof ArpeggioError)) throw error;
    return { ...common, library: undefined, libraryError: error.message };
  }
}
