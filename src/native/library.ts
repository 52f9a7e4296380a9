/**
 * Opens the native library, once per process, and checks that it speaks the ABI of abi.ts. What the objects in it can
 * do is in objects.ts and plan.ts; which file it is, in locate.ts.
 */

import { LibraryError } from "../errors.ts";
import { currentRuntime, type ForeignFunctions, type Wait } from "../runtime/mod.ts";
import { runSliced, runWhole } from "../time_slice.ts";
import { ABI_VERSION, Status, symbols } from "./abi.ts";
import { describeLibraryFile } from "./library_file.ts";
import { type LibraryLocation, locateLibrary } from "./locate.ts";
import { currentSystem, systemName } from "./platform_package.ts";
import { unwrap } from "./status.ts";

/** What the library says about itself and the machine. */
export interface LibraryDescription {
  /** The version of the interface between TypeScript and C. */
  readonly abi: number;
  /** What it was built from: the beginning of a hash of the C sources. */
  readonly build: string;
  /** The instruction set in use, such as "avx2"; `null` when ARPEGGIO_ISA names one that cannot be used here. */
  readonly isa: string | null;
  /** The instruction sets that this library has and this machine can execute, best first. */
  readonly isas: readonly string[];
  /** Physical cores: the number of threads unless another is asked for. */
  readonly cores: number;
}

/** The loaded library. For the files of this folder: everything else uses the objects. */
export interface NativeLibrary {
  readonly path: string;
  /** Where it was found, such as "the checkout". */
  readonly place: string;
  readonly functions: ForeignFunctions<typeof symbols>;
  /** `arp_wait` on another thread. */
  readonly wait: Wait;
}

let opened: NativeLibrary | undefined;

/**
 * The native library; loads it the first time.
 *
 * @throws {LibraryError} When it is not found, cannot be loaded, or is of another version.
 */
export function openLibrary(): NativeLibrary {
  opened ??= runWhole(load(locateLibrary()));
  return opened;
}

/**
 * Loads the native library, if that has not happened yet, in slices that keep the event loop free: making its functions
 * callable takes Deno 5 ms.
 *
 * @throws {LibraryError} As {@linkcode openLibrary}.
 */
export async function openLibrarySliced(): Promise<void> {
  if (opened !== undefined) return;
  const library = await runSliced(load(locateLibrary()));
  opened ??= library;
}

/**
 * What the library says about itself and this machine; loads it when that has not happened yet.
 *
 * @throws {LibraryError} When it is not found, cannot be loaded, or is of another version.
 * @example
 * ```ts
 * import { describeLibrary } from "arpeggio";
 *
 * const { isa, cores } = describeLibrary();
 * console.log(`${isa} on ${cores} cores`);
 * ```
 */
export function describeLibrary(): LibraryDescription {
  const { arp_describe: describe } = openLibrary().functions;
  const text = new Uint8Array(unwrap(describe(null, 0), { action: "describe the library" }));
  describe(text, text.length);
  return JSON.parse(new TextDecoder().decode(text.subarray(0, text.indexOf(0)))) as LibraryDescription;
}

/**
 * Loads the library from a file; a computation for time_slice.ts.
 *
 * @throws {LibraryError} When the file cannot be loaded or is of another ABI version. The message says what helps.
 */
export function* load(location: LibraryLocation): Generator<void, NativeLibrary> {
  const { functions, wait } = yield* open(location);
  checkVersion(functions.arp_abi_version(), location);
  return { path: location.path, place: location.place, functions, wait };
}

/**
 * Compares the ABI version of a library with the one this program was written for.
 *
 * @throws {LibraryError} When they differ.
 */
export function checkVersion(found: number, { path, place, remedy }: LibraryLocation): void {
  if (found === ABI_VERSION) return;
  throw new LibraryError(
    `Expected ABI version ${ABI_VERSION} but the native library from ${place} has ${found} (${path}): ${remedy}`,
  );
}

function* open({ path, place, remedy }: LibraryLocation) {
  try {
    return yield* currentRuntime().openLibrary(path, { symbols, wait: "arp_wait", pending: Status.PENDING });
  } catch (error) {
    if (error instanceof LibraryError) throw error;
    const { message } = error as Error;
    const wanted = `a library for ${systemName(currentSystem())}`;
    const found = currentRuntime().mayRead(path) ? describeLibraryFile(path) : wanted;
    // A file whose C library does not show may be the wanted one too.
    const what = wanted.startsWith(found) ? "one that cannot be loaded" : found;
    throw new LibraryError(
      `Expected ${wanted} but found ${what} in ${place} (${path}): ${remedy}\nThe system says: ${message}`,
      { cause: error },
    );
  }
}
