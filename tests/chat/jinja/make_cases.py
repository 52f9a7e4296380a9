"""Writes cases.json: what Jinja2, set up as transformers does, makes of many small templates.

Run with `pip install jinja2` (3.1.6 made the file in the repository): python make_cases.py > cases.json
"""
import datetime
import json

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIABLES = {
    "s": "Hello, World", "u": "日本 é 😀!", "blank": " \t\n x y \x85\u3000", "empty": "", "quote": "it's \"so\"\n\\",
    "n": 7, "neg": -3, "f": 2.5, "t": True, "no": False, "nil": None,
    "l": [3, 1, 2], "words": ["b", "A", "c", "B"], "mixed": [1, "a", None, True, 2.5, [1], {"k": "v"}], "none": [],
    "d": {"b": 1, "A": 2, "c": None, "items": 5}, "deep": {"a": {"b": [{"c": "x"}]}},
    "people": [{"name": "Ann", "age": 30, "city": "X"}, {"name": "bob", "age": 25, "city": "Y"},
               {"name": "Cid", "age": 30}],
    "floats": [0.1, 1e-7, 123456789.125, 1.5e-5, -0.5],
}

TEMPLATES = r"""
{{ s }}|{{ u }}|{{ n }}|{{ f }}|{{ t }}|{{ nil }}|{{ l }}|{{ mixed }}|{{ d }}|{{ floats }}|{{ quote }}|{{ [quote] }}|{{ [u] }}
{{ missing }}|{{ missing is defined }}|{{ d.missing }}|{{ d['missing'] is undefined }}
{{ missing.x }}
{{ d.missing.x }}
{{ nil.x.y }}
{{ 1 + 2 }} {{ 7 - 10 }} {{ 2 * 3.0 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 % 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }}
{{ 1 / 0 }}
{{ 1 % 0 }}
{{ True + 1 }} {{ true * 3 }} {{ 1 == 1.0 }} {{ 1 == true }} {{ '1' == 1 }} {{ none == false }}
{{ 'a' + 'b' }} {{ 'a' ~ 1 ~ nil ~ t ~ 2.0 ~ l }} {{ 'ab' * 3 }} {{ 3 * 'ab' }} {{ 'x' * -1 }}|{{ [1] * 2 }} {{ [1] + [2, 'x'] }}
{{ 'a' + 1 }}
{{ 1 + 'a' }}
{{ 'a' - 'b' }}
{{ l + 'x' }}
{{ missing + 'a' }}
{{ missing ~ 'a' }}
{{ 1 < 2 }} {{ 2 <= 2 }} {{ 'a' < 'b' }} {{ 'B' < 'a' }} {{ [1, 2] < [1, 3] }} {{ 2.5 > 2 }} {{ 'ab' > 'a' }} {{ '😀' > '\ue000' }}
{{ 1 < 'a' }}
{{ nil < 1 }}
{{ 'ell' in s }} {{ 'x' in s }} {{ 1 in l }} {{ '1' in l }} {{ 'b' in d }} {{ 'zz' not in d }} {{ none in [none] }} {{ 1.0 in l }} {{ 'x' in missing }} {{ '' in '' }}
{{ 1 in s }}
{{ 'a' in nil }}
{{ 'a' in 5 }}
{{ t and n }} {{ no and n }} {{ no or n }} {{ empty or 'default' }} {{ not t }} {{ not empty }} {{ not l }} {{ 1 and 0 or 5 }} {{ not no and t }}
{{ 'yes' if t else 'no' }} {{ 'yes' if no }}|{{ 'a' if no else 'b' if t else 'c' }} {{ 1 + 2 if t else 0 }}
{{ -n }} {{ +n }} {{ -f }} {{ - -n }} {{ -n + 10 }} {{ 3 - -n }} {{ -0 }} {{ -0.0 }}
{{ -s }}
{{ s[0] }} {{ s[-1] }} {{ s[99] }}|{{ l[0] }} {{ l[-1] }} {{ l[9] }}|{{ u[0] }} {{ u[5] }} {{ u[-1] }} {{ u[-2] }}
{{ s[1:4] }} {{ s[:3] }} {{ s[7:] }} {{ s[-3:] }} {{ s[::2] }} {{ s[::-1] }} {{ s[5:2] }}|{{ u[3:6] }} {{ u[-2:] }} {{ l[1:] }} {{ l[::-1] }} {{ l[:-1] }} {{ l[5:] }} {{ s[-99:99] }}
{{ l[::0] }}
{{ d.b }} {{ d['A'] }} {{ d.c }} {{ d['items'] }} {{ d.get('b') }} {{ d.get('z') }} {{ d.get('z', 9) }} {{ d.get('c', 9) }} {{ deep.a.b[0].c }} {{ deep['a']['b'][0]['c'] }}
{{ d.items() | list }} {{ d.keys() | list }} {{ d.values() | list }} {{ d | length }} {{ d | list }}
{{ s.upper() }} {{ s.lower() }} {{ s.title() }} {{ 'hELLO wORLD'.capitalize() }} {{ "they're bill's".title() }} {{ 'ß'.upper() }} {{ 'É'.lower() }}
[{{ blank.strip() }}] [{{ blank.lstrip() }}] [{{ blank.rstrip() }}] [{{ 'xxaxx'.strip('x') }}] [{{ '\n\na\n'.lstrip('\n') }}] [{{ 'abcba'.rstrip('ab') }}] [{{ ' a '.strip('') }}] [{{ '😀a😀'.strip('😀') }}]
{{ 'a,b,,c'.split(',') }} {{ 'a b  c '.split() }} {{ 'a b  c '.split(' ') }} {{ 'a,b,c'.split(',', 1) }} {{ ' a b  c '.split(none, 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b  c '.rsplit(none, 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a--b'.split('--')[-1] }}
{{ 'a'.split('') }}
{{ 'a\nb\r\nc\n'.splitlines() }} {{ 'a\nb'.splitlines(true) }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'a'.partition('=') }} {{ 'a'.rpartition('=') }}
{{ s.replace('l', 'L') }} {{ s.replace('l', 'L', 1) }} {{ 'aaa'.replace('aa', 'b') }} {{ 'ab'.replace('', '-') }} {{ 'ab'.replace('', '-', 2) }} {{ s.replace('zz', 'y') }} {{ 'a.b'.replace('.', '*') }}
{{ s.startswith('He') }} {{ s.endswith('ld') }} {{ s.startswith(('x', 'He')) }} {{ s.endswith(('x', 'y')) }} {{ s.startswith('') }}
{{ s.find('o') }} {{ s.rfind('o') }} {{ s.find('z') }} {{ u.find('!') }} {{ s.count('l') }} {{ 'aaa'.count('aa') }} {{ 'abc'.count('') }} {{ s.index('W') }}
{{ s.index('z') }}
{{ ', '.join(words) }} {{ ''.join([]) }}|{{ '-'.join('abc') }}
{{ ','.join([1, 2]) }}
[{{ 'ab'.center(7) }}] [{{ 'abc'.center(6) }}] [{{ 'ab'.ljust(4) }}] [{{ 'ab'.rjust(4, '*') }}] {{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.py'.removesuffix('.py') }}
{{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ 'ab'.isalpha() }} {{ ' '.isspace() }} {{ ''.isspace() }} {{ 'AB'.isupper() }} {{ 'ab1'.islower() }} {{ '1'.islower() }}
{{ s.nosuchmethod() }}
{{ s() }}
{{ missing() }}
{{ l | first }} {{ l | last }} {{ none | first }}|{{ l | sort }} {{ words | sort }} {{ words | sort(reverse=true) }} {{ words | sort(case_sensitive=true) }} {{ people | sort(attribute='age') | map(attribute='name') | list }} {{ people | sort(attribute='name', reverse=true) | map(attribute='name') | list }}
{{ mixed | sort }}
{{ l | join }} {{ l | join(', ') }} {{ people | join('/', attribute='name') }} {{ 'abc' | join('-') }} {{ mixed | join(' ') }}
{{ l | reverse | list }} {{ 'abc' | reverse }} {{ l | sum }} {{ people | sum(attribute='age') }} {{ l | max }} {{ l | min }} {{ words | max }} {{ none | max }}|{{ people | max(attribute='age') }}
{{ words | unique | list }} {{ [1, 1.0, true, 2] | unique | list }} {{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 0) | list }}
{% for g, items in people | groupby('age') %}{{ g }}:{{ items | map(attribute='name') | join(',') }};{% endfor %}
{{ words | map('upper') | list }} {{ words | map('replace', 'b', 'x') | list }} {{ people | map(attribute='city', default='?') | list }} {{ people | map(attribute='zip') | list | length }}
{{ people | selectattr('age', 'equalto', 30) | map(attribute='name') | list }} {{ people | rejectattr('age', 'gt', 26) | map(attribute='name') | list }} {{ people | selectattr('city') | map(attribute='name') | list }} {{ people | selectattr('city', 'defined') | list | length }} {{ people | selectattr('name', 'in', ['Ann', 'Cid']) | list | length }}
{{ [1, 2, 3, 4] | select('odd') | list }} {{ [1, 2, 3, 4] | reject('odd') | list }} {{ [0, 1, '', 'a'] | select | list }} {{ [1, none, 2] | select('none') | list }} {{ [1, 2, 3] | select('ge', 2) | list }} {{ [3, 6, 7] | select('divisibleby', 3) | list }}
{{ nil | selectattr('x') | list }} {{ missing | list }} {{ missing | length }} {{ missing | join }}|{{ missing | upper }}|{{ missing | trim }}|{{ missing | default('d') }} {{ nil | default('d') }} {{ nil | default('d', true) }} {{ '' | default('d', boolean=true) }} {{ 0 | d(5) }} {{ missing | default(none) }} {{ missing | default }}|
{{ nil | length }}
{{ 5 | length }}
{{ 5 | list }}
{{ nil | list }}
{{ s | upper }} {{ s | lower }} {{ 'hello world-foo (bar' | title }} {{ 'hELLO' | capitalize }} [{{ blank | trim }}] {{ 'xax' | trim('x') }} {{ s | replace('l', 'L') }} {{ s | replace('l', 'L', 2) }} {{ s | length }} {{ u | length }} {{ 5 | string }} {{ t | string }} {{ nil | string }} {{ l | string }} {{ 1.0 | string }} {{ s | safe }}
{{ '12' | int }} {{ ' 12 ' | int }} {{ '1.9' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 2.9 | int }} {{ -2.9 | int }} {{ t | int }} {{ nil | int }} {{ '1e3' | int }} {{ '2.5' | float }} {{ 'x' | float }} {{ 'x' | float(1.5) }} {{ 3 | float }} {{ '1_000' | int }}
{{ -5 | abs }} {{ -2.5 | abs }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 2.567 | round(2) }} {{ 2.1 | round(method='ceil') }} {{ 2.9 | round(0, 'floor') }} {{ 1234.5 | round(-2) }}
{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent(2, blank=true) }}|{{ 'a\nb\n' | indent(1) }}|{{ 'a\nb' | indent('> ') }}|{{ '' | indent }}|
{{ d | items | list }} {{ missing | items | list }} {{ d | dictsort }} {{ d | dictsort(true) }} {{ {'x': 2, 'y': 1} | dictsort(by='value') }} {{ {'x': 2, 'y': 1} | dictsort(reverse=true) }}
{{ mixed | tojson }} {{ d | tojson }} {{ u | tojson }} {{ quote | tojson }} {{ floats | tojson }} {{ '\x07\x7f\u2028</script>' | tojson }} {{ {} | tojson }} {{ [] | tojson }} {{ (1, 2) | tojson }} {{ nil | tojson }} {{ {1: 2, none: 3, true: 4, 2.5: 5} | tojson }}
{{ mixed | tojson(indent=2) }} {{ {} | tojson(indent=2) }} {{ deep | tojson(indent=4) }} {{ deep | tojson(indent='-') }} {{ d | tojson(sort_keys=true) }} {{ u | tojson(ensure_ascii=true) }} {{ l | tojson(separators=(',', ':')) }} {{ d | tojson(separators=(',', ':')) }} {{ [1] | tojson(indent=0) }}
{{ missing | tojson }}
{{ s | nosuchfilter }}
{{ 1 is number }} {{ t is number }} {{ t is integer }} {{ 1 is integer }} {{ 1.0 is float }} {{ 1 is float }} {{ 's' is string }} {{ l is string }} {{ l is sequence }} {{ s is sequence }} {{ d is sequence }} {{ 5 is sequence }} {{ nil is sequence }} {{ l is iterable }} {{ d is iterable }} {{ 5 is iterable }} {{ nil is iterable }} {{ missing is iterable }} {{ missing is sequence }} {{ d is mapping }} {{ l is mapping }} {{ nil is none }} {{ missing is none }} {{ t is boolean }} {{ 1 is boolean }} {{ t is true }} {{ 1 is true }} {{ no is false }} {{ range is callable }} {{ s is callable }} {{ 3 is odd }} {{ 4 is even }} {{ -3 is odd }} {{ 'a' is lower }} {{ 'A' is upper }} {{ 'a' is not lower }} {{ not 'a' is upper }} {{ missing is not defined }}
{{ s is nosuchtest }}
{{ range(3) | list }} {{ range(1, 4) | list }} {{ range(5, 0, -2) | list }} {{ range(0) | list }} {{ range(3) | length }} {{ range(2, 8)[1] }}
{{ range(1, 5, 0) }}
{{ dict(a=1, b='x') }} {{ {'a': 1}['a'] }} {{ {'a': {'b': 2}}.a.b }} {{ {} }} {{ [] }} {{ (1, 'a') }} {{ [1, [2, [3]]] }}
{{ {l: 1} }}
{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(x=1) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }} {{ ns.missing is defined }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}
{% set d.x = 1 %}
{% set a, b = 1, 2 %}{{ a }}{{ b }} {% set (p, q) = ('x', 'y') %}{{ p }}{{ q }}
{% set a, b = [1] %}
{% set x %}in {{ n }} block{% endset %}[{{ x }}] {% set y | upper | replace('A', '-') %}abca{% endset %}{{ y }}
{% if t %}{% set v = 1 %}{% endif %}{{ v }} {% if no %}{% set w = 1 %}{% endif %}[{{ w }}]
{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}
{% for i in none %}x{% else %}empty{% endfor %} {% for i in l if i > 5 %}x{% else %}empty{% endfor %} {% for i in l if i > 1 %}{{ i }}{{ loop.length }}{% endfor %}
{% for k in d %}{{ k }};{% endfor %}{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for c in 'añ😀' %}{{ c }};{% endfor %}{% for x in missing %}x{% endfor %}
{% for x in nil %}{% endfor %}
{% for x in 5 %}{% endfor %}
{% for a, b in [1, 2] %}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in [1, 2] %}{% for j in [1, 2, 3] %}{% if j == 2 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor %}{% endfor %}
{% for i in [1, 2] %}{% for j in [1, 2] %}{{ loop.index }}{% endfor %}{{ loop.index }}|{% endfor %}{{ loop is defined }}
{% for i in [1, 2] %}{{ i }}{% endfor %}{{ i is defined }} {% for i in l %}{{ loop.cycle('a', 'b') }}{% endfor %}
{% for i in [1, 2, 3] %}{% if x is defined %}{{ x }}{% endif %}{% set x = i %}{% endfor %}{{ x is defined }}
{% macro m(a, b=2, c='x') %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, c='z') }}{{ m(b=1, a=2) }}{{ m() }}{{ m(none, none) }}
{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }} {% macro v() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ v(1, 2, k=3) }}
{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }} {{ f(2) | length }} {{ f(2) ~ '!' }} {{ f(2) is string }}
{% set g = 'global' %}{% macro m() %}{{ g }}{{ n }}{% endmacro %}{{ m() }}{% for g in [1] %}{{ m() }}{% endfor %}
{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body {{ n }}{% endcall %} {% macro w(x) %}{{ caller(x, 2) }}{% endmacro %}{% call(a, b) w(1) %}{{ a }}{{ b }}{% endcall %}
{% macro m(a) %}{{ a }}{% endmacro %}{% set args = [5] %}{{ m(*args) }}{{ m(**{'a': 6}) }}
{% filter upper %}abc {{ s }}{% endfilter %} {% filter replace('a', 'b') %}aaa{% endfilter %}
{% raw %}{{ not }} {% evaluated %}{% endraw %} {# comment {{ x }} #}after
a {%- if t -%} b {%- endif -%} c {{- n -}} d {#- x -#} e
{% if no %}1{% elif n == 7 %}2{% else %}3{% endif %} {% if missing %}1{% elif nil %}2{% else %}3{% endif %}
{{ "a" "b" }} {{ 'it''s' }} {{ "\t\\\"" }} {{ 'a\'b' }} {{ "\u00e9\x41" }}
{{ 10.25 }} {{ 1.0 * 10000000000000000 }} {{ 2.5 * 1000000000000000000000 }}
{{ [1, 2,] }} {{ {'a': 1,} }} {{ l[n - 7] }} {{ l | length + 1 }} {{ -l | length if false else '' }} {{ 'a' ~ l | length }}
{{ s | upper | lower | length }} {{ (s ~ 'x') | length }} {{ not s | length > 5 }} {{ 'a' in s | lower }} {{ n is odd and f is float }} {{ s.split(', ')[1].lower().startswith('w') }}
{{ 'a' if 'b' in s else 'c' if n else 'd' }} {{ n == 7 and s or 'x' }} {{ (n, s)[1] }} {{ [n, s][0] }} {{ {'k': n}.k }}
{{ raise_exception('my ' ~ 'message') }}
{{ strftime_now('%Y-%m-%d %H:%M:%S %d %b %B %a %A %j %I %p %y %e %% %-d %-m') }}
{{ [none, true, 1.0] }} {{ none }} {{ True }} {{ False }} {{ None }}|{{ 1.0 }} {{ 100000000000000000000 }} {{ 12345678901234567 * 1.0 }} {{ 0.1 + 0.2 }} {{ 1 / 3 }}
{{ l.count(1) }} {{ l.index(2) }} {{ 'x' == 'x' }} {{ [1, [2]] == [1, [2]] }} {{ {'a': 1} == {'a': 1.0} }} {{ (1, 2) == [1, 2] }} {{ missing == missing2 }} {{ 'a' != 'b' }}
{{ people[0].name }} {{ people[-1]['name'] }} {{ people | map(attribute='name') | map('lower') | join(',') }} {{ people | selectattr('name', 'equalto', 'Ann') | first | tojson }} {{ (people | selectattr('age', 'lt', 0) | list) or 'nobody' }}
""".strip("\n").split("\n")

BLOCKS = [
    "{% if t %}\n  yes\n{% endif %}\nend\n",
    "  {% if t %}\nx\n  {% endif %}\n  {{ n }}\n\n",
    "a\n  {%- if t %}\n  b\n  {%- endif %}\nc",
    "{% for i in l %}\n  {{ i }}\n{% endfor %}",
    "{% for i in l %}  \n{{ i }}\n  {% endfor %}\n\n\n",
    "x {% if t %}\ny{% endif %}\n",
    "{# c #}\nline\n  {# indented #}\nnext {# inline #}\nlast",
    "{%+ if t %}\n a{% endif +%}\nb",
    "  {%+ if t %}a{% endif %}\n  {%- set x = 1 -%}  \n  b",
    "{{ n }}\n{{ n -}}\n\n  z",
    "\n\n{% set x = 1 %}\n\n{{ x }}\n\n",
    "\t {% set x = 1 %}\n\t{{ x }}\r\nwindows\rmac\n",
    "{% generation %}a{% endgeneration %}\nb {% generation %}\nc\n{% endgeneration %}d",
    "{% raw %}\n  {{ x }}\n{% endraw %}\nend",
    "  {%- raw %} a {% endraw -%}  b",
    "{{ '}}' }}{{ \"%}\" }}{% set x = '%}' %}{{ x }}{{ {'a': {'b': 1}} }}{{ {'a': {}}}}",
    "{%- for m in people %}\n    {%- if loop.first %}\n        {{- m.name }}\n    {%- else %}\n        {{- ', ' ~ m.name }}\n    {%- endif %}\n{%- endfor %}\n",
    "{%- macro show(x) -%}\n  [{{ x }}]\n{%- endmacro -%}\n{{ show(1) }}\n{{ show('a') }}",
]


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_run"), [], [], body).set_lineno(line)

    def _run(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: datetime.datetime(2025, 3, 7, 9, 5, 3).strftime(form)
    return env


def result(template):
    try:
        return {"text": environment().from_string(template).render(**VARIABLES)}
    except Exception as error:
        return {"error": str(error)}


if __name__ == "__main__":
    cases = [{"template": template, **result(template)} for template in TEMPLATES + BLOCKS]
    print(json.dumps({"variables": VARIABLES, "cases": cases}, ensure_ascii=False, indent=1))
