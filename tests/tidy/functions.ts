// Where functions begin and end, found from braces in masked code: enough for formatted TypeScript, C and Zig.
import { languageOf, type SourceFile } from "./source_file.ts";

export interface FunctionSpan {
  /** Of the line with the opening brace, from 1. */
  line: number;
  lines: number;
  /** The code of that line. */
  opening: string;
}

const METHOD = /^(?:(?:static|async|override|get|set)\s+|\*)*(#?\w+|\[[^\]]+\])\s*(?:<[^]*>)?\(/;
const NO_METHOD = /^(?:if|for|while|switch|catch|with|return|else|do|await)$/;

/** Every function body with braces in a file, nested ones too. */
export function functionsOf(file: SourceFile): FunctionSpan[] {
  // Macro definitions may hold unbalanced braces.
  const code = languageOf(file.path) === "c" ? file.code.replace(/^#(?:.*\\\n)*.*$/gm, blank) : file.code;
  const open: number[] = [];
  const spans: FunctionSpan[] = [];
  for (let at = 0; at < code.length; at++) {
    if (code[at] === "{") open.push(at);
    if (code[at] !== "}") continue;
    const start = open.pop();
    if (start === undefined) continue;
    const header = headerBefore(code, start);
    if (!isFunction(header, languageOf(file.path), open.length)) continue;
    const before = code.slice(0, start).split("\n");
    spans.push({ line: before.length, lines: code.slice(start, at).split("\n").length, opening: before.at(-1) ?? "" });
  }
  return spans;
}

/** The text that leads to a brace: back to the end of the previous statement or argument, over balanced brackets. */
function headerBefore(code: string, brace: number): string {
  let depth = 0;
  let angles = 0; // Only a comma cares, so a "greater than" does little harm.
  let at = brace - 1;
  for (; at >= 0; at--) {
    const char = code[at];
    if (char === ")" || char === "]") depth++;
    else if (depth > 0 && (char === "(" || char === "[")) depth--;
    else if (depth > 0) continue;
    else if (char === ">" && code[at - 1] !== "=") angles++;
    else if (char === "<" && angles > 0) angles--;
    else if (/[;{}(]/.test(char) || (char === "," && angles === 0)) break;
  }
  // "): { a: number } {" is a function whose result type ends in a brace.
  return code[at] === "}" && code.slice(at + 1, brace).trim() === "" ? "function" : code.slice(at + 1, brace);
}

function isFunction(header: string, language: string, depth: number): boolean {
  const text = header.trim();
  if (language === "zig") return /\bfn\b[^]*\)/.test(text) || /\btest\b/.test(text);
  if (language === "c") return depth === 0 && text.endsWith(")");
  if (/\bfunction\b/.test(text) || /=>$/.test(text)) return true;
  const method = METHOD.exec(text);
  return method !== null && !NO_METHOD.test(method[1]);
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
