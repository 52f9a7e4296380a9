/**
 * From the source of a template to its syntax tree. The contents of tags are tokenized and parsed by
 * @huggingface/jinja, one tag at a time; which blocks they make is found out here, so that parsing can be sliced,
 * cannot overflow the stack, and has line numbers for its errors.
 *
 * The package's own interpreter is not used: it has no limits, does not tell text of the template from text of users,
 * and parts from Jinja in ways that change what models see. (`strip` ignores its argument, `{{ true }}` prints
 * "true", loop variables leak into the next round: of 550 renderings of 55 templates in use, 94 were different or
 * failed.)
 */

import { parse, tokenize } from "@huggingface/jinja";
import { ChatTemplateError } from "../../errors.ts";
import type { Block, CallBlock, For, Macro, Node, SetNode } from "./syntax.ts";
import { cutTags } from "./tags.ts";
import type { Tag } from "./tags.ts";

/**
 * The longest source, in characters: fifteen times the longest template known. A tree takes some 100 bytes for each.
 */
const MAX_SOURCE_LENGTH = 256 * 1024;

/** A block whose end has not come yet. */
interface OpenBlock {
  readonly keyword: string;
  readonly line: number;
  /** Where the next nodes go. */
  body: Node[];
  /** The rest of the block after `else`, or the nodes after the next `elif`; undefined where no such tag may follow. */
  alternate: Node[] | undefined;
}

/**
 * Parses a template, in steps of one tag.
 *
 * @throws {ChatTemplateError} When it is no template, or too large; with the line
 */
export function* parseTemplate(source: string): Generator<void, Block> {
  if (source.length > MAX_SOURCE_LENGTH) {
    const problem = `it has ${source.length} characters; up to ${MAX_SOURCE_LENGTH} are supported`;
    throw new ChatTemplateError(`The chat template cannot be parsed: ${problem}`);
  }
  const root: Node[] = [];
  const open: OpenBlock[] = [{ keyword: "", line: 1, body: root, alternate: undefined }];
  for (const tag of cutTags(source)) {
    const current = open[open.length - 1];
    if (tag.kind === "text") current.body.push({ type: "StringLiteral", value: tag.source });
    else if (tag.kind === "expression") current.body.push(parseExpression(tag.source, tag));
    else addStatement(open, tag);
    yield;
  }
  const { keyword, line } = open[open.length - 1];
  if (open.length > 1) throw failure(line, `${keyword} has no end${keyword}`);
  return root;
}

function addStatement(open: OpenBlock[], tag: Tag): void {
  const current = open[open.length - 1];
  const [, keyword = "", rest] = /^\s*(\w*)([^]*)$/.exec(tag.source) as RegExpExecArray;
  const begin = (node: Node, block: Omit<OpenBlock, "keyword" | "line">) => {
    current.body.push(node);
    open.push({ keyword, line: tag.line, ...block });
  };
  switch (keyword) {
    case "if":
      return beginIf(rest, { tag, begin });
    case "elif":
      return continueIf(rest, { tag, current });
    case "else":
      if (current.alternate === undefined) throw failure(tag.line, "else belongs to no if or for");
      current.body = current.alternate;
      current.alternate = undefined;
      return;
    case "break":
    case "continue":
      if (!open.some((block) => block.keyword === "for")) throw failure(tag.line, `${keyword} is outside of a loop`);
      current.body.push({ type: keyword === "break" ? "Break" : "Continue" });
      return;
    case "generation": // marks what the assistant wrote, for training
    case "endgeneration":
      return;
    case "for":
    case "macro":
    case "call":
    case "filter":
    case "set":
      return beginOther(keyword, { tag, begin, add: (node) => current.body.push(node) });
  }
  if (open.length > 1 && keyword === `end${current.keyword}`) open.pop();
  else throw failure(tag.line, unexpected(keyword, open));
}

type Begin = (node: Node, block: Omit<OpenBlock, "keyword" | "line">) => void;

function beginIf(condition: string, { tag, begin }: { tag: Tag; begin: Begin }): void {
  const body: Node[] = [];
  const alternate: Node[] = [];
  begin({ type: "If", test: parseExpression(condition, tag), body, alternate }, { body, alternate });
}

function continueIf(condition: string, { tag, current }: { tag: Tag; current: OpenBlock }): void {
  if (current.keyword !== "if" || current.alternate === undefined) throw failure(tag.line, "elif belongs to no if");
  const body: Node[] = [];
  const alternate: Node[] = [];
  current.alternate.push({ type: "If", test: parseExpression(condition, tag), body, alternate });
  current.body = body;
  current.alternate = alternate;
}

/** The blocks with a head of their own, which the package parses together with an empty body. */
function beginOther(
  keyword: string,
  { tag, begin, add }: { tag: Tag; begin: Begin; add: (node: Node) => void },
): void {
  if (keyword === "set" && /^\s*set\s[^=!<>"']*=(?!=)/.test(tag.source)) {
    return add(parseTag(`{% ${tag.source} %}`, tag));
  }
  const head = parseTag(`{% ${tag.source} %}{% end${keyword} %}`, tag) as For | Macro | CallBlock | SetNode;
  const body: Node[] = [];
  const alternate = keyword === "for" ? [] : undefined;
  begin(alternate === undefined ? { ...head, body } : { ...head as For, body, defaultBlock: alternate }, {
    body,
    alternate,
  });
}

function parseExpression(source: string, tag: Tag): Node {
  return parseTag(`{{ ${source} }}`, tag);
}

/** What the package makes of one tag. */
function parseTag(source: string, { line }: Tag): Node {
  let body: readonly unknown[];
  try {
    ({ body } = parse(tokenize(source)));
  } catch (error) {
    throw failure(line, reason(error), error);
  }
  if (body.length !== 1) throw failure(line, "the tag is not complete");
  return body[0] as Node;
}

/** The package's message; where it reads beyond the end or overflows the stack, what that means. */
function reason(error: unknown): string {
  if (error instanceof TypeError) return "the tag is not complete";
  if (error instanceof RangeError) return "the expression is nested too deeply";
  return error instanceof Error ? error.message.replace(/^Parser Error: /, "") : String(error);
}

function unexpected(keyword: string, open: readonly OpenBlock[]): string {
  const current = open[open.length - 1];
  const known = "if, for, set, macro, call, filter, break, continue, raw and generation";
  if (!keyword.startsWith("end")) return `The statement "${keyword}" is not supported; supported are ${known}`;
  if (open.length === 1) return `${keyword} ends nothing`;
  return `Expected end${current.keyword} for the ${current.keyword} in line ${current.line} but found ${keyword}`;
}

function failure(line: number, problem: string, cause?: unknown): ChatTemplateError {
  const options = cause === undefined ? undefined : { cause };
  return new ChatTemplateError(`The chat template cannot be parsed: line ${line}: ${problem}`, options);
}
