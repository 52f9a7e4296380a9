// What a native library offers and needs, read from its file: the three formats, of which only the dynamic tables are
// read. What it should be is in library_rules.ts.
import { readMachOExports } from "./macho_exports.ts";

/** What the loader of the system sees of a library. */
export interface LibrarySymbols {
  /** The names of functions and data that it exports, sorted. */
  readonly exports: readonly string[];
  /** The libraries that it needs. */
  readonly needs: readonly string[];
  /** What it requires of them: the versions of symbols of glibc ("GLIBC_2.17"), the oldest system ("macOS 13.0"). */
  readonly versions: readonly string[];
  /** Whether it has a signature, where there are signatures of this kind: on macOS. */
  readonly isSigned: boolean;
}

/**
 * Reads a library for 64-bit Linux, macOS or Windows.
 *
 * @throws {RangeError} When it is of another kind or broken.
 */
export function readLibrarySymbols(bytes: Uint8Array): LibrarySymbols {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, false);
  if (magic === 0x7f_45_4c_46) return readElf(view);
  if (magic === 0xcf_fa_ed_fe) return readMachO(view);
  if (magic >>> 16 === 0x4d_5a) return readPe(view);
  throw new RangeError(`Expected a library of Linux, macOS or Windows but found one that begins with ${magic}`);
}

/** The text at an offset, up to a zero byte. */
function textAt(view: DataView, offset: number): string {
  let end = offset;
  while (view.getUint8(end) !== 0) end++;
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + offset, end - offset));
}

/** A 64-bit offset or address; none in a file is larger than 2^53. */
function wordAt(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}

interface ElfSection {
  readonly type: number;
  readonly offset: number;
  readonly bytes: number;
  readonly link: number;
}

/** The types of ELF sections that are read. */
const Section = { DYNAMIC: 6, DYNAMIC_SYMBOLS: 11, VERSIONS_NEEDED: 0x6f_ff_ff_fe } as const;

function readElf(view: DataView): LibrarySymbols {
  const [table, entryBytes, count] = [wordAt(view, 40), view.getUint16(58, true), view.getUint16(60, true)];
  const sections = Array.from({ length: count }, (_, i): ElfSection => {
    const at = table + i * entryBytes;
    return {
      type: view.getUint32(at + 4, true),
      offset: wordAt(view, at + 24),
      bytes: wordAt(view, at + 32),
      link: view.getUint32(at + 40, true),
    };
  });
  const read = (type: number, visit: (section: ElfSection, text: (index: number) => string) => string[]) =>
    sections.filter((section) => section.type === type).flatMap((section) =>
      visit(section, (index) => textAt(view, sections[section.link].offset + index))
    );
  return {
    exports: read(Section.DYNAMIC_SYMBOLS, (section, text) => elfExports(view, section, text)).sort(),
    needs: read(Section.DYNAMIC, (section, text) => elfNeeds(view, section, text)),
    versions: read(Section.VERSIONS_NEEDED, (section, text) => elfVersions(view, section, text)),
    isSigned: false,
  };
}

function elfExports(view: DataView, { offset, bytes }: ElfSection, text: (index: number) => string): string[] {
  const names: string[] = [];
  for (let at = offset; at < offset + bytes; at += 24) {
    const isLocal = view.getUint8(at + 4) >>> 4 === 0;
    const isDefined = view.getUint16(at + 6, true) !== 0;
    if (isDefined && !isLocal) names.push(text(view.getUint32(at, true)));
  }
  return names;
}

function elfNeeds(view: DataView, { offset, bytes }: ElfSection, text: (index: number) => string): string[] {
  const names: string[] = [];
  for (let at = offset; at < offset + bytes; at += 16) {
    if (wordAt(view, at) === 1) names.push(text(wordAt(view, at + 8)));
  }
  return names;
}

/** A list of libraries, each with a list of versions; the links are relative. */
function elfVersions(view: DataView, { offset }: ElfSection, text: (index: number) => string): string[] {
  const names: string[] = [];
  for (let library = offset, more = true; more;) {
    let version = library + view.getUint32(library + 8, true);
    for (let i = 0; i < view.getUint16(library + 2, true); i++) {
      names.push(text(view.getUint32(version + 8, true)));
      version += view.getUint32(version + 12, true);
    }
    const next = view.getUint32(library + 12, true);
    more = next !== 0;
    library += next;
  }
  return names;
}

/** The load commands of Mach-O that are read. */
const Command = {
  ...{ SYMBOLS: 0x2, LOAD_LIBRARY: 0xc, SIGNATURE: 0x1d, BUILD_VERSION: 0x32, DYLD_INFO: 0x80_00_00_22 },
} as const;

function readMachO(view: DataView): LibrarySymbols {
  // What dyld finds, and what tools and linkers read, which should be the same.
  const exports = new Set<string>();
  const found = { needs: [] as string[], versions: [] as string[], isSigned: false };
  let at = 32;
  for (let i = 0; i < view.getUint32(16, true); i++) {
    const command = view.getUint32(at, true);
    if (command === Command.DYLD_INFO) {
      const trie = new Uint8Array(view.buffer, view.byteOffset + view.getUint32(at + 40, true));
      for (const name of readMachOExports(trie)) exports.add(name.slice(1));
    }
    if (command === Command.SYMBOLS) { for (const name of machOExports(view, at)) exports.add(name); }
    if (command === Command.LOAD_LIBRARY) found.needs.push(textAt(view, at + view.getUint32(at + 8, true)));
    found.isSigned ||= command === Command.SIGNATURE;
    if (command === Command.BUILD_VERSION) {
      const oldest = view.getUint32(at + 12, true);
      found.versions.push(`macOS ${oldest >>> 16}.${(oldest >>> 8) & 0xff}`);
    }
    at += view.getUint32(at + 4, true);
  }
  return { ...found, exports: [...exports].sort() };
}

function machOExports(view: DataView, command: number): string[] {
  const [symbols, count, texts] = [8, 12, 16].map((offset) => view.getUint32(command + offset, true));
  const names: string[] = [];
  for (let at = symbols; at < symbols + count * 16; at += 16) {
    // External, not private, and defined in a section. C names begin with an underscore.
    const type = view.getUint8(at + 4);
    if ((type & 0x1f) === 0x0f) names.push(textAt(view, texts + view.getUint32(at, true)).slice(1));
  }
  return names;
}

function readPe(view: DataView): LibrarySymbols {
  const header = view.getUint32(60, true) + 4;
  const optional = header + 20;
  const sections = optional + view.getUint16(header + 16, true);
  /** Where in the file an address is. */
  const at = (address: number): number => {
    for (let i = 0; i < view.getUint16(header + 2, true); i++) {
      const section = sections + i * 40;
      const begin = view.getUint32(section + 12, true);
      const within = address - begin;
      if (within >= 0 && within < view.getUint32(section + 16, true)) {
        return view.getUint32(section + 20, true) + within;
      }
    }
    throw new RangeError(`Expected an address in a section but found ${address}`);
  };
  const [exportTable, importTable] = [112, 120].map((offset) => view.getUint32(optional + offset, true));
  const names = at(view.getUint32(at(exportTable) + 32, true));
  const exports = Array.from(
    { length: view.getUint32(at(exportTable) + 24, true) },
    (_, i) => textAt(view, at(view.getUint32(names + i * 4, true))),
  );
  const needs: string[] = [];
  for (let entry = at(importTable); view.getUint32(entry + 12, true) !== 0; entry += 20) {
    needs.push(textAt(view, at(view.getUint32(entry + 12, true))));
  }
  return { exports: exports.sort(), needs, versions: [], isSigned: false };
}
