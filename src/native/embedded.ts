/**
 * The native library inside of an executable. Only its entry point can say where that is, because the bundler must see
 * the import: `import library from "../zig-out/lib/libarpeggio.so" with { type: "file" }`.
 */

let path: string | undefined;

/**
 * Says where the embedded library is. To be called before the first model is loaded; only ARPEGGIO_LIBRARY goes before.
 *
 * @example
 * ```ts ignore
 * import { registerEmbeddedLibrary } from "arpeggio";
 * import library from "./zig-out/lib/libarpeggio.so" with { type: "file" };
 *
 * registerEmbeddedLibrary(library);
 * ```
 */
export function registerEmbeddedLibrary(library: string): void {
  path = library;
}

/** Where the embedded library is, if there is one. */
export function embeddedLibrary(): string | undefined {
  return path;
}
