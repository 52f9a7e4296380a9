/** Makes a release for this machine, for the tests of this folder, in a temporary folder. */

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import packageJson from "../../package.json" with { type: "json" };
import { currentSystem } from "../../src/native/platform_package.ts";
import { platforms } from "../../src/native/platforms.ts";
import { executable, root } from "../../tools/runtimes.mjs";
import { pack } from "../../tools/release/pack.ts";
import { platformManifest, writePlatformPackage } from "../../tools/release/platform_package.ts";
import { type Registry, type RegistryPackage, startRegistry } from "./registry.ts";

/** The platform of this machine. */
export const hostPlatform = platforms.find((platform) => {
  const { os, cpu, libc } = currentSystem();
  return platform.os === os && platform.cpu === cpu && platform.libc === libc;
})!;

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end without blocking, because a registry in this process may have to answer it. */
export function run(
  command: readonly string[],
  options: { cwd: string; env?: Record<string, string | undefined> },
): Promise<Ended> {
  const [path, ...args] = command;
  const env = { ...process.env, NO_COLOR: "1", ...options.env };
  const defined = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { cwd: options.cwd, env: defined, stdio: ["ignore", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8");
      child[name].on("data", (text: string) => output[name] += text);
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
  });
}

/** Runs `npm run release` for this machine only. */
function releaseForHost(output: string): Promise<Ended> {
  const script = join(root, "tools", "release.mjs");
  const args = ["--platform", hostPlatform.name, "--output", output];
  return run([executable("node"), script, ...args], { cwd: root });
}

/**
 * The packages of a release as a registry takes them. Those of other platforms cannot be downloaded. That of the other
 * C library can, but has no usable library: Deno 2.9 installs it too, because it does not look at `libc`.
 */
function releasedPackages(output: string): RegistryPackage[] {
  const { os, cpu } = hostPlatform;
  const others = platforms.filter((platform) => platform !== hostPlatform);
  const released = ["arpeggio", hostPlatform.name].map((folder) => {
    const manifest = manifestIn(join(output, "npm", folder));
    return { manifest, archive: join(output, "archives", archiveName(manifest)) };
  });
  const useless = join(output, "useless");
  writeFileSync(useless, "no library\n");
  return [
    ...released,
    ...others.map((platform) => {
      const manifest = platformManifest(platform);
      if (platform.os !== os || platform.cpu !== cpu) return { manifest, archive: undefined };
      const folder = join(output, "npm", platform.name);
      writePlatformPackage(folder, platform, useless);
      return { manifest, archive: pack(folder, join(output, "archives")).archive };
    }),
  ];
}

/** Makes a release for this machine in a folder and starts a registry that has it, with what it depends on. */
export async function startReleaseRegistry(folder: string): Promise<{ registry: Registry; output: string }> {
  const output = join(folder, "release");
  const { code, stderr } = await releaseForHost(output);
  if (code !== 0) throw new Error(stderr);
  const dependencies = Object.keys(packageJson.dependencies).map((name) => packInstalled(name, folder));
  return { output, registry: await startRegistry([...releasedPackages(output), ...await Promise.all(dependencies)]) };
}

/** Makes an archive of an installed package of this checkout, such as "commander". */
async function packInstalled(name: string, into: string): Promise<RegistryPackage> {
  const folder = join(root, "node_modules", name);
  const command = ["npm", "pack", folder, "--ignore-scripts", "--pack-destination", into];
  const { code, stderr } = await run(command, { cwd: into });
  if (code !== 0) throw new Error(stderr);
  const manifest = manifestIn(folder);
  return { manifest, archive: join(into, archiveName(manifest)) };
}

function manifestIn(folder: string): RegistryPackage["manifest"] {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as RegistryPackage["manifest"];
}

function archiveName({ name, version }: RegistryPackage["manifest"]): string {
  return `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
}
