// What Zig is asked for to make the library of a platform, and making it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { symbols } from "../../src/native/abi.ts";
import { fileNameFor, type Platform, type PlatformName } from "../../src/native/platforms.ts";
import { root, SetupError, zigBuildCommand } from "../runtimes.mjs";
import { withMachOExports } from "./macho_exports.ts";

/** Zig's triples: with the oldest version that works. glibc 2.27 is that of Ubuntu 18.04 and RHEL 8's is 2.28. */
const triples: Readonly<Record<PlatformName, string>> = {
  "linux-x64-gnu": "x86_64-linux-gnu.2.27",
  "linux-x64-musl": "x86_64-linux-musl",
  "linux-arm64-gnu": "aarch64-linux-gnu.2.27",
  "linux-arm64-musl": "aarch64-linux-musl",
  "darwin-x64": "x86_64-macos.13.0",
  "darwin-arm64": "aarch64-macos.13.0",
  "win32-x64": "x86_64-windows-gnu",
  "win32-arm64": "aarch64-windows-gnu",
};

/**
 * Builds the library of a platform. Zig keeps what has not changed.
 *
 * @param folder The sources, where what is compiled of them is kept, too: this checkout, or a copy of its build.zig,
 * build.zig.zon, csrc and tools.
 * @returns The file.
 * @throws {SetupError} When the build fails.
 */
export function buildLibrary(platform: Platform, folder: string = root): string {
  const cache = join(folder, ".zig-cache");
  const prefix = join(cache, "release", platform.name);
  const [zig, ...args] = zigBuildCommand({ cache });
  const options = [`-Dtarget=${triples[platform.name]}`, "--prefix", prefix];
  const result = spawnSync(zig, [...args, ...options], { cwd: folder, encoding: "utf8" });
  const library = join(prefix, platform.os === "win32" ? "bin" : "lib", fileNameFor(platform.os));
  if (result.status === 0 && existsSync(library)) return platform.os === "darwin" ? withAbiOnly(library) : library;
  const { stdout, stderr, error } = result;
  throw new SetupError(`zig build failed for ${platform.name}.\n${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`);
}

/** Makes another file of a library of macOS, which exports the functions of the ABI and nothing else. */
function withAbiOnly(library: string): string {
  const output = join(dirname(library), "abi", basename(library));
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, withMachOExports(readFileSync(library), Object.keys(symbols)));
  return output;
}
