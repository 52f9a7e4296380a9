/**
 * A rendered conversation: its text, where in it control tokens are, and its tokens. Only the template writes control
 * tokens: where their texts come from messages, in whole or in part, they are ordinary text, and the text around them
 * is tokenized as if they were any other text.
 */

import { runWhole } from "../time_slice.ts";
import type { ControlTexts } from "./control_texts.ts";
import type { Budget } from "./jinja/budget.ts";
import { untrustedRanges } from "./jinja/text.ts";
import type { Text } from "./jinja/text.ts";

/** A stretch of a rendered conversation. */
export interface ChatPiece {
  readonly text: string;
  /** Whether it is the text of a control token, and is to become that token. */
  readonly special: boolean;
}

/** What encoding a conversation needs of a tokenizer. */
export interface ChatTokenizer {
  readonly addBos: boolean;
  readonly bosToken: number | undefined;
  encodeSliced(text: string, options: { special: boolean }): Generator<void, ArrayLike<number>>;
}

/** A conversation as one text for the model. */
export interface RenderedChat {
  /** The whole text, for people: it does not tell control tokens from text that only looks like them. */
  readonly text: string;
  /** The same text in pieces: control tokens, and whatever is between them. */
  readonly pieces: readonly ChatPiece[];
  /**
   * The tokens. Begin with the BOS token if the tokenizer adds one and the template did not.
   */
  encode(tokenizer: ChatTokenizer): Int32Array<ArrayBuffer>;
  /** The same in small steps, for `runSliced`. */
  encodeSliced(tokenizer: ChatTokenizer): Generator<void, Int32Array<ArrayBuffer>>;
}

/** Puts a rendered text into its final form. */
export function createRenderedChat(
  text: Text,
  { controlTexts, budget }: { controlTexts: ControlTexts; budget: Budget },
): RenderedChat {
  const pieces = cut(text.value, { untrusted: untrustedRanges(text, budget), controlTexts });
  return {
    text: text.value,
    pieces,
    encode: (tokenizer) => runWhole(encodeSliced(pieces, tokenizer)),
    encodeSliced: (tokenizer) => encodeSliced(pieces, tokenizer),
  };
}

/** Cuts a text at the control tokens that have no untrusted character. */
function cut(
  value: string,
  { untrusted, controlTexts }: { untrusted: readonly number[]; controlTexts: ControlTexts },
): ChatPiece[] {
  const pieces: ChatPiece[] = [];
  let done = 0;
  for (let i = 0; i <= untrusted.length; i += 2) {
    const trustedStart = i === 0 ? 0 : untrusted[i - 1];
    const trustedEnd = i === untrusted.length ? value.length : untrusted[i];
    for (const { start, end } of controlTexts.find(value, { start: trustedStart, end: trustedEnd })) {
      if (start > done) pieces.push({ text: value.slice(done, start), special: false });
      pieces.push({ text: value.slice(start, end), special: true });
      done = end;
    }
  }
  if (done < value.length) pieces.push({ text: value.slice(done), special: false });
  return pieces;
}

function* encodeSliced(
  pieces: readonly ChatPiece[],
  tokenizer: ChatTokenizer,
): Generator<void, Int32Array<ArrayBuffer>> {
  const parts: ArrayLike<number>[] = [];
  const swallows = new Map<string, boolean>();
  let previous: ChatPiece | undefined;
  for (const piece of pieces) {
    yield;
    let { text } = piece;
    if (previous?.special && !piece.special) {
      let isSwallowing = swallows.get(previous.text);
      if (isSwallowing === undefined) {
        // In some models (Phi-3) control tokens swallow white space behind them, which pieces by themselves do not
        // show.
        isSwallowing = (yield* tokenizer.encodeSliced(`${previous.text} `, { special: true })).length === 1;
        swallows.set(previous.text, isSwallowing);
      }
      if (isSwallowing) text = text.replace(/^[\t-\r ]+/, "");
    }
    parts.push(yield* tokenizer.encodeSliced(text, { special: piece.special }));
    previous = piece;
  }
  const first = parts.find((part) => part.length > 0)?.[0];
  if (tokenizer.addBos && tokenizer.bosToken !== undefined && first !== tokenizer.bosToken) {
    parts.unshift([tokenizer.bosToken]);
  }
  const tokens = new Int32Array(parts.reduce((count, part) => count + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    tokens.set(part, offset);
    offset += part.length;
  }
  return tokens;
}
