// From the folders of packages to the archives that are published, and how large they may be.
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { runNpm } from "../npm.mjs";
import { SetupError } from "../runtimes.mjs";
import { modelFile } from "./metadata.ts";

/** The most bytes of a library: a platform's package must be quick to download, whatever is added. */
export const LIBRARY_BYTES_MAX = 2_000_000;

/** The most bytes of the main package, unpacked and without the model. */
export const MAIN_BYTES_MAX = 1_000_000;

/** A package as it is published. */
export interface PackedPackage {
  readonly name: string;
  /** The archive's path. */
  readonly archive: string;
  readonly archiveBytes: number;
  /** The sum of its files in bytes, without the model. */
  readonly contentBytes: number;
  readonly sha256: string;
}

/** Makes an archive of a package's folder, as `npm publish` would. Its bytes depend on the contents only. */
export function pack(folder: string, into: string): PackedPackage {
  mkdirSync(into, { recursive: true });
  // Archives have the modes of files, which are the user's habits (umask). npm makes programs of `bin` executable.
  for (const path of filesIn(folder)) chmodSync(path, 0o644);
  const args = ["pack", folder, "--json", "--ignore-scripts", "--pack-destination", into];
  const { status, stdout, output } = runNpm(args, { cwd: folder });
  if (status !== 0) throw new SetupError(`npm pack failed for ${folder}.\n${output}`);
  // A list, and in npm 12 an object by name.
  const [{ name, filename }] = Object.values(JSON.parse(stdout) as Record<string, { name: string; filename: string }>);
  // Older versions of npm name the file with the slash of the scope.
  const archive = join(into, filename.replace(/^@/, "").replaceAll("/", "-"));
  return {
    name,
    archive,
    archiveBytes: statSync(archive).size,
    contentBytes: contentBytes(folder),
    sha256: sha256(archive),
  };
}

/** The SHA-256 of a file, in hexadecimal digits. */
export function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ parentPath, name }) => join(parentPath, name));
}

function contentBytes(folder: string): number {
  return filesIn(folder).filter((path) => path !== join(folder, modelFile)).reduce(
    (sum, path) => sum + statSync(path).size,
    0,
  );
}

/**
 * Fails when something is larger than it may be.
 *
 * @throws {SetupError} With the name, the size and the limit.
 */
export function checkSize(what: string, bytes: number, max: number): void {
  if (bytes <= max) return;
  throw new SetupError(`Expected ${what} to have at most ${max} bytes but found ${bytes}`);
}
