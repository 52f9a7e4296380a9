// How files may depend on each other: layers, cycles, list files, nothing unused. The map of the tree, as tests.
import { posix } from "node:path";
import { isLibrary, type Rule, type SourceFile } from "./source_file.ts";

/** Each part of src may import from itself and from lower layers. Files directly in src are named one by one. */
const LAYERS: Record<string, number> = {
  "src/errors.ts": 0,
  "src/time_slice.ts": 0,
  "src/numeric": 0,
  "src/gguf": 1,
  "src/tokenizer": 2,
  "src/runtime": 2,
  "src/native": 3,
  "src/plan": 4,
  "src/models": 5,
  "src/sampling": 5,
  "src/chat": 5,
  "src/cache": 5,
  "src": 6, // The facade: model.ts, generate.ts and what they are made of.
  "mod.ts": 7,
  "src/cli": 8,
  "src/server": 8,
};

/** Folders with a list file that must lead to every file beside it. */
const LISTS = ["src/models/mod.ts", "src/sampling/mod.ts", "src/tokenizer/mod.ts", "src/runtime/mod.ts"];
const C_LISTS = ["csrc/quants/list.h", "csrc/ops/list.h"];
/** Where programs enter. */
const ENTRIES = ["mod.ts", "src/cli/main.ts"];

const IMPORT = /^(?:import|export)\s[^"';]*?from\s+"(\.[^"]+)"|^import\s+"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"/gm;
const WORKER = /\bnew URL\(\s*"(\.[^"]+\.ts)",\s*import\.meta\.url/g;
const INCLUDE = /^\s*#\s*include\s+"([^"]+)"/gm;

interface Edge {
  from: string;
  to: string;
  line: number;
  /** Erased before anything runs: counts for layers, not for cycles. */
  typeOnly: boolean;
}

function edgesOf(file: SourceFile, patterns: RegExp[]): Edge[] {
  return patterns.flatMap((pattern) =>
    [...file.text.matchAll(pattern)].map((match) => ({
      from: file.path,
      to: posix.join(posix.dirname(file.path), match.slice(1).find((target) => target !== undefined) ?? ""),
      line: file.text.slice(0, match.index).split("\n").length,
      typeOnly: /^(?:import|export) type\b/.test(match[0]),
    }))
  );
}

function imports(files: SourceFile[]): Edge[] {
  return files.filter(isLibrary).flatMap((file) => edgesOf(file, [IMPORT, WORKER])).filter(({ to }) =>
    to.endsWith(".ts")
  );
}

function partOf(path: string): string {
  if (LAYERS[path] !== undefined) return path;
  return path.split("/").slice(0, 2).join("/").endsWith(".ts") ? "src" : path.split("/").slice(0, 2).join("/");
}

function layerViolations(files: SourceFile[]): string[] {
  const strange = files.filter((file) => isLibrary(file) && LAYERS[partOf(file.path)] === undefined);
  const upward = imports(files).filter(({ from, to }) => {
    const [source, target] = [partOf(from), partOf(to)];
    return source !== target && !(LAYERS[target] < LAYERS[source]);
  });
  return [
    ...strange.map(({ path }) => `${path}:1: has no layer in tests/tidy/structure_rules.ts`),
    ...upward.map(({ from, to, line }) =>
      `${from}:${line}: ${partOf(from)} may not import ${to}, which is not below it`
    ),
  ];
}

/** One violation for each import that closes a cycle. */
function cycleViolations(files: SourceFile[]): string[] {
  const targets = Map.groupBy(imports(files).filter(({ typeOnly }) => !typeOnly), ({ from }) => from);
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  function visit(path: string, trail: string[]): void {
    state.set(path, "open");
    for (const { to, line } of targets.get(path) ?? []) {
      if (state.get(to) === "open") {
        found.push(`${path}:${line}: import cycle ${[...trail.slice(trail.indexOf(to)), to].join(" -> ")}`);
      } else if (!state.has(to)) visit(to, [...trail, to]);
    }
    state.set(path, "done");
  }
  for (const path of targets.keys()) if (!state.has(path)) visit(path, [path]);
  return found;
}

function reach(edges: Edge[], starts: string[]): Set<string> {
  const seen = new Set(starts);
  for (const path of seen) for (const { from, to } of edges) if (from === path) seen.add(to);
  return seen;
}

function listViolations(files: SourceFile[]): string[] {
  const inFolderOf = (list: string): SourceFile[] =>
    files.filter(({ path }) => posix.dirname(path) === posix.dirname(list) && path !== list);
  const scripts = LISTS.flatMap((list) => {
    const folder = posix.dirname(list);
    const inside = imports(files).filter(({ from, to }) =>
      posix.dirname(from) === folder && posix.dirname(to) === folder
    );
    // What other folders use by name is no member of the list.
    const used = imports(files).filter(({ from, to }) =>
      posix.dirname(from) !== folder && posix.dirname(to) === folder
    );
    const listed = reach(inside, [list, ...used.map(({ to }) => to)]);
    return inFolderOf(list).filter(({ path }) => !listed.has(path)).map(({ path }) =>
      `${path}:1: ${list} leaves it out`
    );
  });
  const sources = C_LISTS.flatMap((list) => {
    const listText = files.find(({ path }) => path === list)?.text ?? "";
    const siblings = inFolderOf(list);
    const stem = (path: string): string => posix.basename(path).replace(/\.\w+$/, "");
    const named = siblings.filter(({ path }) => new RegExp(`\\b${stem(path)}\\b`).test(listText)).map(({ path }) =>
      path
    );
    const listed = reach(siblings.flatMap((file) => edgesOf(file, [INCLUDE])), named);
    return siblings.filter(({ path }) => !listed.has(path)).map(({ path }) => `${path}:1: ${list} leaves it out`);
  });
  return [...scripts, ...sources];
}

function unusedViolations(files: SourceFile[]): string[] {
  const used = reach(imports(files), ENTRIES);
  return files.filter((file) => isLibrary(file) && !used.has(file.path))
    .map(({ path }) => `${path}:1: nothing that starts at ${ENTRIES.join(" or ")} imports it`);
}

export const structureRules: Rule[] = [
  {
    name: "imports point to lower layers",
    check: layerViolations,
    bad: { "src/gguf/a.ts": '// A.\nimport { b } from "../native/b.ts";\n', "src/native/b.ts": "// B.\n" },
  },
  {
    name: "imports have no cycles",
    check: cycleViolations,
    bad: { "src/gguf/a.ts": '// A.\nimport "./b.ts";\n', "src/gguf/b.ts": '// B.\nexport { c } from "./a.ts";\n' },
  },
  {
    name: "list files lead to every file of their folder",
    check: listViolations,
    bad: { "src/models/mod.ts": "// Registry.\n", "src/models/qwen9.ts": "// An architecture nobody can load.\n" },
  },
  {
    name: "every file of src is used",
    check: unusedViolations,
    bad: { "mod.ts": "// Exports.\n", "src/lost.ts": "// Lost.\n" },
  },
];
