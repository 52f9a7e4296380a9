/** Turns scores into ranks, so that a place in the order of merges is a small whole number for both tokenizer models. */

/** Pieces of this size are sorted at once: a quarter of a millisecond. */
const SORTED_AT_ONCE = 4096;

/** How many numbers are handled between two yields. */
const NUMBERS_PER_STEP = 8192;

/** The rank of each score among the different scores: 0 for the highest, the same for equal ones. None may be NaN. */
export function* rankScores(scores: Float32Array): Generator<void, Int32Array> {
  const ascending = yield* sortSliced(scores);
  let different = 0;
  for (let i = 0; i < ascending.length; i++) {
    if (i % NUMBERS_PER_STEP === 0) yield;
    // -0 and 0 are sorted but equal: comparing keeps one of them.
    if (i === 0 || ascending[i] !== ascending[different - 1]) ascending[different++] = ascending[i];
  }
  const ranks = new Int32Array(scores.length);
  for (let i = 0; i < scores.length; i++) {
    if (i % NUMBERS_PER_STEP === 0) yield;
    ranks[i] = different - 1 - indexIn(ascending, { count: different, number: scores[i] });
  }
  return ranks;
}

/** A sorted copy: pieces sorted at once, then merged two by two (bottom-up merge sort). */
function* sortSliced(numbers: Float32Array): Generator<void, Float32Array> {
  let from = numbers.slice();
  let to = new Float32Array(numbers.length);
  for (let start = 0; start < from.length; start += SORTED_AT_ONCE) {
    from.subarray(start, start + SORTED_AT_ONCE).sort();
    yield;
  }
  for (let size = SORTED_AT_ONCE; size < from.length; size *= 2) {
    let [left, right] = [0, size];
    for (let i = 0; i < from.length; i++) {
      if (i % NUMBERS_PER_STEP === 0) yield;
      const pair = i - (i % (2 * size));
      if (i === pair) [left, right] = [pair, pair + size];
      const leftEnd = Math.min(pair + size, from.length);
      const rightEnd = Math.min(pair + 2 * size, from.length);
      const takesLeft = left < leftEnd && (right >= rightEnd || from[left] <= from[right]);
      to[i] = from[takesLeft ? left++ : right++];
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Where a number is among the first `count`, which are different and ascending; it must be there. */
function indexIn(ascending: Float32Array, what: { count: number; number: number }): number {
  let low = 0;
  let high = what.count - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < what.number) low = middle + 1;
    else high = middle;
  }
  return low;
}
