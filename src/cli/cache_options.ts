/** The flags about contexts and the memory for them. */

import { type Command, Option } from "commander";
import type { OverflowOptions } from "../context_overflow.ts";
import { integerIn } from "./numbers.ts";

/** The parsed flags. */
export interface OverflowFlags {
  contextOverflow?: "stop" | "shift" | "error";
  keep?: number;
}

/** Adds the flags that say what happens when the context is full. */
export function addOverflowOptions(command: Command): Command {
  const overflow = new Option("--context-overflow <what>", "when the context is full (default: stop)");
  return command
    .addOption(overflow.choices(["stop", "shift", "error"]))
    .option("--keep <n>", "tokens at the beginning that a shift does not forget", integerIn({ min: 0, max: 2 ** 20 }));
}

/** The options of `Model.generate` among the flags. */
export function overflowOptions({ contextOverflow, keep: keepFirst }: OverflowFlags): OverflowOptions {
  return { contextOverflow, keepFirst };
}
