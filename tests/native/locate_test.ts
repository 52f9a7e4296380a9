// Which file is loaded, and what is said when it is missing or the wrong one.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterEach, describe, it } from "node:test";
import { LibraryError } from "../../src/errors.ts";
import { ABI_VERSION } from "../../src/native/abi.ts";
import { checkVersion, load } from "../../src/native/library.ts";
import { describeLibraryFile } from "../../src/native/library_file.ts";
import { locateLibrary } from "../../src/native/locate.ts";
import { runWhole } from "../../src/time_slice.ts";
import { temporaryFolder } from "../temporary_folder.ts";

const VARIABLE = "ARPEGGIO_LIBRARY";
const before = process.env[VARIABLE];
const folder = temporaryFolder();

/** A file that begins like a library. */
function write(name: string, bytes: Record<number, number>): string {
  const content = new Uint8Array(256);
  for (const [offset, value] of Object.entries(bytes)) content[Number(offset)] = value;
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("locateLibrary()", () => {
  afterEach(() => {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  });

  it("takes what ARPEGGIO_LIBRARY names", () => {
    const path = write("mine.so", {});
    process.env[VARIABLE] = path;
    assert.deepEqual([locateLibrary().path, locateLibrary().place], [path, VARIABLE]);
  });

  it("does not look elsewhere when ARPEGGIO_LIBRARY names nothing", () => {
    process.env[VARIABLE] = join(folder, "missing.so");
    assert.throws(locateLibrary, (error: Error) => {
      assert.ok(error instanceof LibraryError);
      return /ARPEGGIO_LIBRARY .* no file .*missing\.so: unset ARPEGGIO_LIBRARY/.test(error.message);
    });
  });

  it("takes an empty ARPEGGIO_LIBRARY for none", () => {
    process.env[VARIABLE] = "";
    try {
      assert.equal(locateLibrary().place, "the checkout");
    } catch (error) {
      assert.match(
        String(error),
        /ARPEGGIO_LIBRARY: not set\n {2}this executable: .*\n {2}the checkout: no file .*npm run build/s,
      );
    }
  });
});

describe("describeLibraryFile()", () => {
  const elf = { 0: 0x7f, 1: 0x45, 2: 0x4c, 3: 0x46 };
  const machO = { 0: 0xcf, 1: 0xfa, 2: 0xed, 3: 0xfe };
  const pe = { 0: 0x4d, 1: 0x5a, 60: 128, 128: 0x50, 129: 0x45 };
  const cases: [string, Record<number, number>][] = [
    ["a library for linux-x64", { ...elf, 18: 62 }],
    ["a library for linux-arm64", { ...elf, 18: 183 }],
    ["a library for darwin-x64", { ...machO, 4: 7, 7: 1 }],
    ["a library for darwin-arm64", { ...machO, 4: 12, 7: 1 }],
    ["a library for win32-x64", { ...pe, 132: 0x64, 133: 0x86 }],
    ["a library for win32-arm64", { ...pe, 132: 0x64, 133: 0xaa }],
    ["a library for another kind of machine", { ...elf, 18: 243 }],
    ["a file that is no native library", { 0: 0x23 }],
  ];
  const needed = (name: string) => Object.fromEntries([...`\0${name}\0`].map((c, i) => [99 + i, c.charCodeAt(0)]));
  cases.push(["a library for linux-arm64 (glibc)", { ...elf, 18: 183, ...needed("libc.so.6") }]);
  cases.push(["a library for linux-x64 (musl)", { ...elf, 18: 62, ...needed("libc.so") }]);
  for (const [expected, bytes] of cases) {
    it(`knows ${expected}`, () => assert.equal(describeLibraryFile(write("library", bytes)), expected));
  }

  it("does not throw on missing files and folders", () => {
    assert.equal(describeLibraryFile(join(folder, "missing")), "a file that cannot be read");
    assert.equal(describeLibraryFile(folder), "a file that cannot be read");
  });
});

describe("load()", () => {
  it("says what the file is, where it comes from and what helps", () => {
    const path = write("wrong.so", { 0: 0x7f, 1: 0x45, 2: 0x4c, 3: 0x46, 18: 243 });
    assert.throws(
      () => runWhole(load({ path, place: "the checkout", remedy: "build it: npm run build" })),
      (error: Error) => {
        assert.ok(error instanceof LibraryError);
        assert.match(
          error.message,
          /found a library for another kind of machine in the checkout \(.*wrong\.so\): build it/,
        );
        return error.cause instanceof Error;
      },
    );
  });
});

describe(
  "load() of a library for this machine",
  { skip: process.platform !== "linux" && "writes a file of Linux" },
  () => {
    it("does not blame the machine when the file is broken", () => {
      const path = write("broken.so", { 0: 0x7f, 1: 0x45, 2: 0x4c, 3: 0x46, 18: process.arch === "x64" ? 62 : 183 });
      assert.throws(
        () => runWhole(load({ path, place: "the checkout", remedy: "build it" })),
        /but found one that cannot be loaded/,
      );
    });
  },
);

describe("checkVersion()", () => {
  const location = { path: "lib.so", place: "the checkout", remedy: "build it: npm run build" };

  it("names both versions when they differ", () => {
    checkVersion(ABI_VERSION, location);
    assert.throws(() => checkVersion(ABI_VERSION + 1, location), {
      name: "LibraryError",
      message: `Expected ABI version ${ABI_VERSION} but the native library from the checkout has ${ABI_VERSION + 1} ` +
        "(lib.so): build it: npm run build",
    });
  });
});
