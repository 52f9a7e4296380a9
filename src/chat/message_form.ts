/**
 * Finds out how a template wants messages. Templates disagree about what a message without text is (an empty string
 * or None), whether the arguments of a tool call are an object or its JSON text, and a few take the content in parts
 * only. None says so, and the wrong form makes them fail, print "None", or leave the call out without a word. So they
 * are asked with a short conversation, each form at a time, and the first answer with everything in it decides.
 */

import { ChatTemplateError } from "../errors.ts";
import type { ChatMessage, MessageForm } from "./messages.ts";

/** The form nearly all templates understand. */
const USUAL_FORM: MessageForm = { content: "string", emptyContent: "", callArguments: "object" };

const TEXT = "probe-of-text";
const NAME = "probe-of-name";
const VALUE = "probe-of-value";

const QUESTION: ChatMessage[] = [{ role: "user", content: TEXT }];
const CALL: ChatMessage[] = [
  ...QUESTION,
  // Some templates insist on an id of nine letters and digits.
  { role: "assistant", toolCalls: [{ id: "probe0001", name: NAME, arguments: { probe: VALUE } }] },
  { role: "tool", name: NAME, toolCallId: "probe0001", content: TEXT },
];

/** Renders messages in a form; throws where the template does. */
type Render = (messages: ChatMessage[], form: MessageForm) => Generator<void, string>;

/** Answers what form messages have to have, asking the template once for text and once for calls. */
export class MessageForms {
  readonly #render: Render;
  #content: MessageForm["content"] | undefined;
  #withCalls: MessageForm | undefined;

  constructor(render: Render) {
    this.#render = render;
  }

  /** The form for a conversation. */
  *for({ hasCalls }: { hasCalls: boolean }): Generator<void, MessageForm> {
    this.#content ??= yield* this.#findContent();
    const form = { ...USUAL_FORM, content: this.#content };
    if (!hasCalls) return form;
    return this.#withCalls ??= yield* this.#findCalls(form);
  }

  *#findContent(): Generator<void, MessageForm["content"]> {
    for (const content of ["string", "parts"] as const) {
      if ((yield* this.#try(QUESTION, { ...USUAL_FORM, content })).includes(TEXT)) return content;
    }
    return "string";
  }

  *#findCalls(form: MessageForm): Generator<void, MessageForm> {
    const nothings = countNothings(yield* this.#try(QUESTION, form));
    for (const callArguments of ["object", "json"] as const) {
      for (const emptyContent of [null, ""] as const) {
        const candidate = { ...form, callArguments, emptyContent };
        const text = yield* this.#try(CALL, candidate);
        if (text.includes(NAME) && text.includes(VALUE) && countNothings(text) <= nothings) return candidate;
      }
    }
    return form;
  }

  /** What the template makes of messages; nothing where it fails. */
  *#try(messages: ChatMessage[], form: MessageForm): Generator<void, string> {
    try {
      return yield* this.#render(messages, form);
    } catch (error) {
      if (error instanceof ChatTemplateError) return "";
      throw error;
    }
  }
}

/** How often a text has what is printed for nothing. */
function countNothings(text: string): number {
  return text.match(/None|null/g)?.length ?? 0;
}
