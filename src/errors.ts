/**
 * Every error class of the project. Wrong arguments are the built-in `TypeError` and `RangeError`; everything else that
 * can go wrong is an {@linkcode ArpeggioError}, so that one `instanceof` tells ours from others.
 */

/** The base of all errors that are not wrong arguments. */
export class ArpeggioError extends Error {
  override name = "ArpeggioError";
}

/** A GGUF file that is malformed, inconsistent or not supported. The message names the key and the byte. */
export class GgufError extends ArpeggioError {
  override name = "GgufError";
  /** The metadata key or tensor name the error is about, when there is one. */
  readonly key: string | undefined;
  /** Where in the file, in bytes from its start, when it is known. */
  readonly offsetBytes: number | undefined;

  constructor(message: string, where: { key?: string; offsetBytes?: number } = {}) {
    const at = [
      where.key === undefined ? "" : `key ${JSON.stringify(where.key)}`,
      where.offsetBytes === undefined ? "" : `byte ${where.offsetBytes}`,
    ].filter((part) => part !== "").join(", ");
    super(at === "" ? message : `${message} (${at})`);
    this.key = where.key;
    this.offsetBytes = where.offsetBytes;
  }
}

/** The native library refused a request or failed while executing one. */
export class NativeError extends ArpeggioError {
  override name = "NativeError";
  /** The name of the status code in `csrc/abi.h`, such as `"OUT_OF_MEMORY"`. */
  readonly status: string;

  constructor(message: string, status: string) {
    super(message);
    this.status = status;
  }
}

/** The native library could not be found or loaded. The message says what was looked for, where, and what to do. */
export class LibraryError extends ArpeggioError {
  override name = "LibraryError";
}

/** A chat template that is missing, malformed, too expensive, or that refused the messages. */
export class ChatTemplateError extends ArpeggioError {
  override name = "ChatTemplateError";
}

/** A generation was refused because too many are waiting for their turn: try again later. */
export class QueueFullError extends ArpeggioError {
  override name = "QueueFullError";
  /** How many may wait: the option `queueMax` of `loadModel`. */
  readonly queueMax: number;

  constructor(queueMax: number) {
    super(`Expected at most ${queueMax} generations to wait for their turn but found one more: try again later`);
    this.queueMax = queueMax;
  }
}

/** The context is full, and the option `contextOverflow` is `"error"`. */
export class ContextOverflowError extends ArpeggioError {
  override name = "ContextOverflowError";
  /** The most tokens of prompt and answer together. */
  readonly contextLength: number;

  constructor(contextLength: number) {
    super(
      `Expected the answer to end within the context of ${contextLength} tokens but it goes on: load the model with ` +
        `a larger contextLength, or choose "shift" or "stop" as contextOverflow`,
    );
    this.contextLength = contextLength;
  }
}

/** A saved sequence that is damaged, cut off, or of another model, format or version. */
export class SequenceStateError extends ArpeggioError {
  override name = "SequenceStateError";
}
