/**
 * Templates of models in use: each conversation against what Jinja2 makes of it (renderings.json), and through the
 * whole of our interface. Skipped where the templates, which are not part of the repository, are not next to it.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { createChatTemplate } from "../../src/chat/mod.ts";
import type { ChatMessage, ChatTool } from "../../src/chat/mod.ts";
import { ChatTemplateError } from "../../src/errors.ts";
import { runTemplate } from "./jinja/run_template.ts";

const folder = new URL("../../../shared/chat-templates/", import.meta.url);
const skip = existsSync(folder) ? false : "needs ../shared/chat-templates next to the repository";

type Conversation = { messages: ChatMessage[]; tools?: ChatTool[]; [name: string]: unknown };
type Rendering = { sha256?: string; error?: string };

const { conversations, templates }: {
  conversations: Record<string, Conversation>;
  templates: Record<string, Record<string, Rendering>>;
} = JSON.parse(readFileSync(new URL("renderings.json", import.meta.url), "utf8"));

/** What comes out in another way than from Jinja2, and why. */
const DIFFERENT: Record<string, string> = {
  // `tool.description | safe + ...`: in Jinja2 what is added to a safe string is escaped as HTML, an accident that
  // nobody wants in a prompt.
  "meetkai-functionary-medium-v3.1.jinja / tools": "text",
  "meetkai-functionary-medium-v3.1.jinja / a call without text": "text",
  // `tools | map(...) | tojson`: a generator in Jinja2, a list here.
  "llama-cpp-deepseek-r1.jinja / tools": "text",
  "llama-cpp-deepseek-r1.jinja / a call without text": "text",
  // `append`, which the sandbox of transformers forbids.
  "Kimi-K2-Instruct.jinja / tools": "text",
  "Kimi-K2-Instruct.jinja / a call without text": "text",
  "Kimi-K2-Thinking.jinja / tools": "text",
  "Kimi-K2-Thinking.jinja / a call without text": "text",
};

/** The templates that refuse a system, a user, an assistant and another user message, with their own words. */
const REFUSING: Record<string, string> = {
  "CohereForAI-c4ai-command-r-plus-tool_use.jinja": "'NoneType' object is not iterable", // it is for tools only
  "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja": "'NoneType' object is not iterable", // likewise
  "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja": "'NoneType' object is not iterable", // likewise
  "MiroThinker.jinja": "cannot assign attribute on non-namespace object", // it changes the system message
  "fireworks-ai-llama-3-firefunction-v2.jinja": "'functions' is undefined", // a variable that its users have to give
  "google-gemma-2-2b-it.jinja": "System role not supported",
};

function read(name: string): string {
  return readFileSync(new URL(name, folder), "utf8");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** The rendering of one conversation with exactly the variables that transformers would give. */
function render(source: string, conversation: Conversation): Rendering {
  const common = { add_generation_prompt: true, bos_token: "<BOS>", eos_token: "<EOS>", tools: null, documents: null };
  try {
    return { sha256: digest(runTemplate(source, { ...common, ...conversation }).text) };
  } catch (error) {
    ok(error instanceof ChatTemplateError, `${error}`);
    return { error: error.message };
  }
}

describe("templates in use", () => {
  it("are the ones that were recorded", { skip }, () => {
    deepStrictEqual(
      readdirSync(folder).filter((name) => name.endsWith(".jinja")).toSorted(),
      Object.keys(templates).toSorted(),
    );
  });

  for (const [name, expected] of Object.entries(templates)) {
    it(`render as Jinja2 does: ${name}`, { skip }, () => {
      for (const [title, conversation] of Object.entries(conversations)) {
        const found = render(read(name), conversation);
        if (DIFFERENT[`${name} / ${title}`] === "text") {
          ok(found.sha256 !== undefined && found.sha256 !== expected[title].sha256);
        } else deepStrictEqual(found, expected[title], title);
      }
    });
  }

  for (const name of Object.keys(templates)) {
    it(`render a conversation or refuse it in their own words: ${name}`, { skip }, () => {
      const template = createChatTemplate(read(name), {
        bosToken: "<BOS>",
        eosToken: "<EOS>",
        controlTexts: ["<BOS>"],
      });
      const { messages } = conversations["system"];
      let text = "";
      let error = "";
      try {
        ({ text } = template.render(messages, { now: new Date("2025-03-07T09:05:03Z") }));
      } catch (thrown) {
        ok(thrown instanceof ChatTemplateError, `${thrown}`);
        error = thrown.message;
      }
      strictEqual(error, REFUSING[name] ?? "");
      if (error === "") {
        for (const part of ["What is 2+2?", "4", "And é日本 'x' \"y\" <b>?"]) ok(text.includes(part), part);
      }
    });
  }

  it("get tool calls in the form they understand", { skip }, () => {
    const messages: ChatMessage[] = [
      { role: "user", content: "Weather?" },
      { role: "assistant", toolCalls: [{ id: "call00001", name: "get_weather", arguments: { city: "Ulm" } }] },
      { role: "tool", name: "get_weather", toolCallId: "call00001", content: "20 degrees" },
    ];
    const { tools } = conversations["tools"];
    const shown = Object.keys(templates).filter((name) => {
      const template = createChatTemplate(read(name), { bosToken: "<BOS>", eosToken: "<EOS>", controlTexts: [] });
      try {
        const { text } = template.render(messages, { tools });
        return text.includes("Ulm") && text.includes("20 degrees") && !/content>?\s*(None|null)/.test(text);
      } catch (error) {
        ok(error instanceof ChatTemplateError, `${error}`);
        return false;
      }
    });
    const silent = Object.keys(templates).filter((name) => !shown.includes(name));
    // They have no tools at all, or no calls in the history, or want functions in another variable.
    deepStrictEqual(silent, WITHOUT_CALLS);
  });
});

const WITHOUT_CALLS = [
  "CohereForAI-c4ai-command-r-plus-tool_use.jinja", // wants a description of every parameter
  "HuggingFaceTB-SmolLM3-3B.jinja",
  "LFM2-8B-A1B.jinja",
  "LFM2.5-Instruct.jinja",
  "MiroThinker.jinja",
  "fireworks-ai-llama-3-firefunction-v2.jinja",
  "google-gemma-2-2b-it.jinja",
  "ibm-granite-granite-3.3-2B-Instruct.jinja",
  "llama-cpp-rwkv-world.jinja",
  "microsoft-Phi-3.5-mini-instruct.jinja",
];
