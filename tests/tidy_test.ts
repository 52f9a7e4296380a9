// The conventions of this repository as tests: each prints file:line of what breaks it. The rules are in tests/tidy/;
// each also has to fail for an example of its own, so that none of them checks nothing.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { codeRules } from "./tidy/code_rules.ts";
import { packageRules } from "./tidy/package_rules.ts";
import { sizeRules } from "./tidy/size_rules.ts";
import { readTree, sourceFile } from "./tidy/source_file.ts";
import { structureRules } from "./tidy/structure_rules.ts";
import { textRules } from "./tidy/text_rules.ts";

const rules = [...sizeRules, ...codeRules, ...textRules, ...structureRules, ...packageRules];

describe("tidy", () => {
  const files = readTree(fileURLToPath(new URL("../", import.meta.url)));
  for (const { name, check, bad } of rules) {
    test(name, () => {
      const found = check(files);
      assert.ok(found.length === 0, `${found.length} violations:\n${found.join("\n")}`);
    });
    test(`${name}: a violation is found`, () => {
      const example = Object.entries(bad).map(([path, text]) => sourceFile(path, text));
      assert.notDeepEqual(check(example), []);
    });
  }
});
