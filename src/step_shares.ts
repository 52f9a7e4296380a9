/** How the tokens of one step are shared out among sequences that want to go on. */

/**
 * How many tokens of prompts go into a step beside single tokens of running answers. The answers wait for the step, so
 * it should be short; but a step reads all weights, so it should do something for that. At 64 tokens the arithmetic of
 * the matrices takes several times as long as reading them, so that twice as many tokens in half as many steps would
 * save little.
 */
const PROMPT_TOKENS_BESIDE_ANSWERS = 64;

/**
 * Shares out the tokens of a step: one to each sequence, and the rest evenly among those that want more, so that a
 * short prompt does not wait for a long one.
 *
 * @param wanted Per sequence, the tokens it has left: at least 1. At most `tokensMax` of them.
 * @param options.expectsAnswers Whether answers that are not among them will want to go on very soon.
 * @returns Per sequence, how many of them are computed: at least 1.
 */
export function shareTokens(
  wanted: readonly number[],
  tokensMax: number,
  { expectsAnswers = false }: { expectsAnswers?: boolean } = {},
): number[] {
  let answers = 0;
  for (const tokens of wanted) if (tokens === 1) answers++;
  if (answers === wanted.length) return Array(answers).fill(1);
  const beside = answers > 0 || expectsAnswers
    ? Math.max(wanted.length, answers + PROMPT_TOKENS_BESIDE_ANSWERS)
    : tokensMax;
  const shares = wanted.map(() => 1);
  let left = Math.min(tokensMax, beside) - wanted.length;
  for (;;) {
    const hungry = [...shares.keys()].filter((i) => shares[i] < wanted[i]);
    if (hungry.length === 0 || left === 0) return shares;
    // The first get what cannot be divided.
    const each = Math.max(1, Math.floor(left / hungry.length));
    for (const i of hungry) {
      const more = Math.min(each, left, wanted[i] - shares[i]);
      shares[i] += more;
      left -= more;
    }
  }
}
