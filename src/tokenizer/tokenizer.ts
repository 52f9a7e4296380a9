/**
 * What a tokenizer is to the rest of the program. How one is made from a file is in mod.ts, how the models work in
 * spm.ts and bpe.ts.
 */

/**
 * What a token is, by `tokenizer.ggml.token_type`.
 *
 * - `normal`: text. `byte`: one byte, for text that has no other token.
 * - `control`: structure (start of text, end of turn); has no text of its own and never arises from text unless asked
 * for.
 * - `user-defined`: text that is always one token, found before everything else.
 * - `unknown`: stands for text without a token. `unused` and `undefined`: nothing, and never arises.
 */
export type TokenType = "undefined" | "normal" | "unknown" | "control" | "user-defined" | "unused" | "byte";

/** Options of {@linkcode Tokenizer.encode}. */
export interface EncodeOptions {
  /**
   * Whether the texts of control tokens in `text` become these tokens. Only for text that is trusted. Default: false.
   */
  special?: boolean;
  /** Whether `bosToken` is put in front. The file's word is {@linkcode Tokenizer.addBos}. Default: false. */
  addBos?: boolean;
  /** Whether `eosToken` is put behind. The file's word is {@linkcode Tokenizer.addEos}. Default: false. */
  addEos?: boolean;
}

/** Options of {@linkcode Tokenizer.decode} and {@linkcode Tokenizer.tokenBytes}. */
export interface DecodeOptions {
  /** Whether control and unknown tokens are written as their texts instead of nothing. Default: false. */
  special?: boolean;
}

/** The tokens a file names for a purpose; `undefined` where there is none. */
export interface NamedTokens {
  /** Start of text. */
  readonly bosToken: number | undefined;
  /** End of text. */
  readonly eosToken: number | undefined;
  /** End of turn. */
  readonly eotToken: number | undefined;
  /** End of message (the turn goes on after a tool was called). */
  readonly eomToken: number | undefined;
  /** Stands for text that no token covers. */
  readonly unknownToken: number | undefined;
  readonly separatorToken: number | undefined;
  readonly paddingToken: number | undefined;
  readonly maskToken: number | undefined;
  /** Fill in the middle: before the text before the gap. */
  readonly fimPrefixToken: number | undefined;
  /** Fill in the middle: before the text after the gap. */
  readonly fimSuffixToken: number | undefined;
  /** Fill in the middle: before what fills the gap. */
  readonly fimMiddleToken: number | undefined;
  readonly fimPaddingToken: number | undefined;
  readonly fimRepositoryToken: number | undefined;
  readonly fimSeparatorToken: number | undefined;
}

/** From text to tokens and back. */
export interface Tokenizer extends NamedTokens {
  /** The model: SentencePiece's BPE ("llama" in the file) or byte-level BPE ("gpt2"). */
  readonly kind: "spm" | "bpe";
  /** How many tokens there are; their ids are 0 to `vocabularySize - 1`. */
  readonly vocabularySize: number;
  /** Whether a prompt should begin with `bosToken`: the file's word, or llama.cpp's default for this kind of file. */
  readonly addBos: boolean;
  /** Whether a text should end with `eosToken`, likewise. */
  readonly addEos: boolean;
  /** Whether `encode` puts a space before text at the start and after a special token, which decoding takes away. */
  readonly addSpacePrefix: boolean;
  /** Every token after which generation is over. */
  readonly endOfGenerationTokens: ReadonlySet<number>;
  /** What is doubtful about the file, in sentences for the user. Empty in a good one. */
  readonly warnings: readonly string[];

  /**
   * The tokens of a text. Lone surrogates count as U+FFFD, as in `TextEncoder`. Takes about n log n for any content.
   *
   * @throws {RangeError} When `addBos` or `addEos` ask for a token the file does not have.
   */
  encode(text: string, options?: EncodeOptions): Int32Array<ArrayBuffer>;

  /** The same in small steps, for `runSliced`: a long prompt takes longer than the event loop may wait. */
  encodeSliced(text: string, options?: EncodeOptions): Generator<void, Int32Array<ArrayBuffer>>;

  /**
   * The text of tokens; bytes that are not UTF-8 become U+FFFD. For text that arrives token by token see
   * stream_decoder.ts.
   *
   * @throws {RangeError} When an id is not a token.
   */
  decode(tokens: Iterable<number>, options?: DecodeOptions): string;

  /** The bytes a token adds to the text: perhaps a part of a character only. */
  tokenBytes(token: number, options?: DecodeOptions): Uint8Array<ArrayBuffer>;

  /** The token as the file writes it (byte-level BPE: "Ġthe"); "[EMPTY_7]" where the file has an empty string. */
  tokenText(token: number): string;

  tokenType(token: number): TokenType;
}
