// What no file of the repository says or is called: unfinished work without an issue, paths of one machine, names that
// name nothing.
import { isCode, linesMatching, type Rule } from "./source_file.ts";

// Put together here, so that this file passes its own rule.
const MACHINE_FOLDERS = ["work", "root", "home", "Users", "tmp/bash"].join("|");
const MACHINE_PATH = new RegExp(`(?:^|[^\\w.)\\]-])/(?:${MACHINE_FOLDERS})(?:/|_jobs)[^\\s"'\`]*`);
const UNFINISHED = new RegExp(
  `\\b(?:${["FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b|\\b${"TO" + "DO"}\\b(?!\\(#\\d+\\): \\S)`,
);
const EMPTY_NAME = /(?:^|\/)(?:utils?|helpers?|common|misc|stuff)\.\w+$/;

export const textRules: Rule[] = [
  {
    name: "unfinished work names its issue",
    check: (files) =>
      files.filter(isCode).flatMap((file) =>
        linesMatching(file, file.lines, UNFINISHED, "$& without an issue: finish it, or name one as (#12): text")
      ),
    bad: { "src/a.ts": `// ${"TO" + "DO"}: say what this is.\n` },
  },
  {
    name: "no file names a path of one machine",
    check: (files) =>
      files.flatMap((file) => linesMatching(file, file.lines, MACHINE_PATH, "$& is a path of one machine")),
    bad: { "README.md": `See ${["", "home", "me", "file"].join("/")}.\n` },
  },
  {
    name: "code files are called snake_case after what they hold",
    check: (files) =>
      files.filter(isCode).flatMap(({ path }) => {
        const name = path.split("/").pop() ?? "";
        if (EMPTY_NAME.test(path)) return [`${path}:1: a name that says nothing`];
        return /^[a-z0-9_]+(?:\.d)?\.\w+$/.test(name) ? [] : [`${path}:1: expected a snake_case name`];
      }),
    bad: { "src/utils.ts": "// Things.\n" },
  },
];
