/** What `arpeggio bench` measures: the tests of llama-bench, in its order and with its names. */

/** One test. */
export interface BenchTest {
  /** Tokens of the prompt, in as few steps as possible; 0 for none. */
  readonly prompt: number;
  /** Tokens after it, one step each; 0 for none. */
  readonly generated: number;
  /** Tokens that are in the cache before the clock starts. */
  readonly depth: number;
}

/** The flags that choose tests. */
export interface BenchTestFlags {
  readonly prompts: readonly number[];
  readonly generated: readonly number[];
  readonly depths: readonly number[];
  /** Prompts with an answer behind them, measured as one: pairs of numbers of tokens. */
  readonly both: readonly (readonly [prompt: number, generated: number])[];
}

/** The tests, depth by depth: prompts, then single tokens, then both together. A number of 0 is no test. */
export function benchTests({ prompts, generated, depths, both }: BenchTestFlags): BenchTest[] {
  return depths.flatMap((depth) => [
    ...prompts.map((prompt) => ({ prompt, generated: 0, depth })),
    ...generated.map((count) => ({ prompt: 0, generated: count, depth })),
    ...both.map(([prompt, count]) => ({ prompt, generated: count, depth })),
  ]).filter(({ prompt, generated }) => prompt + generated > 0);
}

/** The name of a test: `"pp512"`, `"tg128 @ d4096"`, `"pp512+tg128"`. */
export function benchTestName({ prompt, generated, depth }: BenchTest): string {
  const parts = [prompt > 0 ? `pp${prompt}` : "", generated > 0 ? `tg${generated}` : ""].filter((part) => part !== "");
  return parts.join("+") + (depth > 0 ? ` @ d${depth}` : "");
}

/** How many tokens there are at the end of a test. */
export function benchTestTokens({ prompt, generated, depth }: BenchTest): number {
  return depth + prompt + generated;
}
