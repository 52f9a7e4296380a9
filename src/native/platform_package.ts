/**
 * The npm package with the native library for this system: where it is installed, and what to say when it is not, which
 * depends on what is installed instead.
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { currentRuntime, type Libc, type Runtime } from "../runtime/mod.ts";
import { fileNameFor, packageNameOf, type Platform, platforms } from "./platforms.ts";

/** The system that a library is wanted for. */
export interface System {
  readonly os: string;
  readonly cpu: string;
  /** `undefined` except on Linux, and there where it cannot be told. */
  readonly libc: Libc | undefined;
  readonly runtime: Runtime["name"];
  /** Whether this was loaded from an address (JSR) and not from a file: then packages are the program's. */
  readonly fromAddress: boolean;
}

/** Finds the file of an installed package's library. */
export type FindPackage = (platform: Platform) => string | undefined;

const isFromAddress = !import.meta.url.startsWith("file:");

/** The system that this is running on. */
export function currentSystem(): System {
  const { name: runtime, libc } = currentRuntime();
  return { os: process.platform, cpu: process.arch, libc: libc(), runtime, fromAddress: isFromAddress };
}

/** A system in words: "linux-x64 (musl)". */
export function systemName({ os, cpu, libc }: Pick<System, "os" | "cpu" | "libc">): string {
  return `${os}-${cpu}${libc === undefined ? "" : ` (${libc})`}`;
}

/** The library of an installed package for `system`; `undefined` when there is none. */
export function findPlatformLibrary(system: System, find: FindPackage = installedLibrary): string | undefined {
  return platformsFor(system).map(find).find((path) => path !== undefined);
}

/**
 * Why there is no library for `system`, and what helps, for the end of a message: "@arpeggio/linux-x64-gnu is not
 * installed, but ... is: ...".
 */
export function explainMissingPackage(system: System, find: FindPackage = installedLibrary): string {
  const wanted = platformsFor(system);
  if (wanted.length === 0) {
    return `there is none for ${systemName(system)}, only for ${platforms.map(systemName).join(", ")}`;
  }
  const names = wanted.map(packageNameOf).join(" or ");
  if (system.fromAddress) return `${names} is not there. The package of npm brings it along: deno add npm:arpeggio`;
  const other = platforms.find((platform) => !wanted.includes(platform) && find(platform) !== undefined);
  if (other === undefined) {
    const again = { node: "npm install --include=optional", bun: "bun install", deno: "deno install" };
    return `${names} is not installed. It is an optional dependency of arpeggio: was it left out ` +
      `(--omit=optional), or installed from a lockfile made elsewhere? Install again with it: ${again[system.runtime]}`;
  }
  const install = { node: "npm install", bun: "bun install", deno: "deno install" }[system.runtime];
  const remedy = `delete node_modules and install here again: ${install}`;
  return `${names} is not installed, but ${packageNameOf(other)} is: ${reasonFor(system, other)}${remedy}`;
}

/** How another platform's package comes about. Ends in what leads over to the command that mends it. */
function reasonFor(system: System, found: Platform): string {
  const { os, cpu, runtime } = system;
  if (found.os !== os) {
    return `node_modules was installed on ${found.os} and copied to ${os} (into a container or a virtual machine?); `;
  }
  if (found.cpu === cpu) {
    return `node_modules was installed on a system with ${found.libc}, and this one has ${system.libc ?? "another"} ` +
      `(was it copied between Debian and Alpine images?); `;
  }
  if (os !== "darwin") return `node_modules was installed by a program for ${found.cpu}, and this is one for ${cpu}; `;
  return `one of both programs, that which installed (${found.cpu}) and this ${runtime} (${cpu}), is translated by ` +
    `Rosetta; use a ${runtime} for arm64 on Apple silicon, `;
}

/** The platforms whose library a system can load, the likeliest first: both libcs of Linux where it is not known. */
function platformsFor({ os, cpu, libc }: System): Platform[] {
  return platforms.filter((platform) =>
    platform.os === os && platform.cpu === cpu && (libc === undefined || platform.libc === libc)
  );
}

/** Where the library of an installed package is. Asks the runtime's own resolution, which needs no permission. */
function installedLibrary(platform: Platform): string | undefined {
  const file = `${packageNameOf(platform)}/${fileNameFor(platform.os)}`;
  try {
    return isFromAddress ? resolveFromProgram(file) : fileURLToPath(import.meta.resolve(file));
  } catch {
    return undefined;
  }
}

/** Goes by the packages of the program, which is started in its folder: the main package of npm is one of them. */
function resolveFromProgram(file: string): string {
  const main = createRequire(join(process.cwd(), "program")).resolve("arpeggio/package.json");
  return createRequire(main).resolve(file);
}
