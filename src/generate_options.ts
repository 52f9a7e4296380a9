/** The options of `Model.generate`: what they mean, and their checks. */

import type { RenderOptions } from "./chat/mod.ts";
import type { OverflowOptions } from "./context_overflow.ts";
import { expectInteger, expectKnownOptions, expectOneOf, expectType, shown } from "./options.ts";
import { POSITIONS_MAX } from "./plan/plan.ts";
import {
  type ResolvedSamplingOptions,
  resolveSamplingOptions,
  SAMPLING_OPTION_NAMES,
  type SamplingOptions,
} from "./sampling/mod.ts";

/** Options of the loop that generates. */
export interface LoopOptions extends OverflowOptions {
  /** The most tokens to generate. Default: until the model ends the text or the context is full. */
  maxTokens?: number | undefined;
  /** Strings that end the text. They, and what follows, are not part of it. Default: none. */
  stop?: string | readonly string[] | undefined;
  /** Ends the generation with an error, the signal's reason, within the time of one instruction. */
  signal?: AbortSignal | undefined;
}

/** Options of `Model.generate`: those of sampling, those of the chat template for messages, and those of the loop. */
export interface GenerateOptions extends SamplingOptions, RenderOptions, LoopOptions {}

/** Options that only mean something for messages. */
const CHAT_NAMES: readonly (keyof RenderOptions)[] = [
  "tools",
  "addGenerationPrompt",
  "enableThinking",
  "documents",
  "variables",
  "now",
];

/** The names of the options of the loop. */
export const LOOP_OPTION_NAMES: readonly (keyof LoopOptions)[] = [
  "maxTokens",
  "stop",
  "signal",
  "contextOverflow",
  "keepFirst",
];

const NAMES: readonly (keyof GenerateOptions)[] = [
  ...LOOP_OPTION_NAMES,
  "allowControlTokens",
  ...CHAT_NAMES,
  ...SAMPLING_OPTION_NAMES,
];

/** The options of the loop in force. */
export interface ResolvedLoopOptions {
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly overflow: OverflowOptions;
}

/** The options in force. */
export interface ResolvedGenerateOptions extends ResolvedLoopOptions {
  readonly sampling: ResolvedSamplingOptions;
  readonly render: RenderOptions;
}

/**
 * Checks the options and fills in defaults, among them a seed.
 *
 * @throws {TypeError} When one does not exist, is of the wrong type, or is for messages and the prompt is a string.
 * @throws {RangeError} When one is out of range.
 */
export function resolveGenerateOptions(
  options: GenerateOptions,
  { isChat }: { isChat: boolean },
): ResolvedGenerateOptions {
  expectKnownOptions(options, NAMES);
  const loop = resolveLoopOptions(options);
  const { sampling, render } = splitOptions(options);
  const chatOnly = isChat ? undefined : CHAT_NAMES.find((name) => options[name] !== undefined);
  if (chatOnly !== undefined) {
    throw new TypeError(
      `Expected messages for the option ${chatOnly} (${shown(options[chatOnly])}) but found a string`,
    );
  }
  return { ...loop, sampling: resolveSamplingOptions(sampling), render };
}

/**
 * Checks the options of the loop, among others, and fills in defaults.
 *
 * @throws {TypeError} When one is of the wrong type.
 * @throws {RangeError} When one is out of range.
 */
export function resolveLoopOptions(options: LoopOptions): ResolvedLoopOptions {
  const { maxTokens, stop = [], signal, contextOverflow, keepFirst } = options;
  expectInteger("maxTokens", maxTokens, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const stops = typeof stop === "string" ? [stop] : stop;
  const areStrings = Array.isArray(stops) && stops.every((one) => typeof one === "string");
  expectType("stop", stop, { what: "a string or an array of strings", holds: areStrings });
  expectType("signal", signal, { what: "an AbortSignal", holds: signal instanceof AbortSignal });
  expectOneOf("contextOverflow", contextOverflow, ["stop", "shift", "error"]);
  expectInteger("keepFirst", keepFirst, { min: 0, max: POSITIONS_MAX });
  return { maxTokens: maxTokens ?? Infinity, stop: stops, signal, overflow: { contextOverflow, keepFirst } };
}

function splitOptions(options: GenerateOptions): { sampling: SamplingOptions; render: RenderOptions } {
  const pick = (names: readonly string[]) =>
    Object.fromEntries(Object.entries(options).filter(([name, value]) => names.includes(name) && value !== undefined));
  return { sampling: pick(SAMPLING_OPTION_NAMES), render: pick([...CHAT_NAMES, "allowControlTokens"]) };
}
