/** The flags that choose how tokens are sampled. Ranges and defaults are those of src/sampling. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { resolveSamplingOptions, type SamplingOptions } from "../sampling/mod.ts";

/** A flag, the option it sets, and what it is for. */
interface SamplingFlag {
  readonly flags: string;
  readonly option: keyof SamplingOptions;
  readonly description: string;
}

/** In the order in which samplers are applied, then the seed. Flags are called as in llama.cpp. */
const samplingFlags: readonly SamplingFlag[] = [
  { flags: "--repeat-penalty <x>", option: "repetitionPenalty", description: "divides logits of repeated tokens" },
  { flags: "--frequency-penalty <x>", option: "frequencyPenalty", description: "lowers logits per repetition" },
  { flags: "--presence-penalty <x>", option: "presencePenalty", description: "lowers logits of repeated tokens" },
  { flags: "--repeat-last-n <n>", option: "penaltyLastTokens", description: "tokens that are looked at; -1: all" },
  { flags: "--top-k <n>", option: "topK", description: "keep the n best tokens; 0: all" },
  { flags: "--top-p <p>", option: "topP", description: "keep the best tokens of probability p together" },
  { flags: "--min-p <p>", option: "minP", description: "keep tokens at least p times as likely as the best" },
  { flags: "--temp <t>", option: "temperature", description: "temperature; 0: always the best token" },
  { flags: "--seed <n>", option: "seed", description: "makes the answer repeatable" },
];

/** Adds the sampling flags to a command. */
export function addSamplingOptions(command: Command): Command {
  const defaults = resolveSamplingOptions({});
  command.optionsGroup("Sampling:");
  for (const { flags, option, description } of samplingFlags) {
    const shown = option === "seed" ? "random" : defaults[option];
    command.addOption(
      new Option(flags, `${description} (default: ${shown})`).argParser((text) => parseSampling(option, text)),
    );
  }
  return command.optionsGroup("Options:");
}

/** The sampling options among the parsed flags of a command. */
export function samplingOptions(flags: Readonly<Record<string, unknown>>): SamplingOptions {
  const options: SamplingOptions = {};
  for (const { flags: names, option } of samplingFlags) {
    const value = flags[new Option(names).attributeName()];
    if (value !== undefined) options[option] = value as number;
  }
  return options;
}

/** A number that src/sampling accepts for this option. */
function parseSampling(option: keyof SamplingOptions, text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  try {
    resolveSamplingOptions({ [option]: value });
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  return value;
}
