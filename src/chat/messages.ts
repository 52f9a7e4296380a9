/**
 * Messages and tools as our callers write them, and as templates read them: checked, in snake_case, with all text
 * untrusted but the roles. What a template makes of them is not this file's concern.
 */

import type { Budget } from "./jinja/budget.ts";
import { toJson } from "./jinja/json.ts";
import { trusted, untrusted } from "./jinja/text.ts";
import type { Text } from "./jinja/text.ts";
import { dict, fromJavaScript, isText, list } from "./jinja/values.ts";
import type { Value } from "./jinja/values.ts";

const ROLES = ["system", "developer", "user", "assistant", "tool"] as const;

/** Who speaks. */
export type ChatRole = typeof ROLES[number];

/** A part of a message's content. */
export interface ChatContentPart {
  /** `"text"`, or a kind of part that the model's template knows. */
  type: string;
  /** The text of a text part. */
  text?: string;
  [name: string]: unknown;
}

/** A function that the assistant calls. */
export interface ChatToolCall {
  /** What the tool's answer refers to in `toolCallId`. Some templates need it. */
  id?: string;
  name: string;
  /** The arguments: an object, or the JSON text of one. */
  arguments: Readonly<Record<string, unknown>> | string;
}

/** A tool call as OpenAI's interface writes it. */
export interface WireToolCall {
  id?: string;
  type?: "function";
  function: { name: string; arguments: Readonly<Record<string, unknown>> | string };
}

/** One message of a conversation. Other properties are handed to the template with their names in snake_case. */
export interface ChatMessage {
  role: ChatRole;
  /** The text. May be left out where an assistant only calls tools. */
  content?: string | readonly ChatContentPart[] | null;
  /** The tools that an assistant calls. */
  toolCalls?: readonly (ChatToolCall | WireToolCall)[];
  /** The call that a tool answers. */
  toolCallId?: string;
  /** The name of the tool, or of the speaker. */
  name?: string;
  /** What an assistant thought before it answered. */
  reasoningContent?: string;
  [name: string]: unknown;
}

/** A function that the assistant may call, as itself or as OpenAI's interface wraps it. */
export type ChatTool = ChatFunction | { type: "function"; function: ChatFunction };

/** The description of a function. */
export interface ChatFunction {
  name: string;
  description?: string;
  /** A JSON schema. */
  parameters?: Readonly<Record<string, unknown>>;
  [name: string]: unknown;
}

/** How a template wants messages: see message_form.ts. */
export interface MessageForm {
  /** Whether text is a string or a list of parts. */
  content: "string" | "parts";
  /** What stands for the content of a message that only calls tools. */
  emptyContent: "" | null;
  /** Whether the arguments of a call are an object or its JSON text. */
  callArguments: "object" | "json";
}

interface Conversion {
  form: MessageForm;
  budget: Budget;
}

/**
 * The variable `messages`.
 *
 * @throws {TypeError} When the messages are none
 */
export function* messagesValue(messages: readonly ChatMessage[], conversion: Conversion): Generator<void, Value> {
  const values: Value[] = [];
  for (const message of messages) {
    values.push(messageValue(message, { ...conversion, name: `messages[${values.length}]` }));
    yield;
  }
  return list(values, conversion.budget);
}

/**
 * Checks the shape of a conversation.
 *
 * @throws {TypeError} Naming the message
 */
export function checkMessages(messages: readonly ChatMessage[]): void {
  if (!Array.isArray(messages)) throw new TypeError(`Expected messages to be an array but found ${typeof messages}`);
  messages.forEach((message, i) => {
    const name = `messages[${i}]`;
    if (typeof message !== "object" || message === null) {
      throw new TypeError(`Expected ${name} to be an object but found ${message}`);
    }
    if (!ROLES.includes(message.role)) {
      throw new TypeError(`Expected ${name}.role to be one of ${ROLES.join(", ")} but found ${show(message.role)}`);
    }
    const { content } = message;
    const isContent = content === undefined || content === null || typeof content === "string" ||
      (Array.isArray(content) && content.every((part) => typeof part?.type === "string"));
    if (!isContent) {
      throw new TypeError(
        `Expected ${name}.content to be a string or an array of parts with a type but found ${show(content)}`,
      );
    }
    if ((content ?? undefined) === undefined && !hasCalls(message)) {
      throw new TypeError(`Expected ${name}.content to be given`);
    }
  });
}

/** Whether a message calls tools, in our spelling or in that of the wire. */
export function hasCalls(message: ChatMessage): boolean {
  return (message.toolCalls ?? message.tool_calls ?? undefined) !== undefined;
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function messageValue(message: ChatMessage, { name, form, budget }: Conversion & { name: string }): Value {
  const entries: [Value, Value][] = [];
  for (const [key, value] of Object.entries(message)) {
    if (value === undefined) continue;
    const snake = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const place = { name: `${name}.${key}`, budget };
    let converted: Value;
    if (key === "role") converted = trusted(message.role);
    else if (key === "content") converted = contentValue(message, { ...place, form });
    else if (snake === "tool_calls" && value !== null) converted = callsValue(value, { ...place, form });
    else converted = fromJavaScript(value, place);
    entries.push([trusted(snake), converted]);
  }
  if (message.content === undefined) entries.push([trusted("content"), emptyContent(form)]);
  return dict(entries, budget);
}

function emptyContent(form: MessageForm): Value {
  return form.emptyContent === null ? null : untrusted("");
}

function contentValue(message: ChatMessage, { name, form, budget }: Conversion & { name: string }): Value {
  const { content } = message;
  if (hasCalls(message) && (content === null || content === "")) return emptyContent(form);
  if (content === null || content === undefined) return null;
  if (typeof content === "string") {
    if (form.content === "string") return untrusted(content);
    return list([dict([[trusted("type"), trusted("text")], [trusted("text"), untrusted(content)]], budget)], budget);
  }
  const isText = content.every((part) => part.type === "text" && typeof part.text === "string");
  // Templates that know strings only would fail, and those that know parts print them one after the other.
  if (isText && form.content === "string") return untrusted(content.map((part) => part.text).join(""));
  return fromJavaScript(content, { name, budget });
}

function callsValue(calls: unknown, { name, form, budget }: Conversion & { name: string }): Value {
  if (!Array.isArray(calls)) throw new TypeError(`Expected ${name} to be an array but found ${show(calls)}`);
  return list(calls.map((call, i) => callValue(call, { name: `${name}[${i}]`, form, budget })), budget);
}

function callValue(call: ChatToolCall | WireToolCall, { name, form, budget }: Conversion & { name: string }): Value {
  const called = typeof call === "object" && call !== null && "function" in call ? call.function : call;
  if (typeof called?.name !== "string") throw new TypeError(`Expected ${name} to have the name of a function`);
  const entries: [Value, Value][] = [];
  if (call.id !== undefined) entries.push([trusted("id"), fromJavaScript(call.id, { name, budget })]);
  entries.push([trusted("type"), trusted("function")]);
  const callArguments = argumentsValue(called.arguments ?? {}, { name: `${name}.arguments`, form, budget });
  entries.push([
    trusted("function"),
    dict([[trusted("name"), untrusted(called.name)], [trusted("arguments"), callArguments]], budget),
  ]);
  return dict(entries, budget);
}

/** Arguments in the form that the template wants. What cannot be parsed stays text. */
function argumentsValue(given: unknown, { name, form, budget }: Conversion & { name: string }): Value {
  const value = fromJavaScript(typeof given === "string" ? parsed(given) : given, { name, budget });
  if (form.callArguments === "object" || isText(value)) return value;
  return untrusted(toJson(value, { options: PLAIN_JSON, budget }).value);
}

const PLAIN_JSON = {
  ensureAscii: false,
  indent: null,
  itemSeparator: trusted(", "),
  keySeparator: trusted(": "),
  sortKeys: false,
};

function parsed(json: string): unknown {
  try {
    const value = JSON.parse(json);
    return typeof value === "object" && value !== null ? value : json;
  } catch {
    return json;
  }
}

/**
 * The variable `tools`, each as `{ type: "function", function }`.
 *
 * @throws {TypeError} When they are none
 */
export function toolsValue(tools: readonly ChatTool[], budget: Budget): Value {
  if (!Array.isArray(tools)) throw new TypeError(`Expected tools to be an array but found ${show(tools)}`);
  return list(
    tools.map((tool, i) => {
      const name = `tools[${i}]`;
      const isWrapped = typeof tool?.function === "object" && tool.function !== null;
      if (typeof (isWrapped ? tool.function : tool)?.name !== "string") {
        throw new TypeError(`Expected ${name} to have the name of a function`);
      }
      const value = fromJavaScript(tool, { name, budget });
      const type: [Text, Text] = [trusted("type"), trusted("function")];
      return isWrapped ? value : dict([type, [trusted("function"), value]], budget);
    }),
    budget,
  );
}

/** How much text there is in data, roughly: what the budget of a rendering is measured by. */
export function countCharacters(data: unknown, depth = 0): number {
  if (typeof data === "string") return data.length;
  if (typeof data !== "object" || data === null || depth > 100) return 8;
  let count = 0;
  for (const [key, value] of Object.entries(data)) count += 8 + key.length + countCharacters(value, depth + 1);
  return count;
}
