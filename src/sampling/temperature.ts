/**
 * Temperature: logits are divided by it before they become probabilities. Below 1 probable tokens become more probable,
 * above 1 improbable ones do; 0 stands for the most probable token (see greedy.ts).
 */

import type { Candidates } from "./candidates.ts";
import { checkNumber } from "./check.ts";

/** Options of the temperature. */
export interface TemperatureOptions {
  /** A finite number from 0 on; 0 is greedy: always the most probable token. Default 0.8. */
  temperature?: number | undefined;
}

/** Fills in the default and checks the range. */
export function resolveTemperature({ temperature }: TemperatureOptions): number {
  const range = { text: "a finite number from 0 on", holds: (x: number) => x >= 0 && x < Infinity };
  return checkNumber("temperature", { value: temperature, fallback: 0.8, range });
}

/**
 * Divides the candidates' logits by the temperature, relative to the highest: that one becomes 0, and however small the
 * temperature, none overflows upwards.
 */
export function applyTemperature(candidates: Candidates, temperature: number): void {
  const { logits, count } = candidates;
  const highest = candidates.highest();
  for (let i = 0; i < count; i++) logits[i] = (logits[i] - highest) / temperature;
}
