/**
 * Chat templates as callers see them: the embedded model's template, options, messages and their errors.
 */

import { deepStrictEqual, notStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { createChatTemplate } from "../../src/chat/mod.ts";
import type { ChatMessage, RenderOptions } from "../../src/chat/mod.ts";
import { embeddedTemplate, TOOL_HEAD, TOOL_TAIL } from "./embedded_template.ts";

const user: ChatMessage = { role: "user", content: "Hi" };

/** The text that a template makes of messages. */
function render(source: string, { messages = [user], ...options }: RenderOptions & { messages?: ChatMessage[] } = {}) {
  return createChatTemplate(source, { bosToken: "<s>", eosToken: "</s>", controlTexts: [] }).render(messages, options)
    .text;
}

describe("the template of the embedded model", () => {
  const template = createChatTemplate(embeddedTemplate(), { controlTexts: ["<|im_start|>", "<|im_end|>"] });
  const addTool = {
    type: "function" as const,
    function: {
      name: "add",
      description: "Add two numbers.",
      parameters: {
        type: "object",
        properties: { a: { type: "number", description: "First number" } },
        required: ["a"],
      },
    },
  };

  it("renders ChatML", () => {
    const { text } = template.render([
      { role: "system", content: "You are a helpful assistant." },
      { role: "user", content: "What is 2+2?" },
      { role: "assistant", content: "4" },
      { role: "user", content: "And 3+3?" },
    ]);
    strictEqual(
      text,
      "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWhat is 2+2?<|im_end|>\n" +
        "<|im_start|>assistant\n4<|im_end|>\n<|im_start|>user\nAnd 3+3?<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  it("renders tools, calls and answers as the model was trained on them", () => {
    const json = '{"type": "function", "function": {"name": "add", "description": "Add two numbers.", "parameters": ' +
      '{"type": "object", "properties": {"a": {"type": "number", "description": "First number"}}, "required": ["a"]}}}';
    const expected = `<|im_start|>system\n${TOOL_HEAD}\n${json}${TOOL_TAIL}<|im_end|>\n<|im_start|>user\nAdd 1 and 2.` +
      '<|im_end|>\n<|im_start|>assistant\n<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call>' +
      '<|im_end|>\n<|im_start|>user\n<tool_response>\n{"result": 3}\n</tool_response><|im_end|>\n' +
      "<|im_start|>assistant\n";
    const question: ChatMessage = { role: "user", content: "Add 1 and 2." };
    const answer: ChatMessage = { role: "tool", content: '{"result": 3}' };
    const call = { name: "add", arguments: { a: 1, b: 2 } };
    const spellings: ChatMessage[] = [
      { role: "assistant", toolCalls: [call] },
      { role: "assistant", content: null, toolCalls: [{ ...call, id: "x" }] },
      { role: "assistant", content: "", toolCalls: [{ type: "function", function: call }] },
      { role: "assistant", content: null, tool_calls: [{ function: { name: "add", arguments: '{"a": 1, "b": 2}' } }] },
    ];
    for (const message of spellings) {
      strictEqual(template.render([question, message, answer], { tools: [addTool] }).text, expected);
    }
    strictEqual(template.render([question, spellings[0], answer], { tools: [addTool.function] }).text, expected);
  });

  it("can leave the assistant's turn to the caller", () => {
    strictEqual(template.render([user], { addGenerationPrompt: false }).text, "<|im_start|>user\nHi<|im_end|>\n");
  });
});

describe("render()", () => {
  it("gives templates the variables of transformers", () => {
    const names = "{{ bos_token }}{{ eos_token }}{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}";
    strictEqual(render(names), "<s></s>TrueTrueTrue");
    strictEqual(render("{{ enable_thinking is defined }}"), "False");
    strictEqual(render("{{ enable_thinking }}", { enableThinking: false }), "False");
    strictEqual(render("{{ documents[0].title }}", { documents: [{ title: "T" }] }), "T");
    strictEqual(render("{{ effort }}{{ list[1] }}", { variables: { effort: "high", list: [1, 2] } }), "high2");
    strictEqual(createChatTemplate("[{{ bos_token }}]", { controlTexts: [] }).render([user]).text, "[]");
  });

  it("gives messages their names in snake_case", () => {
    const template = "{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}";
    const message: ChatMessage = {
      role: "tool",
      content: "c",
      toolCallId: "i",
      name: "n",
      myOwnKey: [1],
      left: undefined,
    };
    strictEqual(render(template, { messages: [message] }), "role=tool;content=c;tool_call_id=i;name=n;my_own_key=[1];");
    const thought: ChatMessage = { role: "assistant", content: "a", reasoningContent: "r" };
    strictEqual(render("{{ messages[0].reasoning_content }}", { messages: [thought] }), "r");
  });

  it("joins parts of text, and hands on others", () => {
    const parts = [{ type: "text", text: "a" }, { type: "text", text: "b" }];
    strictEqual(render("{{ messages[0].content }}", { messages: [{ role: "user", content: parts }] }), "ab");
    const content = [...parts, { type: "image", url: "u" }];
    strictEqual(render("{{ messages[0].content | length }}", { messages: [{ role: "user", content }] }), "3");
  });

  it("gives text in parts to templates that know nothing else", () => {
    const template = "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}";
    strictEqual(render(template), "Hi");
  });

  it("gives calls as JSON text to templates that want that, and None or nothing for their content", () => {
    const messages: ChatMessage[] = [user, {
      role: "assistant",
      toolCalls: [{ name: "f", arguments: { a: [1, "é"] } }],
    }];
    const loop = "{% for m in messages %}{% for c in m.tool_calls or [] %}";
    const end = "{% endfor %}{% endfor %}";
    const add = `${loop}{{ c.function.name + c.function.arguments }}${end}`;
    strictEqual(render(add, { messages }), 'f{"a": [1, "é"]}');
    strictEqual(
      render(`${loop}{{ c.function.name ~ c.function.arguments.items() | list }}${end}`, { messages }),
      "f[('a', [1, 'é'])]",
    );
    // None, which is what messages without text are in transformers, unless it is printed or fails.
    const which = `${loop}{{ 'none' if m.content is none else 'empty' }}{{ c | tojson }}${end}`;
    ok(render(which, { messages }).startsWith("none{"));
    const printed = `{% for m in messages %}[{{ m.content }}]{% for c in m.tool_calls or [] %}{{ c | tojson }}${end}`;
    ok(render(printed, { messages }).startsWith("[Hi][]{"));
    const measured = `${loop}{{ m.content | length }}{{ c | tojson }}${end}`;
    ok(render(measured, { messages }).startsWith("0{"));
  });

  it("dates by the UTC fields of `now`", () => {
    const now = new Date("2024-02-29T23:59:58Z");
    strictEqual(
      render("{{ strftime_now('%d %b %Y, %H:%M:%S, %A %j') }}", { now }),
      "29 Feb 2024, 23:59:58, Thursday 060",
    );
    const clock = (hour: number) =>
      render("{{ strftime_now('%I %p %-I') }}", { now: new Date(Date.UTC(2024, 0, 1, hour)) });
    deepStrictEqual([0, 1, 11, 12, 13, 23].map(clock), [
      "12 AM 12",
      "01 AM 1",
      "11 AM 11",
      "12 PM 12",
      "01 PM 1",
      "11 PM 11",
    ]);
  });

  it("dates by the local time without `now`", () => {
    const { getTimezoneOffset } = Date.prototype;
    try {
      for (const minutes of [-330, 0, 480]) { // UTC+5:30, UTC, UTC-8
        Date.prototype.getTimezoneOffset = () => minutes;
        const local = new Date(Date.now() - minutes * 60_000);
        strictEqual(render("{{ strftime_now('%F %H') }}"), local.toISOString().slice(0, 13).replace("T", " "));
      }
    } finally {
      Date.prototype.getTimezoneOffset = getTimezoneOffset;
    }
  });

  it("passes on what a template raises, word for word", () => {
    throws(() => render("{{ raise_exception('Roles must alternate!') }}"), {
      name: "ChatTemplateError",
      message: "Roles must alternate!",
    });
  });

  it("parses at the first use only, and each time anew if that failed", () => {
    const template = createChatTemplate("{% if %}", { controlTexts: [] });
    for (let i = 0; i < 2; i++) {
      throws(() => template.render([user]), { name: "ChatTemplateError", message: /cannot be parsed: line 1/ });
    }
  });

  it("says what to do where a file has no template", () => {
    throws(() => createChatTemplate(undefined, { controlTexts: [] }).render([user]), {
      name: "ChatTemplateError",
      message: /has no chat template .* raw prompt, a string, or give the option chatTemplate: .* "chatml"/,
    });
  });

  it("knows templates by name", () => {
    const template = createChatTemplate("chatml", { controlTexts: [] });
    const messages: ChatMessage[] = [{ role: "system", content: " s\n" }, user, { role: "assistant", content: "a" }];
    const expected =
      "<|im_start|>system\n s\n<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n";
    strictEqual(template.render(messages, { addGenerationPrompt: false }).text, expected);
    strictEqual(template.render(messages).text, `${expected}<|im_start|>assistant\n`);
    notStrictEqual(template.source, "chatml");
  });

  it("yields on the way through a long conversation", () => {
    const messages = Array.from({ length: 400 }, () => user);
    const work = createChatTemplate("chatml", { controlTexts: [] }).renderSliced(messages);
    let slices = 0;
    while (!work.next().done) slices++;
    // One for each message that is converted, and one for each 200 steps of the template.
    ok(slices > 440, `${slices} slices`);
  });
});

describe("wrong arguments", () => {
  const cases: [name: string, messages: unknown, options: unknown, message: RegExp][] = [
    ["no array", "Hi", {}, /Expected messages to be an array but found string/],
    ["no message", ["Hi"], {}, /Expected messages\[0\] to be an object but found Hi/],
    [
      "an unknown role",
      [user, { role: "<|im_end|>", content: "" }],
      {},
      /messages\[1\]\.role to be one of system, .* "<\|im_end\|>"/,
    ],
    ["no content", [{ role: "user" }], {}, /Expected messages\[0\]\.content to be given/],
    [
      "content of another type",
      [{ role: "user", content: 5 }],
      {},
      /content to be a string or an array of parts .* found 5/,
    ],
    ["a part without a type", [{ role: "user", content: [{ text: "x" }] }], {}, /messages\[0\]\.content/],
    ["calls that are no array", [{ role: "assistant", toolCalls: "x" }], {}, /messages\[0\]\.toolCalls to be an array/],
    [
      "a call without a name",
      [{ role: "assistant", toolCalls: [{}] }],
      {},
      /toolCalls\[0\] to have the name of a function/,
    ],
    ["tools that are no array", [user], { tools: {} }, /Expected tools to be an array/],
    ["a tool without a name", [user], { tools: [{ type: "function", function: {} }] }, /tools\[0\] to have the name/],
    [
      "a function among the variables",
      [user],
      { variables: { f: () => 1 } },
      /variables\.f to be JSON but found a function/,
    ],
    [
      "a function in a message",
      [{ ...user, extra: [() => 1] }],
      {},
      /messages\[0\]\.extra to be JSON but found a function/,
    ],
  ];
  for (const [name, messages, options, message] of cases) {
    it(`are a TypeError: ${name}`, () => {
      const template = createChatTemplate("{{ messages }}{{ tools }}", { controlTexts: [] });
      throws(() => template.render(messages as ChatMessage[], options as RenderOptions), {
        name: "TypeError",
        message,
      });
    });
  }

  it("are a RangeError when they are nested without end", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    throws(() => render("{{ x }}", { variables: { x: loop } }), {
      name: "RangeError",
      message: /at most 300 levels deep/,
    });
  });

  it("do not include a message's own content", () => {
    deepStrictEqual(
      render("{{ messages[0].content }}", { messages: [{ role: "user", content: "{{ 1 }}{% x" }] }),
      "{{ 1 }}{% x",
    );
  });
});
