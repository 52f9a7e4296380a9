/**
 * Chat templates: from messages to the one text that a model was trained to continue. The template is the Jinja
 * source in the model's file; it is treated as what it is, a program from a stranger (see jinja/budget.ts), and
 * messages are treated as what they are, text that must not become control tokens (see rendered_chat.ts).
 */

import { ChatTemplateError } from "../errors.ts";
import { runWhole } from "../time_slice.ts";
import { ControlTexts } from "./control_texts.ts";
import { Budget, limitsFor } from "./jinja/budget.ts";
import { createGlobals } from "./jinja/globals.ts";
import { parseTemplate } from "./jinja/parse.ts";
import { renderBlock } from "./jinja/statements.ts";
import type { Block } from "./jinja/syntax.ts";
import { trusted } from "./jinja/text.ts";
import type { Text } from "./jinja/text.ts";
import { fromJavaScript } from "./jinja/values.ts";
import type { Value } from "./jinja/values.ts";
import { MessageForms } from "./message_form.ts";
import { checkMessages, countCharacters, hasCalls, messagesValue, toolsValue } from "./messages.ts";
import type { ChatMessage, ChatTool, MessageForm } from "./messages.ts";
import { NAMED_TEMPLATES } from "./named_templates.ts";
import { createRenderedChat } from "./rendered_chat.ts";
import type { RenderedChat } from "./rendered_chat.ts";

export type {
  ChatContentPart,
  ChatFunction,
  ChatMessage,
  ChatRole,
  ChatTool,
  ChatToolCall,
  WireToolCall,
} from "./messages.ts";
export type { ChatPiece, ChatTokenizer, RenderedChat } from "./rendered_chat.ts";

/** What a template has to know of the model's tokens. */
export interface ChatTemplateTokens {
  /** The text of the token that begins a text, where there is one. */
  bosToken?: string | undefined;
  /** The text of the token that ends a text, where there is one. */
  eosToken?: string | undefined;
  /** The texts of all tokens that messages must not become: the control tokens and the unknown token. */
  controlTexts: Iterable<string>;
}

/** Options of {@linkcode ChatTemplate.render}. */
export interface RenderOptions {
  /** Functions that the assistant may call. */
  tools?: readonly ChatTool[] | undefined;
  /** Whether the text ends with the beginning of an answer of the assistant. Default true. */
  addGenerationPrompt?: boolean | undefined;
  /** Whether a model that can think is to think, where its template can tell it. Default: what the template does. */
  enableThinking?: boolean | undefined;
  /** Documents to answer from, in the form that the model's template knows, commonly `{ title, text }`. */
  documents?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** More variables for the template, under the names that it uses. */
  variables?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The date that templates see. Its UTC fields are used, so that the text does not depend on the machine's time zone.
   * Default: the current local time.
   */
  now?: Date | undefined;
  /** Whether control tokens in messages become control tokens. Only for messages that are trusted. Default false. */
  allowControlTokens?: boolean | undefined;
}

/** A chat template, ready to be used. */
export interface ChatTemplate {
  /** The Jinja source. */
  readonly source: string;
  /**
   * Renders a conversation.
   *
   * @throws {ChatTemplateError} When the template is malformed, refuses the messages, or takes too much time or memory
   * @throws {TypeError} When the messages, tools or variables are not what they should be
   */
  render(messages: readonly ChatMessage[], options?: RenderOptions): RenderedChat;
  /** The same in small steps, for `runSliced`: a long conversation takes longer than the event loop may wait. */
  renderSliced(messages: readonly ChatMessage[], options?: RenderOptions): Generator<void, RenderedChat>;
}

/**
 * Makes a chat template. Nothing is parsed before the first use: a bad template must not keep a model from loading.
 *
 * @param source The Jinja source, or the name of a template (`"chatml"`); undefined where a file has none, and then
 * rendering says what to do
 * @example
 * ```ts
 * import { createChatTemplate } from "./src/chat/mod.ts";
 *
 * const template = createChatTemplate("chatml", { controlTexts: ["<|im_start|>", "<|im_end|>"] });
 * const { text } = template.render([{ role: "user", content: "What is 2+2?" }]);
 * // <|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n
 * ```
 */
export function createChatTemplate(source: string | undefined, tokens: ChatTemplateTokens): ChatTemplate {
  if (source === undefined) return { source: "", render: refuse, renderSliced: refuse };
  const text = Object.hasOwn(NAMED_TEMPLATES, source) ? NAMED_TEMPLATES[source] : source;
  const controlTexts = new ControlTexts(tokens.controlTexts);
  let block: Block | undefined;

  function* renderText(
    messages: readonly ChatMessage[],
    { form, ...options }: RenderOptions & { form: MessageForm },
  ): Generator<void, { rendered: Text; budget: Budget }> {
    block ??= yield* parseTemplate(text);
    const { tools, documents, variables } = options;
    const characters = countCharacters([messages, tools, documents, variables]);
    const budget = new Budget(limitsFor({ messages: messages.length, characters }));
    const values = createVariables(options, { tokens, budget });
    yield;
    values.set("messages", yield* messagesValue(messages, { form, budget }));
    return { rendered: yield* renderBlock(block, { variables: values, budget }), budget };
  }

  const forms = new MessageForms(function* (messages, form) {
    return (yield* renderText(messages, { form })).rendered.value;
  });

  function* renderSliced(messages: readonly ChatMessage[], options: RenderOptions = {}): Generator<void, RenderedChat> {
    checkMessages(messages);
    const form = yield* forms.for({ hasCalls: messages.some(hasCalls) });
    const { rendered, budget } = yield* renderText(messages, { ...options, form });
    yield;
    const final = options.allowControlTokens ? trusted(rendered.value) : rendered;
    return createRenderedChat(final, { controlTexts, budget });
  }

  return { source: text, render: (messages, options) => runWhole(renderSliced(messages, options)), renderSliced };
}

function refuse(): never {
  const names = Object.keys(NAMED_TEMPLATES).map((name) => `"${name}"`).join(", ");
  throw new ChatTemplateError(
    "The model's file has no chat template (tokenizer.chat_template). Generate from a raw prompt, a string, or give " +
      `the option chatTemplate: the Jinja source of the model's template, or one of the names ${names}`,
  );
}

/** Everything but the messages that a template can refer to, under the names of transformers. */
function createVariables(
  options: RenderOptions,
  { tokens, budget }: { tokens: ChatTemplateTokens; budget: Budget },
): Map<string, Value> {
  const { tools, documents, variables = {}, addGenerationPrompt = true, enableThinking } = options;
  const values = createGlobals({ now: () => options.now ?? localTime(), budget });
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined) values.set(name, fromJavaScript(value, { name: `variables.${name}`, budget }));
  }
  // Templates concatenate them without asking whether there is one.
  values.set("bos_token", trusted(tokens.bosToken ?? ""));
  values.set("eos_token", trusted(tokens.eosToken ?? ""));
  values.set("tools", tools === undefined ? null : toolsValue(tools, budget));
  values.set("documents", documents === undefined ? null : fromJavaScript(documents, { name: "documents", budget }));
  values.set("add_generation_prompt", addGenerationPrompt);
  if (enableThinking !== undefined) values.set("enable_thinking", enableThinking);
  return values;
}

/** The current local time in the UTC fields of a date. */
function localTime(): Date {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
}
