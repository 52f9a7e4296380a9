// How long lines, functions and files may be, and what every text file looks like at its edges.
import { functionsOf } from "./functions.ts";
import { isCode, linesMatching, type Rule } from "./source_file.ts";

const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 60;
const LINE_COLUMNS_MAX = 120;

/** Generated from another file, or a table that nobody reads line by line: no size limit. */
const TABLES = new Set(["src/native/abi.ts", "src/tokenizer/unicode_data.ts"]);

export const sizeRules: Rule[] = [
  {
    name: `files have at most ${FILE_LINES_MAX} lines`,
    check: (files) =>
      files.filter((file) => isCode(file) && !TABLES.has(file.path) && file.lines.length - 1 > FILE_LINES_MAX)
        .map(({ path, lines }) => `${path}:${lines.length - 1}: more than ${FILE_LINES_MAX} lines`),
    bad: { "src/a.ts": "// A.\n".repeat(301) },
  },
  {
    name: `functions have at most ${FUNCTION_LINES_MAX} lines`,
    check: (files) =>
      files.filter((file) => isCode(file) && !TABLES.has(file.path)).flatMap((file) =>
        functionsOf(file)
          // A test group is a list of tests, not a function.
          .filter(({ lines, opening }) => lines > FUNCTION_LINES_MAX && !/\bdescribe\(/.test(opening))
          .map(({ line, lines }) => `${file.path}:${line}: function of ${lines} lines, more than ${FUNCTION_LINES_MAX}`)
      ),
    bad: { "csrc/a.c": `int f(void) {\n${"  g();\n".repeat(60)}}\n` },
  },
  {
    name: `lines have at most ${LINE_COLUMNS_MAX} columns`,
    check: (files) =>
      files.filter((file) => isCode(file) && !TABLES.has(file.path)).flatMap((file) =>
        linesMatching(file, file.lines, /^.{121,}/u, `more than ${LINE_COLUMNS_MAX} columns`)
      ),
    bad: { "src/a.ts": `// ${"é".repeat(118)}\n` },
  },
  {
    name: "lines end without spaces, files with one newline, and neither has carriage returns or tabs",
    check: (files) =>
      files.filter(({ path }) => !path.startsWith("models/mini/")).flatMap((file) => [
        ...linesMatching(file, file.lines, /[ \t\r]$/, "space at the end of the line"),
        ...(isCode(file) ? linesMatching(file, file.lines, /\t/, "tab") : []),
        ...(/[^\n]\n$/.test(file.text) ? [] : [`${file.path}:${file.lines.length}: no single newline at the end`]),
      ]),
    bad: { "README.md": "one \ntwo" },
  },
  {
    name: "files start with a comment that says what they are",
    check: (files) =>
      files.filter((file) => isCode(file) || /\.(toml|py)$|^\./.test(file.path)).flatMap((file) => {
        const { path, lines } = file;
        const first = lines[0].startsWith("#!") ? lines[1] : lines[0];
        const comment = isCode(file) ? /^\/[/*]/ : path.endsWith(".py") ? /^(?:#|"{3}|'{3})/ : /^#/;
        return comment.test(first ?? "") ? [] : [`${path}:1: no comment that says what this file is`];
      }),
    bad: { "src/a.ts": "export const a = 1;\n" },
  },
];
