/**
 * Renders a template without the chat around it: what the tests of the Jinja engine need.
 */

import { Budget, limitsFor } from "../../../src/chat/jinja/budget.ts";
import { createGlobals } from "../../../src/chat/jinja/globals.ts";
import { parseTemplate } from "../../../src/chat/jinja/parse.ts";
import { renderBlock } from "../../../src/chat/jinja/statements.ts";
import type { Block } from "../../../src/chat/jinja/syntax.ts";
import { untrustedRanges } from "../../../src/chat/jinja/text.ts";
import { fromJavaScript } from "../../../src/chat/jinja/values.ts";
import { runWhole } from "../../../src/time_slice.ts";

/** The tree of the last template: tests render one with many variables. */
let parsed: { source: string; block: Block } | undefined;

/** The text, and its untrusted parts, that a template makes of variables. The date is 7 March 2025, 9:05:03. */
export function runTemplate(
  source: string,
  variables: Readonly<Record<string, unknown>> = {},
): { text: string; untrusted: string[] } {
  if (parsed?.source !== source) parsed = { source, block: runWhole(parseTemplate(source)) };
  const budget = new Budget(limitsFor({ messages: 1, characters: 1000 }));
  const values = createGlobals({ now: () => new Date("2025-03-07T09:05:03Z"), budget });
  for (const [name, value] of Object.entries(variables)) values.set(name, fromJavaScript(value, { name, budget }));
  const text = runWhole(renderBlock(parsed.block, { variables: values, budget }));
  const ranges = untrustedRanges(text, budget);
  const untrusted = ranges.flatMap((start, i) => i % 2 === 0 ? [text.value.slice(start, ranges[i + 1])] : []);
  return { text: text.value, untrusted };
}
