/**
 * Hostile templates: each ends with an error, soon, and without much memory.
 */

import { ok, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { ChatTemplateError } from "../../../src/errors.ts";
import { createChatTemplate } from "../../../src/chat/mod.ts";
import { runTemplate } from "./run_template.ts";

/** The slowest takes less than a second, on busy cores some; without its limit it would take hours. */
const DEADLINE_MS = 60_000;

const STEPS = /takes more than \d+ steps/;
const BYTES = /takes more than \d+ bytes of memory/;
const LENGTH = /makes more than \d+ characters of text/;
const DEPTH = /nested deeper than 300 levels/;
const PARSE = /cannot be parsed: /;

/** What `body` does `count` times, in loops within loops. */
function times(count: number, body: string): string {
  let template = body;
  for (let rest = count, i = 0; rest > 1; rest /= 1000, i++) {
    template = `{% for i${i} in range(${Math.min(rest, 1000)}) %}${template}{% endfor %}`;
  }
  return template;
}

const HOSTILE: Record<string, [template: string, message: RegExp]> = {
  "a long range": ["{% for i in range(10**9) %}x{% endfor %}", /Range too big/],
  "nested loops": [times(1e9, ""), STEPS],
  "nested loops that print": [times(1e9, "{{ i0 }}"), /more than/],
  "a string that doubles": [
    "{% set n = namespace(s='ab') %}" + times(100, "{% set n.s = n.s + n.s %}") + "{{ n.s }}",
    LENGTH,
  ],
  "a message that doubles": [
    "{% set n = namespace(s=x) %}" + times(100, "{% set n.s = n.s ~ n.s %}") + "{{ n.s }}",
    LENGTH,
  ],
  "a block that doubles": [
    "{% set n = namespace(s='ab') %}" + times(100, "{% set s %}{{ n.s }}{{ n.s }}{% endset %}{% set n.s = s %}"),
    LENGTH,
  ],
  "a repeated string": ["{{ 'x' * 10**9 }}", LENGTH],
  "a repeated list": ["{{ ([1] * 10**9) | length }}", /more than/],
  "a list that doubles": ["{% set n = namespace(l=[1]) %}" + times(60, "{% set n.l = n.l + n.l %}"), BYTES],
  "a list of itself twice, printed": [
    "{% set n = namespace(l=[1]) %}" + times(60, "{% set n.l = [n.l, n.l] %}") + "{{ n.l }}",
    /more than/,
  ],
  "a list of itself twice, as JSON": [
    "{% set n = namespace(l=[1]) %}" + times(60, "{% set n.l = [n.l, n.l] %}") + "{{ n.l | tojson }}",
    /more than/,
  ],
  "lists of themselves twice, compared": [
    "{% set n = namespace(l=[1], m=[1]) %}" + times(60, "{% set n.l = [n.l, n.l] %}{% set n.m = [n.m, n.m] %}") +
    "{{ n.l == n.m }}",
    STEPS,
  ],
  "a list that contains itself": ["{% set l = [] %}{{ l.append(l) }}{{ l }}", DEPTH],
  "a loop over a list that grows": ["{% set l = [1] %}{% for x in l %}{{ l.append(x) }}{% endfor %}", /more than/],
  "a macro that calls itself": ["{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", DEPTH],
  "a macro that calls itself twice": [
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    /more than/,
  ],
  "call blocks that double": [
    "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}" + "{% call m() %}".repeat(60) + "x" +
    "{% endcall %}".repeat(60),
    /more than/,
  ],
  "strings that are kept": ["{% set l = [] %}" + times(1e6, "{{ l.append((x ~ i0) | upper) }}"), BYTES],
  "macros that are kept": ["{% set l = [] %}" + times(1e6, "{% macro f() %}{% endmacro %}{{ l.append(f) }}"), BYTES],
  "a mapping that grows": ["{% set d = {} %}" + times(1e6, "{{ d.update({i1 * 1000 + i0: 1}) }}"), BYTES],
  "replacing a string by itself": [
    "{% set n = namespace(s='aaaaa') %}" + times(50, "{% set n.s = n.s | replace('a', n.s) %}"),
    LENGTH,
  ],
  "replacing nothing": ["{% set s = 'a' * 100000 %}{{ s.replace('', s) }}", LENGTH],
  "joining": ["{{ range(100000) | join('a' * 100000) }}", LENGTH],
  "indentation": ["{{ 'a\\nb' | indent(10**9) }}", LENGTH],
  "centering": ["{{ 'a'.center(10**9) }}", LENGTH],
  "batches": ["{{ [1] | batch(10**9, 0) }}", BYTES],
  "splitting again and again": ["{% set s = 'a ' * 500000 %}" + times(1000, "{% set y = s.split() %}"), BYTES],
  "searching again and again": ["{% set s = 'a' * 1000000 %}" + times(1e6, "{% set y = 'b' in s %}"), STEPS],
  // Every window of the text has the same sum of characters as the pattern, which defeats hashing.
  "searching with a pattern that nearly fits": [
    "{% set p = 'a' * 249999 ~ 'b' ~ 'a' * 250000 %}{% set s = ('a' * 499999 ~ 'c') * 3 %}" +
    times(1e6, "{% set y = p in s %}"),
    /more than/,
  ],
  "sorting again and again": [times(1e6, "{% set y = range(100000) | sort(reverse=true) %}"), /more than/],
  "a number of many digits": [times(1e6, "{% set y = ('1' * 1000000 ~ 'x') | float %}"), /more than/],
  "a format of many directives": ["{{ strftime_now('%B' * 100000) }}", /at most 1000 characters/],
  "a power tower": ["{{ 9 ** 9 ** 9 ** 9 }}", /too large/],
  "deep brackets": [`{{ ${"(".repeat(8000)}1${")".repeat(8000)} }}`, PARSE],
  "deep lists": [`{{ ${"[".repeat(8000)}1${"]".repeat(8000)} }}`, PARSE],
  "many signs": [`{{ ${"not ".repeat(4000)}1 }}`, /cannot be parsed|nested deeper/],
  "a long sum": [`{{ ${"1 + ".repeat(4000)}1 }}`, DEPTH],
  "a long path": [`{{ x${".x".repeat(7000)} }}`, DEPTH],
  "deep blocks": ["{% if 1 %}".repeat(8000) + "{% endif %}".repeat(8000), DEPTH],
  "a long tag": [`{{ '${"x".repeat(20000)}' }}`, /a tag has 20004 characters; up to 16384 are supported/],
  "a long source": ["x".repeat(300_000), /it has 300000 characters; up to 262144 are supported/],
  "blanks in a tag": [`{{ x${" ".repeat(10000)} }}`, /more than 256 blank characters in a row/],
  "openings without an end": ["{%".repeat(100_000), PARSE],
};

describe("hostile templates", () => {
  for (const [name, [template, message]] of Object.entries(HOSTILE)) {
    it(`end with an error: ${name}`, () => {
      const start = performance.now();
      throws(() => runTemplate(template, { x: "message" }), (error) => {
        ok(error instanceof ChatTemplateError, `${error}`);
        ok(message.test(error.message), error.message);
        return true;
      });
      const elapsed = performance.now() - start;
      ok(elapsed < DEADLINE_MS, `took ${Math.round(elapsed)} ms`);
    });
  }

  it("that are only odd are rendered: many blanks, line ends and comments between tags", () => {
    const source = `${" ".repeat(50_000)}${"\n".repeat(50_000)}${"{# #}".repeat(20_000)}{{ x }}`;
    ok(runTemplate(source, { x: "y" }).text.endsWith("y"));
  });

  it("do not stop long conversations, not even in templates that look at all messages for each", () => {
    const messages = Array.from({ length: 1001 }, (_, i) => ({
      role: i % 2 === 0 ? "user" as const : "assistant" as const,
      content: "some text of a message ".repeat(20),
    }));
    const template = createChatTemplate(
      "{% set n = namespace(out='') %}{% for m in messages %}{% set s = namespace(found=0) %}" +
        "{% for j in range(loop.index0, -1, -1) %}{% if messages[j].role == 'user' %}" +
        "{% set s.found = j %}{% endif %}{% endfor %}" +
        "{% set n.out = n.out ~ m.content | trim ~ s.found %}{% endfor %}{{ n.out }}",
      { controlTexts: [] },
    );
    ok(template.render(messages).text.length > 1001 * 450);
  });
});
