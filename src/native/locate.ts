/** Which file the native library is: the places in order, and what to say when none has it. Loading is library.ts's. */

import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { LibraryError } from "../errors.ts";
import { embeddedLibrary } from "./embedded.ts";

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
  /** The file, or why there is none. */
  readonly find: () => { readonly path: string } | { readonly nothing: string };
  readonly remedy: string;
}

const VARIABLE = "ARPEGGIO_LIBRARY";

/** The places in order. To add one (a package per platform): a line here. */
const places: readonly Place[] = [
  { name: VARIABLE, find: findByVariable, remedy: `unset ${VARIABLE}, or set it to a library made by npm run build` },
  { name: "this executable", find: findEmbedded, remedy: "compile the executable again: npm run compile" },
  { name: "the checkout", find: findInCheckout, remedy: "build it: npm run build" },
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
    if ("path" in found) return { path: found.path, place, remedy };
    looked.push(`  ${place}: ${found.nothing}`);
  }
  const wanted = `${fileNameFor(process.platform)} for ${process.platform}-${process.arch}`;
  throw new LibraryError(
    `Expected the native library (${wanted}) but found none in\n${looked.join("\n")}\nIn a checkout, ${
      places.at(-1)?.remedy
    }`,
  );
}

function findByVariable(): ReturnType<Place["find"]> {
  const path = environment(VARIABLE);
  if (path === undefined || path === "") return { nothing: "not set" };
  if (existsSync(path)) return { path };
  throw new LibraryError(
    `Expected ${VARIABLE} to name the native library but there is no file ${path}: ${places[0].remedy}`,
  );
}

function findEmbedded(): ReturnType<Place["find"]> {
  const path = embeddedLibrary();
  return path === undefined ? { nothing: "contains no library" } : { path };
}

/** The folder `zig build` installs into: DLLs are in `bin`, what other systems have in `lib`. */
function findInCheckout(): ReturnType<Place["find"]> {
  const folder = fileURLToPath(new URL("../../zig-out/", import.meta.url));
  const path = `${folder}${process.platform === "win32" ? "bin" : "lib"}/${fileNameFor(process.platform)}`;
  if (existsSync(path)) return { path };
  const others = ["bin", "lib"].flatMap((sub) => filesIn(`${folder}${sub}`)).filter((name) => /arpeggio/.test(name));
  return { nothing: `no file ${path}${others.length > 0 ? ` (but ${others.join(", ")})` : ""}` };
}

/** The name of the library file on a platform. */
export function fileNameFor(platform: string): string {
  if (platform === "win32") return "arpeggio.dll";
  return platform === "darwin" ? "libarpeggio.dylib" : "libarpeggio.so";
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A variable that may not be read (Deno without --allow-env) is not set. */
function environment(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}
