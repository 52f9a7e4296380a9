// A package with the library for one platform. npm, Bun and Deno install the one that fits `os`, `cpu` and `libc`.
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileNameFor, packageNameOf, type Platform } from "../../src/native/platforms.ts";
import { systemName } from "../../src/native/platform_package.ts";
import { common, mainPackageName, writeJson } from "./metadata.ts";

/** Writes the package of a platform to a folder. */
export function writePlatformPackage(folder: string, platform: Platform, library: string): void {
  mkdirSync(folder, { recursive: true });
  cpSync(library, join(folder, fileNameFor(platform.os)));
  writeJson(folder, "package.json", platformManifest(platform));
}

/** The package.json of a platform's package. */
export function platformManifest(platform: Platform) {
  const { os, cpu, libc } = platform;
  return {
    ...{ name: packageNameOf(platform), ...common },
    description: `The native library of ${mainPackageName} for ${systemName(platform)}`,
    ...{ os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) },
    files: [fileNameFor(os)],
    // Yarn would keep it in an archive, and no system loads a library from there.
    preferUnplugged: true,
  };
}
