// Reads the JUnit report of one test process: how many tests passed, failed and were skipped, counted the same way for
// the three runtimes.

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

// Attribute values may hold a bare ">" (Node writes them so), hence the quotes in the pattern.
const testcase = /<testcase((?:\s+[\w:-]+="[^"]*")*)\s*(?:\/>|>(.*?)<\/testcase>)/gs;

/**
 * @param {string} xml
 * @returns {Counts} of the innermost tests; a group counts by its members
 */
export function countTests(xml) {
  const cases = [...xml.matchAll(testcase)].map(([, attributes, body = ""]) => ({
    name: /\sname="([^"]*)"/.exec(attributes)?.[1] ?? "",
    outcome: /<(failure|error)\b/.test(body) ? "failed" : /<skipped\b/.test(body) ? "skipped" : "passed",
  }));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  // Deno reports a group as one more test, named like the beginning of its members' names.
  const groups = new Set(cases.flatMap(({ name }) => prefixes(name)));
  for (const { name, outcome } of cases) {
    if (!groups.has(name)) counts[/** @type {keyof Counts} */ (outcome)]++;
  }
  return counts;
}

/** @param {string} name "a > b > c" gives "a" and "a > b" */
function prefixes(name) {
  const parts = name.split(" &gt; ");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(" &gt; "));
}
