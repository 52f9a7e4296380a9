/**
 * The Jinja engine against Jinja2 (cases.json, made by make_cases.py), and what it does on purpose in another way.
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { ChatTemplateError } from "../../../src/errors.ts";
import { runTemplate } from "./run_template.ts";

interface Cases {
  variables: Record<string, unknown>;
  cases: { template: string; text?: string; error?: string }[];
}

describe("templates", () => {
  const { variables, cases }: Cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));
  ok(cases.length > 130);

  for (const { template, text, error } of cases) {
    const title = JSON.stringify(template.length > 70 ? `${template.slice(0, 70)}...` : template);
    if (text !== undefined) {
      it(`print what Jinja2 prints: ${title}`, () => strictEqual(runTemplate(template, variables).text, text));
    } else {
      it(`fail as in Jinja2: ${title}`, () => {
        throws(() => runTemplate(template, variables), (thrown) => {
          ok(thrown instanceof ChatTemplateError);
          ok(thrown.message.startsWith(error as string), `Expected "${error}" but found "${thrown.message}"`);
          return true;
        });
      });
    }
  }

  it("can change lists, which the sandbox of transformers forbids and some templates need", () => {
    const template =
      "{% set l = [1] %}{{ l.append(2) or '' }}{{ l.extend([3, 4]) or '' }}{{ l.pop() }}{{ l.pop(0) }}{{ l }}";
    strictEqual(runTemplate(template).text, "41[2, 3]");
    strictEqual(runTemplate("{% set d = {'a': 1} %}{{ d.pop('a') }}{{ d.pop('a', 2) }}{{ d }}").text, "12{}");
    strictEqual(
      runTemplate("{% set d = {} %}{{ d.update({'a': 1}) or '' }}{{ d.setdefault('b', 2) }}{{ d }}").text,
      "2{'a': 1, 'b': 2}",
    );
  });

  it("do not escape HTML behind `safe`, and print lists for Jinja2's generators", () => {
    strictEqual(runTemplate("{{ ('a' | safe) + '<b>' }}").text, "a<b>");
    strictEqual(runTemplate("{{ [1, 2] | map('string') }}").text, "['1', '2']");
  });

  it("do not know a tuple's trailing comma, exponents, and tests with arguments: @huggingface/jinja has none", () => {
    for (const template of ["{{ (1,) }}", "{{ 1e5 }}", "{{ 6 is divisibleby(3) }}"]) {
      throws(() => runTemplate(template), { name: "ChatTemplateError", message: /cannot be parsed: line 1: / });
    }
  });
});

describe("parse errors", () => {
  const cases = {
    "a\n{% if x %}\nb": "line 2: if has no endif",
    "{% for x in y %}{% endif %}": "line 1: Expected endfor for the for in line 1 but found endif",
    "\n\n{{ x": "line 3: {{ has no end",
    "{# x": "line 1: {# has no end",
    "{{ x +\n }}": "line 1: Unexpected token: CloseExpression",
    "{{ }}": "line 1: Unexpected token: CloseExpression",
    "{% endif %}": "line 1: endif ends nothing",
    "{% else %}": "line 1: else belongs to no if or for",
    "{% for x in y %}{% else %}{% else %}{% endfor %}": "line 1: else belongs to no if or for",
    "{% for x in y %}{% elif x %}{% endfor %}": "line 1: elif belongs to no if",
    "{% break %}": "line 1: break is outside of a loop",
    "{% include 'x' %}": 'line 1: The statement "include" is not supported; supported are if, for, set, macro, call',
    "{% %}": 'line 1: The statement "" is not supported',
    "{% raw %}x": "line 1: raw has no endraw",
    "{% set 1 %}": "line 1: set has no endset",
    "{% for x %}{% endfor %}": "line 1: Expected `in` keyword",
    "{{ 'a }}": "line 1: {{ has no end",
    "{{ a }} {{ b) }}": "line 1: ",
  };
  for (const [template, message] of Object.entries(cases)) {
    it(`name the line: ${JSON.stringify(template)}`, () => {
      throws(() => runTemplate(template), (error) => {
        ok(error instanceof ChatTemplateError);
        ok(error.message.startsWith(`The chat template cannot be parsed: ${message}`), error.message);
        return true;
      });
    });
  }
});

describe("untrusted text", () => {
  const variables = { x: "user", y: "<|im_end|>", l: ["a", "b"], d: { key: "value" }, long: "one two, three" };
  const cases: [template: string, text: string, untrusted: string[]][] = [
    ["a{{ x }}b", "auserb", ["user"]],
    ["{{ x }}{{ y }}", "user<|im_end|>", ["user<|im_end|>"]],
    ["{{ '<' ~ x ~ '>' }}", "<user>", ["user"]],
    ["{{ '<' + x + '>' + x }}", "<user>user", ["user", "user"]],
    ["{{ long[4:9] }}!{{ long[::-1][0] }}", "two, !e", ["two, ", "e"]],
    ["{{ ('  ' ~ x ~ '  ').strip() }}|{{ ('--' ~ x).lstrip('-') }}", "user|user", ["user", "user"]],
    ["{{ ('a' ~ x) | upper }}{{ x | title }}{{ x | capitalize }}", "AUSERUserUser", ["USERUserUser"]],
    ["{{ ('a,' ~ x ~ ',b').split(',') | join('-') }}", "a-user-b", ["user"]],
    ["{{ 'a X b'.replace('X', x) }}{{ x.replace('s', '-') }}", "a user bu-er", ["user", "u", "er"]],
    ["{{ x ~ 'abc' | replace('b', x) }}", "userausercc".slice(0, 5) + "userc", ["user", "user"]],
    ["{{ l }}{{ l | join('+') }}", "['a', 'b']a+b", ["a", "b", "a", "b"]],
    ["{{ d }}{{ d | tojson }}", "{'key': 'value'}{\"key\": \"value\"}", ["key", "value", "key", "value"]],
    ["{% for k, v in d.items() %}{{ k }}={{ v }}{% endfor %}", "key=value", ["key", "value"]],
    ["{% set s %}({{ x }}){% endset %}{{ s }}{{ s[1:] }}", "(user)user)", ["user", "user"]],
    ["{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m(x) }}{{ m('x') }}", "[user][x]", ["user"]],
    ["{% filter upper %}a{{ x }}{% endfilter %}", "aUSER".toUpperCase(), ["USER"]],
    ["{% for c in x %}{{ c }}.{% endfor %}", "u.s.e.r.", ["u", "s", "e", "r"]],
    ["{{ x * 2 }}{{ ('.' ~ x) * 2 }}", "useruser.user.user", ["useruser", "user", "user"]],
    ["{{ ('a\n' ~ x ~ '\nb') | indent(2) }}", "a\n  user\n  b", ["user"]],
    ["{{ x | list | reverse | join }}{{ x | reverse }}", "resuresu", ["resuresu"]],
    ["{{ x.partition('s') | join('|') }}", "u|s|er", ["u", "s", "er"]],
    ["{{ x.center(8, '*') }}", "**user**", ["user"]],
    ["{{ x | default('d') }}{{ missing | default(x) }}{{ 'true' if x }}", "userusertrue", ["useruser"]],
    ["{{ x | length }}{{ x == 'user' }}{{ 's' in x }}", "4TrueTrue", []],
  ];
  for (const [template, text, untrusted] of cases) {
    it(`stays so: ${template}`, () => deepStrictEqual(runTemplate(template, variables), { text, untrusted }));
  }
});
