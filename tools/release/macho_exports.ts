// Takes exports away from a library of macOS. Zig's linker has no list of what to export, and adds two names for the
// library itself that other linkers keep private. Three places know of an export: the trie that dyld searches, the
// table of symbols that tools and linkers read, and the signature, which has a hash of every page.
import { createHash } from "node:crypto";

/** The load commands that are read. Numbers are little-endian, but those of a signature are big-endian. */
const Command = { SYMBOLS: 0x2, SYMBOL_GROUPS: 0xb, SIGNATURE: 0x1d, DYLD_INFO: 0x80_00_00_22 } as const;

/**
 * A 64-bit library of macOS that exports nothing else than some names.
 *
 * @param library Stays as it is.
 * @param names As in C, without the underscore in front.
 * @throws {RangeError} When the library is of another kind.
 */
export function withMachOExports(library: Uint8Array, names: readonly string[]): Uint8Array {
  const bytes = Uint8Array.from(library);
  const view = new DataView(bytes.buffer);
  const commands = findCommands(view);
  const [trie, symbols, groups] = [Command.DYLD_INFO, Command.SYMBOLS, Command.SYMBOL_GROUPS].map((kind) => {
    const at = commands.get(kind);
    if (at === undefined) throw new RangeError(`Expected a library of macOS with load command ${kind} but found none`);
    return at;
  });
  const wanted = new Set(names.map((name) => `_${name}`));
  pruneTrie(bytes.subarray(view.getUint32(trie + 40, true)), 0, "", wanted);
  makeLocal(view, { symbols, groups }, wanted);
  const signature = commands.get(Command.SIGNATURE);
  if (signature !== undefined) sign(bytes, view.getUint32(signature + 8, true));
  return bytes;
}

/** The last load command of each kind, by its offset. */
function findCommands(view: DataView): Map<number, number> {
  const found = new Map<number, number>();
  let at = 32;
  for (let i = 0; i < view.getUint32(16, true); i++) {
    found.set(view.getUint32(at, true), at);
    at += view.getUint32(at + 4, true);
  }
  return found;
}

/** A node of the trie. The texts of the edges that lead to it are its name. */
interface TrieNode {
  readonly isExport: boolean;
  /** Where the number of edges is, one byte. */
  readonly countAt: number;
  readonly edges: readonly TrieEdge[];
}

interface TrieEdge {
  readonly text: string;
  readonly child: number;
  /** Where it is in the trie. */
  readonly begin: number;
  readonly end: number;
}

function readNode(trie: Uint8Array, node: number): TrieNode {
  const size = readNumber(trie, node);
  const countAt = size.end + size.value;
  let at = countAt + 1;
  const edges = Array.from({ length: trie[countAt] }, (): TrieEdge => {
    const textEnd = trie.indexOf(0, at);
    const child = readNumber(trie, textEnd + 1);
    const edge = { text: new TextDecoder().decode(trie.subarray(at, textEnd)), child: child.value, begin: at };
    at = child.end;
    return { ...edge, end: at };
  });
  return { isExport: size.value > 0, countAt, edges };
}

/** A number of 7 bits a byte, the lowest first (ULEB128). */
function readNumber(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0;; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at };
  }
}

/**
 * The exported names in a trie, as dyld sees them.
 *
 * @param node Where to begin, with the name up to there.
 */
export function readMachOExports(trie: Uint8Array, node = 0, name = ""): string[] {
  const { isExport, edges } = readNode(trie, node);
  return [
    ...(isExport ? [name] : []),
    ...edges.flatMap(({ text, child }) => readMachOExports(trie, child, name + text)),
  ];
}

/**
 * Takes out what is not wanted, and the edges that lead there. Nodes refer to others by their offset, so all stay where
 * they are and become shorter.
 *
 * @returns Whether there are wanted names from this node on.
 */
function pruneTrie(trie: Uint8Array, node: number, name: string, wanted: ReadonlySet<string>): boolean {
  const { isExport, countAt, edges } = readNode(trie, node);
  const kept = edges.filter(({ text, child }) => pruneTrie(trie, child, name + text, wanted));
  const isWanted = isExport && wanted.has(name);
  let at = countAt;
  if (isExport && !isWanted) {
    trie[node] = 0;
    at = node + 1;
  }
  trie[at++] = kept.length;
  for (const { begin, end } of kept) {
    trie.copyWithin(at, begin, end);
    at += end - begin;
  }
  trie.fill(0, at, edges.at(-1)?.end ?? countAt + 1);
  return kept.length > 0 || isWanted;
}

/** A symbol is 16 bytes. Its type has this bit when others may refer to it. */
const SYMBOL_BYTES = 16;
const EXTERNAL = 0x01;

/** Makes unwanted symbols local: local ones stand in front of the exported ones, each kind in one piece. */
function makeLocal(
  view: DataView,
  { symbols, groups }: { symbols: number; groups: number },
  wanted: ReadonlySet<string>,
): void {
  const [table, , texts] = [8, 12, 16].map((offset) => view.getUint32(symbols + offset, true));
  const [locals, first, count] = [12, 16, 20].map((offset) => view.getUint32(groups + offset, true));
  const begin = table + first * SYMBOL_BYTES;
  const exported = new Uint8Array(view.buffer, begin, count * SYMBOL_BYTES);
  const entries = Array.from(
    { length: count },
    (_, i) => exported.slice(i * SYMBOL_BYTES, (i + 1) * SYMBOL_BYTES),
  );
  const isWanted = (entry: Uint8Array) => {
    const text = texts + new DataView(entry.buffer).getUint32(0, true);
    const end = new Uint8Array(view.buffer).indexOf(0, text);
    return wanted.has(new TextDecoder().decode(new Uint8Array(view.buffer, text, end - text)));
  };
  const others = entries.filter((entry) => !isWanted(entry));
  for (const entry of others) entry[4] &= ~EXTERNAL;
  for (const [i, entry] of [...others, ...entries.filter(isWanted)].entries()) exported.set(entry, i * SYMBOL_BYTES);
  view.setUint32(groups + 12, locals + others.length, true);
  view.setUint32(groups + 16, first + others.length, true);
  view.setUint32(groups + 20, count - others.length, true);
}

/** What a signature begins with, and the only part that Zig's has: a list of hashes. */
const SIGNATURE = 0xfa_de_0c_c0;
const CODE_DIRECTORY = 0xfa_de_0c_02;

/** Writes the hashes of an ad-hoc signature again: SHA-256 of each page in front of it. */
function sign(bytes: Uint8Array, signature: number): void {
  const view = new DataView(bytes.buffer);
  const directory = signature + view.getUint32(signature + 16);
  const [begin, kind] = [view.getUint32(signature), view.getUint32(directory)];
  if (begin !== SIGNATURE || kind !== CODE_DIRECTORY || view.getUint32(signature + 8) !== 1) {
    throw new RangeError(`Expected a signature with nothing but hashes but found ${begin}, ${kind}`);
  }
  const [hashes, pages, limit] = [16, 28, 32].map((offset) => view.getUint32(directory + offset));
  const [hashBytes, pageBytes] = [bytes[directory + 36], 2 ** bytes[directory + 39]];
  for (let page = 0; page < pages; page++) {
    const content = bytes.subarray(page * pageBytes, Math.min((page + 1) * pageBytes, limit));
    bytes.set(createHash("sha256").update(content).digest(), directory + hashes + page * hashBytes);
  }
}
