/**
 * How byte-level BPE cuts text into words before merging: `tokenizer.ggml.pre` names a list of patterns. Each pattern
 * cuts the pieces the one before it made; what it matches and what lies between its matches are the new pieces. The
 * patterns are those of the models' tokenizer.json; which name has which is what llama.cpp's `llama_vocab::impl::load`
 * says.
 */

import { IntList } from "./int_list.ts";
import { compilePattern, matchAt, type Pattern, unitsAt } from "./pattern.ts";
import { prepareKindTable } from "./unicode.ts";

/** What a name in `tokenizer.ggml.pre` stands for. */
export interface PreTokenizer {
  /** The patterns, in the order they are applied. */
  readonly patterns: readonly string[];
  /** Whether a word that is a token stays whole even where the merges lead elsewhere. Default: false. */
  readonly ignoreMerges?: boolean;
  /** Whether prompts begin with the start token when the file does not say. Default: false. */
  readonly addBos?: boolean;
}

const contractions = String.raw`'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]`;
const spaces = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const lettersAndSigns = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}`;
const ending = String.raw`| ?[^\s\p{L}\p{N}]+[\r\n]*|${spaces}`;

const gpt2 = [String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`];
const starcoder = [String.raw`\p{N}`, ...gpt2];
const llama3 = [`${contractions}|${lettersAndSigns}{1,3}${ending}`];
const qwen2 = [`${contractions}|${lettersAndSigns}${ending}`];
const qwen35 = [
  String.raw`${contractions}|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|${spaces}`,
];
const seedCoder = [String.raw`${contractions}|${lettersAndSigns}| ?[^\s\p{L}\p{N}\r\n]+|${spaces}`];
const bailingmoe = [String.raw`${contractions}|${lettersAndSigns}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`];
const falcon = ["[\\p{P}\\$\\+<=>\\^~\\|`]+", ...gpt2, "[0-9][0-9][0-9]"];
const unnamed = [String.raw`[\p{P}\$\+<=>\^~\|]+`, ...gpt2, String.raw`\p{N}+`, "[0-9][0-9][0-9]"];
const bloom = [String.raw` ?[^(\s|.,!?` + "\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"];
const viking = [...bloom, String.raw`\p{N}`];

/** A word that begins with capitals and goes on small, or is all capitals; letters without case count as both. */
function casedWords(suffix: string): string {
  const capital = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
  const small = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
  const sign = String.raw`[^\r\n\p{L}\p{N}]?`;
  return `${sign}${capital}*${small}+${suffix}|${sign}${capital}+${small}*${suffix}`;
}
const tekken = [String.raw`${casedWords("")}|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${spaces}`];
const gpt4o = [String.raw`${casedWords(`(?:${contractions})?`)}|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${spaces}`];

/** The letters with case of the DeepSeek patterns, as they list them. */
const casedLetters = "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af" +
  "\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481" +
  "\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b" +
  "\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d" +
  "\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec" +
  "\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d" +
  "\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3" +
  "\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17" +
  "\uff21-\uff3a\uff41-\uff5a\u{10400}-\u{1044f}\u{104b0}-\u{104d3}\u{104d8}-\u{104fb}\u{10c80}-\u{10cb2}" +
  "\u{10cc0}-\u{10cf2}\u{118a0}-\u{118df}\u{1e900}-\u{1e943}";
const deepseekIdeographs = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";
const deepseekLlm = [
  String.raw`[\r\n]`,
  String.raw`\s?[${casedLetters}]+`,
  String.raw`\s?[!-/:-~` + "\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
  // Published as `\s+$`. Looking behind changes no match, but keeps a run of n spaces in the middle from costing n^2.
  String.raw`(?<!\s)\s+$`,
  deepseekIdeographs,
  String.raw`\p{N}+`,
];
const deepseekCoder = [
  String.raw`[\r\n]`,
  String.raw`\s?\p{L}+`,
  String.raw`\s?\p{P}+`,
  deepseekIdeographs,
  String.raw`\p{N}`,
];
const deepseekV3 = [
  String.raw`\p{N}{1,3}`,
  "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+" +
  String.raw`|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|${spaces}`,
];

/** Every name we know. Adding one is a line here, and its name in the test of the patterns. */
export const preTokenizers: Readonly<Record<string, PreTokenizer>> = {
  "default": { patterns: unnamed },
  "llama-bpe": { patterns: llama3, ignoreMerges: true, addBos: true },
  "llama3": { patterns: llama3, ignoreMerges: true, addBos: true },
  "llama-v3": { patterns: llama3, ignoreMerges: true, addBos: true },
  "falcon3": { patterns: llama3, ignoreMerges: true, addBos: true },
  "falcon-h1": { patterns: llama3, ignoreMerges: true, addBos: true },
  "pixtral": { patterns: llama3, ignoreMerges: true, addBos: true },
  "midm-2.0": { patterns: llama3, ignoreMerges: true, addBos: true },
  "lfm2": { patterns: llama3, ignoreMerges: true, addBos: true },
  "dbrx": { patterns: llama3 },
  "smaug-bpe": { patterns: llama3 },
  "chatglm-bpe": { patterns: llama3 },
  "glm4": { patterns: llama3 },
  "qwen2": { patterns: qwen2 },
  "deepseek-r1-qwen": { patterns: qwen2 },
  "kormo": { patterns: qwen2 },
  "megrez": { patterns: qwen2 },
  "stablelm2": { patterns: qwen2 },
  "hunyuan": { patterns: qwen2 },
  "solar-open": { patterns: qwen2 },
  "grok-2": { patterns: qwen2 },
  "qwen35": { patterns: qwen35 },
  "seed-coder": { patterns: seedCoder },
  "bailingmoe": { patterns: bailingmoe },
  "bailingmoe2": { patterns: bailingmoe },
  "llada-moe": { patterns: bailingmoe },
  "gpt-2": { patterns: gpt2 },
  "phi-2": { patterns: gpt2 },
  "mpt": { patterns: gpt2 },
  "olmo": { patterns: gpt2 },
  "jais": { patterns: gpt2 },
  "trillion": { patterns: gpt2 },
  "granite-docling": { patterns: gpt2 },
  "exaone4": { patterns: gpt2 },
  "gigachat": { patterns: gpt2 },
  "a.x-4.0": { patterns: gpt2 },
  "mellum": { patterns: gpt2 },
  "modern-bert": { patterns: gpt2 },
  "roberta-bpe": { patterns: gpt2 },
  "starcoder": { patterns: starcoder },
  "refact": { patterns: starcoder },
  "command-r": { patterns: starcoder },
  "smollm": { patterns: starcoder },
  "codeshell": { patterns: starcoder },
  "exaone": { patterns: starcoder },
  "minerva-7b": { patterns: starcoder },
  "mellum2": { patterns: starcoder },
  "falcon": { patterns: falcon },
  "deepseek-llm": { patterns: deepseekLlm },
  "deepseek-coder": { patterns: deepseekCoder },
  "deepseek-v3": { patterns: deepseekV3 },
  "hunyuan-dense": { patterns: deepseekV3 },
  "joyai-llm": { patterns: deepseekV3 },
  "tekken": { patterns: tekken, ignoreMerges: true, addBos: true },
  "gpt-4o": { patterns: gpt4o },
  "llama4": { patterns: gpt4o },
  "kanana2": { patterns: gpt4o },
  "bloom": { patterns: bloom },
  "gpt3-finnish": { patterns: bloom },
  "poro-chat": { patterns: bloom },
  "viking": { patterns: viking },
};

/** What is used for a file that names no pre-tokenizer, as in llama.cpp. */
export const MISSING_NAME_FALLBACK = "default";

/** What is used for a name we do not know: the patterns most models since 2024 share or resemble. */
export const UNKNOWN_NAME_FALLBACK = "llama-bpe";

/** The pre-tokenizer of a name, and what the user should be told about it. */
export function findPreTokenizer(name: string | undefined): { preTokenizer: PreTokenizer; warning?: string } {
  if (name !== undefined && Object.hasOwn(preTokenizers, name)) return { preTokenizer: preTokenizers[name] };
  if (name === undefined) {
    const warning = `The file does not name its pre-tokenizer (tokenizer.ggml.pre): text is split as for ` +
      `"${MISSING_NAME_FALLBACK}", and if that is wrong the model answers worse than it could`;
    return { preTokenizer: preTokenizers[MISSING_NAME_FALLBACK], warning };
  }
  const warning = `Unknown pre-tokenizer ${JSON.stringify(name)} (tokenizer.ggml.pre): text is split as for ` +
    `"${UNKNOWN_NAME_FALLBACK}", and if that is wrong the model answers worse than it could`;
  // Only its patterns: the rest is about models that have this name.
  return { preTokenizer: { patterns: preTokenizers[UNKNOWN_NAME_FALLBACK].patterns }, warning };
}

/** The patterns of a pre-tokenizer, ready to be matched. */
export function* compilePatterns(preTokenizer: PreTokenizer): Generator<void, Pattern[]> {
  yield* prepareKindTable();
  const patterns: Pattern[] = [];
  for (const source of preTokenizer.patterns) {
    patterns.push(compilePattern(source));
    yield;
  }
  return patterns;
}

/** How many words are cut between two yields. */
const WORDS_PER_STEP = 1024;

/** Where the words of `text[start, end)` end. The text must be well-formed. */
export function* splitWords(
  patterns: readonly Pattern[],
  range: { text: string; start: number; end: number },
): Generator<void, IntList> {
  let ends = new IntList(1);
  if (range.end > range.start) ends.push(range.end);
  for (const pattern of patterns) {
    const pieces = ends;
    ends = new IntList(2 * pieces.length);
    for (let i = 0, start = range.start; i < pieces.length; i++) {
      const piece = { text: range.text, start, end: pieces.at(i) };
      yield* splitPiece(pattern, piece, ends);
      start = piece.end;
      if (i % WORDS_PER_STEP === WORDS_PER_STEP - 1) yield;
    }
  }
  return ends;
}

/** Adds the ends of the matches in a piece, and of what lies between them. */
function* splitPiece(
  pattern: Pattern,
  piece: { text: string; start: number; end: number },
  ends: IntList,
): Generator<void, void> {
  let wordStart = piece.start;
  let at = piece.start;
  let steps = 0;
  while (at < piece.end) {
    if (++steps % WORDS_PER_STEP === 0) yield;
    const matchEnd = matchAt(pattern, piece, at);
    if (matchEnd <= at) {
      at += unitsAt(piece.text, at);
      continue;
    }
    if (wordStart < at) ends.push(at);
    ends.push(matchEnd);
    wordStart = at = matchEnd;
  }
  if (wordStart < piece.end) ends.push(piece.end);
}
