/**
 * Which tokens have a role: start and end of text, end of turn, filling in the middle. From the keys of the file, and,
 * as llama.cpp does, from well-known texts where the file has no key. Corrects the types of such tokens in the
 * vocabulary.
 */

import type { Metadata } from "../gguf/metadata.ts";
import type { NamedTokens } from "./tokenizer.ts";
import { textOf, tokenWithText, typeNumbers, type Vocabulary } from "./vocabulary.ts";

/** How a role is found. */
interface Role {
  /** The keys that may name the token, the preferred one first. All are checked, also those that are not used. */
  readonly keys: readonly string[];
  /** The texts that have this role where the file names no token, most specific first. */
  readonly texts?: readonly string[];
}

/**
 * Texts that end a turn and are nothing else: a token of any type with such a text is a control token, because
 * conversions are known to get the types wrong and a user must not be able to type one.
 */
const endingTexts = [
  "<|eot_id|>",
  "<|im_end|>",
  "<|end|>",
  "<end_of_turn>",
  "<|endoftext|>",
  "<|end_of_text|>",
  "<|eom_id|>",
  "<|return|>",
  "<|call|>",
  "<|calls|>",
  "<|flush|>",
  "<end_of_utterance>",
  "<turn|>",
  "<|tool_response>",
  "<\uff5cend\u2581of\u2581sentence\uff5c>",
];

/** Texts that end a turn in some models and are text in others ("</s>" ends struck-out text in HTML). */
const ambiguousEndingTexts = ["</s>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<eos>", "[e~["];

const roles: Readonly<Record<keyof NamedTokens, Role>> = {
  bosToken: { keys: ["bos_token_id"] },
  eosToken: { keys: ["eos_token_id"] },
  eotToken: {
    keys: ["eot_token_id"],
    texts: [
      "<|eot_id|>",
      "<|im_end|>",
      "<|end|>",
      "<end_of_turn>",
      "<|endoftext|>",
      "<|end_of_text|>",
      "<EOT>",
      "_<EOT>",
      "[EOT]",
      "<\uff5cend\u2581of\u2581sentence\uff5c>",
      "<end_of_utterance>",
    ],
  },
  eomToken: { keys: ["eom_token_id"], texts: ["<|eom_id|>"] },
  unknownToken: { keys: ["unknown_token_id"] },
  // The specification has this spelling.
  separatorToken: { keys: ["seperator_token_id"] },
  paddingToken: { keys: ["padding_token_id"] },
  maskToken: { keys: ["mask_token_id"] },
  fimPrefixToken: {
    keys: ["fim_pre_token_id", "prefix_token_id"],
    texts: [
      "<|fim_prefix|>",
      "<fim-prefix>",
      "<fim_prefix>",
      "<\uff5cfim\u2581begin\uff5c>",
      "<PRE>",
      "\u2581<PRE>",
      "<|code_prefix|>",
      "<|prefix|>",
    ],
  },
  fimSuffixToken: {
    keys: ["fim_suf_token_id", "suffix_token_id"],
    texts: [
      "<|fim_suffix|>",
      "<fim-suffix>",
      "<fim_suffix>",
      "<\uff5cfim\u2581hole\uff5c>",
      "<SUF>",
      "\u2581<SUF>",
      "<|code_suffix|>",
      "<|suffix|>",
    ],
  },
  fimMiddleToken: {
    keys: ["fim_mid_token_id", "middle_token_id"],
    texts: [
      "<|fim_middle|>",
      "<fim-middle>",
      "<fim_middle>",
      "<\uff5cfim\u2581end\uff5c>",
      "<MID>",
      "\u2581<MID>",
      "<|code_middle|>",
      "<|middle|>",
    ],
  },
  fimPaddingToken: { keys: ["fim_pad_token_id"], texts: ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"] },
  fimRepositoryToken: {
    keys: ["fim_rep_token_id"],
    texts: ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"],
  },
  fimSeparatorToken: { keys: ["fim_sep_token_id"], texts: ["<|file_sep|>"] },
};

/** What a tokenizer model says about its tokens where the file does not. */
export interface SpecialTokenDefaults {
  /** The ids of roles, ignored where they are beyond the vocabulary. */
  readonly ids: Readonly<Partial<Record<keyof NamedTokens, number>>>;
  readonly addBos: boolean;
  readonly addEos: boolean;
}

/** The tokens that have a role. */
export interface SpecialTokens {
  readonly named: NamedTokens;
  readonly addBos: boolean;
  readonly addEos: boolean;
  readonly endOfGeneration: ReadonlySet<number>;
  /** Special tokens that swallow the whitespace behind them. */
  readonly stripsRight: ReadonlySet<number>;
}

/**
 * Finds the tokens that have a role.
 *
 * @throws {GgufError} When an id is not in the vocabulary, or the file wants a token added that it does not name.
 */
export function readSpecialTokens(
  metadata: Metadata,
  options: { vocabulary: Vocabulary; defaults: SpecialTokenDefaults },
): SpecialTokens {
  const { vocabulary, defaults } = options;
  const named = Object.fromEntries(
    Object.entries(roles).map(([name, role]) => [name, findRole(metadata, { vocabulary, name, role, defaults })]),
  ) as Record<keyof NamedTokens, number | undefined>;
  if (!vocabulary.hasTypes) inferTypes(vocabulary, named);
  return {
    named,
    addBos: readAdd(metadata, { key: "add_bos_token", wanted: defaults.addBos, token: named.bosToken }),
    addEos: readAdd(metadata, { key: "add_eos_token", wanted: defaults.addEos, token: named.eosToken }),
    endOfGeneration: findEndings(vocabulary, named),
    stripsRight: findStrippers(metadata, vocabulary),
  };
}

/**
 * The token for text that has none. Not where the file gives that role to a token that begins or ends texts, as many
 * files of byte-level BPE do: no text may make one of those.
 *
 * @returns -1 when there is none.
 */
export function unknownFallback(special: SpecialTokens): number {
  const { unknownToken, bosToken } = special.named;
  if (unknownToken === undefined || unknownToken === bosToken) return -1;
  return special.endOfGeneration.has(unknownToken) ? -1 : unknownToken;
}

function findRole(
  metadata: Metadata,
  options: { vocabulary: Vocabulary; name: string; role: Role; defaults: SpecialTokenDefaults },
): number | undefined {
  const { vocabulary, name, role, defaults } = options;
  const max = vocabulary.size - 1;
  const ids = role.keys.map((key) => metadata.getUint(`tokenizer.ggml.${key}`, { default: undefined, max }));
  const named = ids.find((id) => id !== undefined);
  if (named !== undefined) return named;
  const usual = defaults.ids[name as keyof NamedTokens];
  if (usual !== undefined) return usual <= max ? usual : undefined;
  for (const text of role.texts ?? []) {
    const token = tokenWithText(vocabulary, text);
    if (token === undefined || !isSpecial(vocabulary, token, text)) continue;
    markControl(vocabulary, token);
    return token;
  }
  return undefined;
}

/** Whether a token with a well-known text is what the text says, rather than a piece of ordinary text. */
function isSpecial(vocabulary: Vocabulary, token: number, text: string): boolean {
  const type = vocabulary.types[token];
  const added = type === typeNumbers.control || type === typeNumbers.userDefined;
  return added || !vocabulary.hasTypes || endingTexts.includes(text);
}

function markControl(vocabulary: Vocabulary, token: number): void {
  vocabulary.types[token] = typeNumbers.control;
}

/** A file without types still says by its keys what is not text. */
function inferTypes(vocabulary: Vocabulary, named: NamedTokens): void {
  for (const token of [named.bosToken, named.eosToken]) if (token !== undefined) markControl(vocabulary, token);
  if (named.unknownToken !== undefined && vocabulary.types[named.unknownToken] === typeNumbers.normal) {
    vocabulary.types[named.unknownToken] = typeNumbers.unknown;
  }
}

function readAdd(
  metadata: Metadata,
  options: { key: string; wanted: boolean; token: number | undefined },
): boolean {
  const key = `tokenizer.ggml.${options.key}`;
  const said = metadata.getBoolean(key, { default: undefined });
  if (said === true && options.token === undefined) {
    throw metadata.errorAt(key, "Expected the file to name the token it wants added but found none");
  }
  return said ?? (options.wanted && options.token !== undefined);
}

function findEndings(vocabulary: Vocabulary, named: NamedTokens): ReadonlySet<number> {
  const endings = new Set<number>();
  for (const text of [...endingTexts, ...ambiguousEndingTexts]) {
    const token = tokenWithText(vocabulary, text);
    if (token === undefined || !isSpecial(vocabulary, token, text)) continue;
    markControl(vocabulary, token);
    endings.add(token);
  }
  const { eosToken, eotToken, eomToken, fimPaddingToken, fimRepositoryToken, fimSeparatorToken } = named;
  for (const token of [eosToken, eotToken, eomToken, fimPaddingToken, fimRepositoryToken, fimSeparatorToken]) {
    if (token !== undefined) endings.add(token);
  }
  const texts = new Map([...endings].map((token) => [textOf(vocabulary, token), token]));
  // Where a turn ends with <|return|> or a call, <|end|> ends a message within it (gpt-oss, Solar).
  const calls = texts.has("<|call|>") || texts.has("<|calls|>");
  if (calls && (texts.has("<|return|>") || texts.has("<|flush|>"))) endings.delete(texts.get("<|end|>") ?? -1);
  // Gemma 4 has "</s>" as HTML.
  if (texts.has("<|tool_response>") && eosToken !== texts.get("</s>")) endings.delete(texts.get("</s>") ?? -1);
  return endings;
}

/**
 * In Phi-3 the added tokens swallow the whitespace behind them, which GGUF files do not say except by the model's name.
 */
function findStrippers(metadata: Metadata, vocabulary: Vocabulary): ReadonlySet<number> {
  const strippers = new Set<number>();
  const name = metadata.getString("general.name", { default: "" }).toLowerCase();
  if (!name.includes("phi-3") && !name.includes("phi3")) return strippers;
  for (let token = 0; token < vocabulary.size; token++) {
    if (isMatchedWhole(vocabulary.types[token])) strippers.add(token);
  }
  for (const text of ["<unk>", "<s>", "<|endoftext|>"]) strippers.delete(tokenWithText(vocabulary, text) ?? -1);
  return strippers;
}

/** Whether tokens of this type are found in text before anything else, where that is asked for. */
export function isMatchedWhole(type: number): boolean {
  return type === typeNumbers.control || type === typeNumbers.userDefined || type === typeNumbers.unknown;
}
