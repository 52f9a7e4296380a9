/** Which file the native library is: the places in order, and what to say when none has it. Loading is library.ts's. */

import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { LibraryError } from "../errors.ts";
import { currentRuntime } from "../runtime/mod.ts";
import { bundledLibrary } from "./bundled.ts";
import { embeddedLibrary } from "./embedded.ts";
import { currentSystem, explainMissingPackage, findPlatformLibrary, systemName } from "./platform_package.ts";
import { fileNameFor } from "./platforms.ts";

/** The file to load. */
export interface LibraryLocation {
  readonly path: string;
  /** The place it was found in, for messages: "ARPEGGIO_LIBRARY", "this executable". */
  readonly place: string;
  /** What to do when it turns out to be the wrong one. */
  readonly remedy: string;
}

/** A place to look in. The first one that names a file decides, whether the file is there or not. */
interface Place {
  readonly name: string;
  /** The file, or why there is none; `undefined` where the place does not exist for this program. */
  readonly find: () => { readonly path: string } | { readonly nothing: string } | undefined;
  readonly remedy: string;
}

const VARIABLE = "ARPEGGIO_LIBRARY";

/** The places in order. To add one: a line here. */
const places: readonly Place[] = [
  { name: VARIABLE, find: findByVariable, remedy: `unset ${VARIABLE}, or set it to a library made by npm run build` },
  { name: "this executable", find: findEmbedded, remedy: "compile the executable again: npm run compile" },
  { name: "the checkout", find: findInCheckout, remedy: "build it: npm run build" },
  { name: "its npm package", find: findInPackage, remedy: "delete node_modules and install again" },
];

/**
 * The native library for this machine.
 *
 * @throws {LibraryError} When it is nowhere. The message names every place, what was found there instead, and what
 * helps.
 */
export function locateLibrary(): LibraryLocation {
  const looked: string[] = [];
  for (const { name: place, find, remedy } of places) {
    const found = find();
    if (found === undefined) continue;
    if ("path" in found) return { path: found.path, place, remedy };
    looked.push(`  ${place}: ${found.nothing}`);
  }
  const system = currentSystem();
  const wanted = `${fileNameFor(system.os)} for ${systemName(system)}`;
  const checkout = checkoutFolder() === undefined ? "" : "\nIn a checkout, build it: npm run build";
  throw new LibraryError(`Expected the native library (${wanted}) but found none in\n${looked.join("\n")}${checkout}`);
}

function findByVariable(): ReturnType<Place["find"]> {
  const { environment, mayRead } = currentRuntime();
  const path = environment(VARIABLE);
  if (path === undefined || path === "") return { nothing: "not set" };
  if (!mayRead(path) || existsSync(path)) return { path };
  throw new LibraryError(
    `Expected ${VARIABLE} to name the native library but there is no file ${path}: ${places[0].remedy}`,
  );
}

function findEmbedded(): ReturnType<Place["find"]> {
  const path = embeddedLibrary() ?? bundledLibrary();
  return path === undefined ? { nothing: "contains no library" } : { path };
}

/** The folder `zig build` installs into: DLLs are in `bin`, what other systems have in `lib`. */
function findInCheckout(): ReturnType<Place["find"]> {
  const folder = checkoutFolder();
  if (folder === undefined) return undefined;
  const path = `${folder}${process.platform === "win32" ? "bin" : "lib"}/${fileNameFor(process.platform)}`;
  // Where nothing may be looked at, loading it will show whether it is there.
  if (!currentRuntime().mayRead(folder) || existsSync(path)) return { path };
  const others = ["bin", "lib"].flatMap((sub) => filesIn(`${folder}${sub}`)).filter((name) => /arpeggio/.test(name));
  return { nothing: `no file ${path}${others.length > 0 ? ` (but ${others.join(", ")})` : ""}` };
}

/** `zig-out` in a checkout: there, unlike in a package or a bundle, this is a file of TypeScript. */
function checkoutFolder(): string | undefined {
  const url = import.meta.url;
  return url.startsWith("file:") && url.endsWith(".ts") ? fileURLToPath(new URL("../../zig-out/", url)) : undefined;
}

function findInPackage(): ReturnType<Place["find"]> {
  const system = currentSystem();
  const path = findPlatformLibrary(system);
  if (path !== undefined) return { path };
  // In a checkout nobody expects it.
  return checkoutFolder() === undefined ? { nothing: explainMissingPackage(system) } : undefined;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
