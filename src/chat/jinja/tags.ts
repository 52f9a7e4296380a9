/**
 * Cuts the source of a template into text, expressions and statements, with the rules of Jinja for the white space
 * around them as transformers sets them (trim_blocks and lstrip_blocks). What is in the tags is parse.ts's concern.
 */

import { ChatTemplateError } from "../../errors.ts";
import { SPACE_CLASS, SPACES } from "./white_space.ts";

/** A stretch of the source. */
export interface Tag {
  readonly kind: "text" | "expression" | "statement";
  /** The text to print, or what is between the delimiters. */
  readonly source: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

/** The longest tag, in characters. The package that parses it does so in one go, in about 1 us per character. */
const MAX_TAG_LENGTH = 16 * 1024;

/** The longest run of white space in a tag: the package searches each run in quadratic time. */
const MAX_BLANK_RUN = 256;

const OPENING = /\{[{%#]/g;
const CLOSING = { "{{": "}}", "{%": "%}", "{#": "#}" } as const;
const BRACKETS: Readonly<Record<string, number>> = { "(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1 };

/** A cursor over the source. */
interface Cursor {
  readonly source: string;
  position: number;
  line: number;
  /** Whether the text at the position is at the beginning of a line, the line end before it being gone or not. */
  isLineStart: boolean;
  /** Whether the tag before takes all white space behind it. */
  isTrimming: boolean;
}

/**
 * The stretches of a template. Comments are left out.
 *
 * @throws {ChatTemplateError} When a tag has no end, or is too long
 */
export function* cutTags(source: string): Generator<Tag> {
  // Jinja counts all line ends as one kind, and drops the last one.
  const cursor: Cursor = {
    source: source.replaceAll(/\r\n?/g, "\n").replace(/\n$/, ""),
    position: 0,
    line: 1,
    isLineStart: true,
    isTrimming: false,
  };
  while (cursor.position < cursor.source.length) {
    OPENING.lastIndex = cursor.position;
    const start = OPENING.exec(cursor.source)?.index ?? cursor.source.length;
    yield* text(cursor, start);
    if (start < cursor.source.length) yield* tag(cursor);
  }
}

/** The text up to a tag or the end. */
function* text(cursor: Cursor, end: number): Generator<Tag> {
  const { source, line } = cursor;
  let value = source.slice(cursor.position, end);
  const opening = source.slice(end, end + 2);
  const sign = source[end + 2];
  if (cursor.isTrimming) value = trimStart(value);
  if (sign === "-" && opening !== "") value = trimEnd(value);
  else if (sign !== "+" && (opening === "{%" || opening === "{#")) {
    // lstrip_blocks: blanks between the beginning of the line and the tag go.
    const lineStart = value.lastIndexOf("\n") + 1;
    const isAtLineStart = lineStart > 0 || cursor.isLineStart;
    if (isAtLineStart && trimStart(value.slice(lineStart)) === "") value = value.slice(0, lineStart);
  }
  advance(cursor, end);
  if (value !== "") yield { kind: "text", source: value, line };
}

function* tag(cursor: Cursor): Generator<Tag> {
  const { source, position: start, line } = cursor;
  const opening = source.slice(start, start + 2) as keyof typeof CLOSING;
  const end = opening === "{#"
    ? source.indexOf("#}", start + 2)
    : findEnd(source, { start, closing: CLOSING[opening] });
  if (end === -1) {
    throw new ChatTemplateError(`The chat template cannot be parsed: line ${line}: ${opening} has no end`);
  }
  const inner = stripSigns(source.slice(start + 2, end));
  const isRaw = opening === "{%" && /^\s*raw\s*$/.test(inner);
  // The line end behind {% raw %} stays, as in Jinja.
  endTag(cursor, { end, takesLineEnd: opening !== "{{" && !isRaw });
  if (opening === "{#") return;
  if (isRaw) return yield* raw(cursor, line);
  checkSize(inner, line);
  yield { kind: opening === "{{" ? "expression" : "statement", source: inner, line };
}

/** Goes behind a tag, and behind what it takes of the text after it. */
function endTag(cursor: Cursor, { end, takesLineEnd }: { end: number; takesLineEnd: boolean }): void {
  const { source } = cursor;
  const sign = source[end - 1];
  let next = end + 2;
  cursor.isTrimming = sign === "-";
  // trim_blocks: the first line end behind a statement or a comment goes.
  const isTaken = takesLineEnd && sign !== "+" && sign !== "-" && source[next] === "\n";
  if (isTaken) next++;
  advance(cursor, next);
  cursor.isLineStart = isTaken;
}

/** `{% raw %}...{% endraw %}`: everything between is text. */
function* raw(cursor: Cursor, line: number): Generator<Tag> {
  const ending = /\{%([-+]?)\s*endraw\s*[-+]?%\}/g;
  ending.lastIndex = cursor.position;
  const match = ending.exec(cursor.source);
  if (match === null) {
    throw new ChatTemplateError(`The chat template cannot be parsed: line ${line}: raw has no endraw`);
  }
  yield* text(cursor, match.index);
  endTag(cursor, { end: match.index + match[0].length - 2, takesLineEnd: true });
}

/** Where a tag ends: at its closing delimiter outside of strings and brackets. */
function findEnd(source: string, { start, closing }: { start: number; closing: string }): number {
  let depth = 0;
  for (let i = start + 2; i < source.length; i++) {
    const c = source[i];
    if (depth <= 0 && c === closing[0] && source[i + 1] === "}") return i;
    if (c === '"' || c === "'") {
      for (i++; i < source.length && source[i] !== c; i++) if (source[i] === "\\") i++;
    } else depth += BRACKETS[c] ?? 0;
  }
  return -1;
}

/** Takes the signs for white space off the ends of a tag. */
function stripSigns(inner: string): string {
  const start = inner[0] === "-" || inner[0] === "+" ? 1 : 0;
  const end = inner.length > start && (inner.endsWith("-") || inner.endsWith("+")) ? inner.length - 1 : inner.length;
  return inner.slice(start, end);
}

function checkSize(inner: string, line: number): void {
  const problem = inner.length > MAX_TAG_LENGTH
    ? `a tag has ${inner.length} characters; up to ${MAX_TAG_LENGTH} are supported`
    : hasLongBlankRun(inner)
    ? `a tag has more than ${MAX_BLANK_RUN} blank characters in a row`
    : undefined;
  if (problem !== undefined) {
    throw new ChatTemplateError(`The chat template cannot be parsed: line ${line}: ${problem}`);
  }
}

function hasLongBlankRun(inner: string): boolean {
  for (let i = 0, run = 0; i < inner.length; i++) {
    run = /\s/.test(inner[i]) ? run + 1 : 0;
    if (run > MAX_BLANK_RUN) return true;
  }
  return false;
}

/** Moves the cursor, counting lines. Whoever calls decides what the text there follows. */
function advance(cursor: Cursor, position: number): void {
  for (let i = cursor.source.indexOf("\n", cursor.position); i !== -1 && i < position;) {
    cursor.line++;
    i = cursor.source.indexOf("\n", i + 1);
  }
  cursor.position = position;
}

const LEADING_SPACE = new RegExp(`^[${SPACE_CLASS}]+`);

function trimStart(value: string): string {
  return value.replace(LEADING_SPACE, "");
}

/** Not by a pattern with $ at its end: engines try it at every blank, in quadratic time. */
function trimEnd(value: string): string {
  let end = value.length;
  while (end > 0 && SPACES.has(value[end - 1])) end--;
  return value.slice(0, end);
}
