// Which platform's package is loaded, and what is said when it is not there: another one is, or none.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  currentSystem,
  explainMissingPackage,
  findPlatformLibrary,
  type System,
  systemName,
} from "../../src/native/platform_package.ts";
import type { Platform, PlatformName } from "../../src/native/platforms.ts";

/** A node_modules with these packages. */
function installed(...names: PlatformName[]) {
  return ({ name }: Platform) => names.includes(name) ? `/modules/${name}` : undefined;
}

const glibc: System = { os: "linux", cpu: "x64", libc: "glibc", runtime: "node", fromAddress: false };
const musl: System = { os: "linux", cpu: "x64", libc: "musl", runtime: "bun", fromAddress: false };
const mac: System = { os: "darwin", cpu: "x64", libc: undefined, runtime: "node", fromAddress: false };
const windows: System = { os: "win32", cpu: "arm64", libc: undefined, runtime: "deno", fromAddress: false };

describe("currentSystem()", () => {
  it("has a C library on Linux and only there", () => {
    const { os, libc } = currentSystem();
    assert.equal(os === "linux", libc !== undefined);
  });
});

describe("findPlatformLibrary()", () => {
  const all = installed("linux-x64-musl", "linux-x64-gnu", "linux-arm64-gnu", "darwin-x64", "win32-arm64");

  it("takes the package for system, processor and C library", () => {
    const found = [glibc, musl, mac, windows].map((system) => findPlatformLibrary(system, all));
    const names = ["linux-x64-gnu", "linux-x64-musl", "darwin-x64", "win32-arm64"];
    assert.deepEqual(found, names.map((name) => `/modules/${name}`));
  });

  it("takes what there is where the C library is not known, but never another processor's", () => {
    const unknown = { ...glibc, libc: undefined };
    assert.equal(findPlatformLibrary(unknown, all), "/modules/linux-x64-gnu");
    assert.equal(findPlatformLibrary(unknown, installed("linux-x64-musl")), "/modules/linux-x64-musl");
    assert.equal(findPlatformLibrary(unknown, installed("linux-arm64-gnu", "darwin-x64")), undefined);
  });

  it("finds nothing in this checkout", () => assert.equal(findPlatformLibrary(currentSystem()), undefined));
});

describe("explainMissingPackage()", () => {
  const cases: [title: string, System, PlatformName[], RegExp][] = [
    [
      "musl's package with glibc",
      glibc,
      ["linux-x64-musl"],
      /^@arpeggio\/linux-x64-gnu is not installed, but @arpeggio\/linux-x64-musl is: .* and this one has glibc .*npm/,
    ],
    ["glibc's package with musl", musl, ["linux-x64-gnu"], /with glibc, and this one has musl .*: bun install$/],
    [
      "another system's package",
      glibc,
      ["darwin-arm64"],
      /installed on darwin and copied to linux \(into a container .*: npm install$/,
    ],
    [
      "another processor's package",
      windows,
      ["win32-x64"],
      /installed by a program for x64, and this is one for arm64; .*: deno install$/,
    ],
    [
      "Rosetta",
      mac,
      ["darwin-arm64"],
      /installed \(arm64\) and this node \(x64\), is translated by Rosetta; use a node for arm64 .*npm install$/,
    ],
    [
      "no package",
      glibc,
      [],
      /^@arpeggio\/linux-x64-gnu is not installed. .*optional dependency.*: npm install --include=optional$/,
    ],
    [
      "no package beside a program that is loaded from JSR",
      { ...glibc, fromAddress: true },
      [],
      /^@arpeggio\/linux-x64-gnu is not there\. .*: deno add npm:arpeggio$/,
    ],
    [
      "an unsupported system",
      { ...glibc, os: "freebsd", libc: undefined },
      ["linux-x64-gnu"],
      /^there is none for freebsd-x64, only for linux-x64 \(glibc\), .*win32-arm64$/,
    ],
  ];
  for (const [title, system, names, message] of cases) {
    it(`says what helps: ${title}`, () => {
      assert.match(explainMissingPackage(system, installed(...names)), message);
    });
  }
});

describe("systemName()", () => {
  it("names the C library where there are two", () => {
    assert.deepEqual([glibc, mac].map(systemName), ["linux-x64 (glibc)", "darwin-x64"]);
  });
});
