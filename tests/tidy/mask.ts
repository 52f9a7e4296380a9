// Blanks comments and the insides of strings and regular expressions, keeping every offset and line: the little of a
// parser that line-by-line rules need, for TypeScript, C and Zig.

type Language = "script" | "c" | "zig";

// After one of these a "/" begins a regular expression and not a division.
const BEFORE_REGEXP = /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|of|in|await|yield))$/;

/** `text` with the same length and line breaks; what is not code is spaces, quotes stay. */
export function maskCode(text: string, language: Language): string {
  let out = "";
  let at = 0;
  const braces: boolean[] = []; // For each open "{": whether its "}" continues a template string.
  while (at < text.length) {
    const end = endOfNonCode(text, at, language, out);
    if (end > at) {
      out += blank(text.slice(at, end));
      at = end;
      continue;
    }
    const char = text[at++];
    out += char;
    const resumes = char === "}" && braces.pop() === true;
    if (char === "{") braces.push(false);
    if (language !== "script" || !(char === "`" || resumes)) continue;
    const stop = endOfTemplate(text, at);
    out += blank(text.slice(at, stop)) + text.slice(stop, stop + (text[stop] === "$" ? 2 : 1));
    if (text[stop] === "$") braces.push(true);
    at = stop + (text[stop] === "$" ? 2 : 1);
  }
  return out;
}

/** Where the comment, string or regular expression that starts at `at` ends, or `at` when none does. */
function endOfNonCode(text: string, at: number, language: Language, before: string): number {
  const two = text.slice(at, at + 2);
  if (two === "//" || (language === "zig" && two === "\\\\")) return endOfLine(text, at);
  if (two === "/*" && language !== "zig") {
    const end = text.indexOf("*/", at + 2);
    return end < 0 ? text.length : end + 2;
  }
  const char = text[at];
  if (char === '"' || char === "'") return endOfQuoted(text, at, char);
  if (char !== "/" || language !== "script" || !BEFORE_REGEXP.test(before.trimEnd())) return at;
  return endOfRegExp(text, at);
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

function endOfQuoted(text: string, at: number, quote: string): number {
  for (let end = at + 1; end < text.length && text[end] !== "\n"; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === quote) return end + 1;
  }
  return at; // An apostrophe that closes nothing.
}

function endOfRegExp(text: string, at: number): number {
  let inClass = false;
  for (let end = at + 1; end < text.length && text[end] !== "\n"; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === "[") inClass = true;
    else if (text[end] === "]") inClass = false;
    else if (text[end] === "/" && !inClass) return end + 1;
  }
  return at;
}

/** The next "`" or "${" of a template string. */
function endOfTemplate(text: string, at: number): number {
  for (let end = at; end < text.length; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === "`" || (text[end] === "$" && text[end + 1] === "{")) return end;
  }
  return text.length;
}

function blank(text: string): string {
  const quoted = text.length > 1 && (text[0] === '"' || text[0] === "'");
  const spaces = text.replace(/[^\n]/g, " ");
  return quoted ? text[0] + spaces.slice(1, -1) + text[0] : spaces;
}
