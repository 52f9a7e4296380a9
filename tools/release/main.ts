// `npm run release`: builds every library, writes every package, makes the archives and the note. Order is all it adds.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Platform, platforms } from "../../src/native/platforms.ts";
import { exitWith, root } from "../runtimes.mjs";
import { writeJsrPackage } from "./jsr_package.ts";
import { checkLibrary } from "./library_rules.ts";
import { writeMainPackage } from "./main_package.ts";
import { mainPackageName } from "./metadata.ts";
import { checkSize, MAIN_BYTES_MAX, pack, type PackedPackage } from "./pack.ts";
import { writePlatformPackage } from "./platform_package.ts";
import { releaseNote } from "./release_note.ts";
import { buildLibrary } from "./targets.ts";

/** What is to be released, and where to. */
interface ReleaseOptions {
  readonly chosen: readonly Platform[];
  /** Is emptied first. */
  readonly output: string;
}

function readOptions(): ReleaseOptions {
  const { platform: names = [], output = join(root, "dist", "release") } = parse();
  const unknown = names.find((name) => !platforms.some((platform) => platform.name === name));
  if (unknown !== undefined) {
    const known = platforms.map(({ name }) => name).join(", ");
    throw new RangeError(`Expected --platform to be one of ${known} but found ${unknown}`);
  }
  return {
    chosen: platforms.filter(({ name }) => names.length === 0 || names.includes(name)),
    output: resolve(output),
  };
}

function parse() {
  try {
    return parseArgs({ options: { platform: { type: "string", multiple: true }, output: { type: "string" } } }).values;
  } catch (error) {
    throw new RangeError((error as Error).message);
  }
}

function release({ chosen, output }: ReleaseOptions): void {
  for (const name of ["npm", "jsr", "archives"]) rmSync(join(output, name), { recursive: true, force: true });
  const packages: PackedPackage[] = [];
  for (const platform of chosen) {
    const begin = performance.now();
    const library = buildLibrary(platform);
    const bytes = readFileSync(library);
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    console.log(`${platform.name.padEnd(17)} ${String(bytes.length).padStart(8)} bytes, built in ${seconds} s`);
    checkLibrary(platform, bytes);
    const folder = join(output, "npm", platform.name);
    writePlatformPackage(folder, platform, library);
    packages.push(pack(folder, join(output, "archives")));
  }
  const folder = join(output, "npm", mainPackageName);
  writeMainPackage(folder);
  const main = pack(folder, join(output, "archives"));
  console.log(`${main.name.padEnd(17)} ${String(main.contentBytes).padStart(8)} bytes without the model`);
  checkSize("the main package without the model", main.contentBytes, MAIN_BYTES_MAX);
  writeJsrPackage(join(output, "jsr"));
  // In the order of publishing: the main package names the others.
  packages.push(main);
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, "RELEASE.md"), releaseNote(packages));
  const sums = packages.map(({ archive, sha256 }) => `${sha256}  archives/${basename(archive)}\n`);
  writeFileSync(join(output, "SHA256SUMS"), sums.join(""));
  console.log(
    `${relative(process.cwd(), output) || "."}: ${packages.length} packages for npm, one for JSR, RELEASE.md`,
  );
}

await exitWith(() => {
  release(readOptions());
  return 0;
});
