/** The commands of a conversation: lines that begin with a slash. */

import type { ChatMessage } from "../chat/mod.ts";
import { table } from "./table.ts";

/** What commands change. */
export interface Conversation {
  /** The system message, if there is one. */
  system: string | undefined;
  /** Questions with their answers, oldest first. */
  turns: (readonly [user: ChatMessage, assistant: ChatMessage])[];
  /** Whether a line about the speed follows each answer. */
  showsStats: boolean;
}

/** A command. */
interface ChatCommand {
  /** How it is written, with its argument. */
  readonly usage: string;
  readonly description: string;
  /** Does it, and returns what to tell the user; `"exit"` ends the conversation. */
  readonly run: (conversation: Conversation, argument: string) => string;
}

/** In the order of /help. To add one: an entry here. */
const chatCommands: Readonly<Record<string, ChatCommand>> = {
  "/help": { usage: "/help", description: "list the commands", run: help },
  "/reset": { usage: "/reset", description: "start a new conversation", run: reset },
  "/undo": { usage: "/undo", description: "forget the last question and its answer", run: undo },
  "/system": { usage: "/system TEXT", description: "set the system message; without TEXT remove it", run: setSystem },
  "/stats": { usage: "/stats", description: "show a line about the speed after each answer, or stop that", run: stats },
  "/exit": { usage: "/exit", description: "end the conversation, as Ctrl-D does", run: () => "exit" },
};

/**
 * Runs a line that is a command.
 *
 * @returns What to tell the user, `"exit"`, or `undefined` when the line is no command.
 */
export function runChatCommand(line: string, conversation: Conversation): string | undefined {
  const match = /^(\/\S*)\s*([^]*)$/.exec(line);
  if (match === null) return undefined;
  const [, name, argument] = match;
  if (Object.hasOwn(chatCommands, name)) return chatCommands[name].run(conversation, argument.trim());
  return `There is no command ${name}. /help lists the commands.\n`;
}

function help(): string {
  const rows = Object.values(chatCommands).map(({ usage, description }) => [usage, description]);
  return `${table(rows)}A backslash at the end of a line continues it. Ctrl-C ends an answer.\n`;
}

function reset(conversation: Conversation): string {
  conversation.turns.length = 0;
  return "A new conversation.\n";
}

function undo({ turns }: Conversation): string {
  return turns.pop() === undefined ? "There is nothing to forget.\n" : "Forgot the last question and its answer.\n";
}

function setSystem(conversation: Conversation, argument: string): string {
  conversation.system = argument === "" ? undefined : argument;
  return argument === "" ? "No system message.\n" : "The system message is set.\n";
}

function stats(conversation: Conversation): string {
  conversation.showsStats = !conversation.showsStats;
  return conversation.showsStats ? "Speed is shown.\n" : "Speed is not shown.\n";
}
