/**
 * The loop both tokenizer models share: of all neighbours that may be merged, merge the pair that comes first (the
 * leftmost where several do), until none is left. Neighbours are a linked list and candidates a heap, so n symbols take
 * n log n steps, however long the word. What may be merged, and in which order, is the model's word.
 */

/** The symbols of a word while they are merged. */
export interface Symbols {
  /** The token each symbol is; -1 where there is none for it. */
  readonly tokens: Int32Array;
  /** The symbol after each one; -1 after the last. Merging leaves the left one in the list. */
  readonly next: Int32Array;
}

/** What a tokenizer model says about merging. */
export interface MergeRules {
  /** The number of the merge of two neighbours; -1 when they stay apart. */
  find(symbols: Symbols, left: number, right: number): number;
  /** How early a merge comes: less is earlier. A whole number below {@linkcode PRIORITIES_MAX}. */
  priority(merge: number): number;
  /** The token a merge makes. */
  result(merge: number): number;
}

/**
 * A candidate is one number, priority * 2^30 + symbol: comparing two compares both, and a double holds it exactly. So
 * there are at most 2^23 priorities (the largest vocabularies have 2^18) and 2^30 symbols (a word of so many would need
 * 34 GB here).
 */
const SYMBOLS_MAX = 2 ** 30;
export const PRIORITIES_MAX: number = 2 ** 23;

/** The children of each place of the heap: next to each other in memory, and the heap is half as deep as with two. */
const HEAP_ARITY = 4;

/** The states of a word being merged. */
const PHASES = { collect: 0, arrange: 1, merge: 2, done: 3 } as const;

/** Merges one word after the other, each of at most `capacity` symbols, in the same memory. */
export class PairMerger implements Symbols {
  readonly tokens: Int32Array;
  readonly next: Int32Array;
  readonly #previous: Int32Array;
  /** The merge of each symbol with the one after it; -1 where there is none, and for symbols that are gone. */
  readonly #merges: Int32Array;
  readonly #heap: Float64Array;
  readonly #rules: MergeRules;
  #heapLength = 0;
  #count = 0;
  #at = 0;
  #phase: number = PHASES.done;

  constructor(rules: MergeRules, capacity: number) {
    this.#rules = rules;
    this.tokens = new Int32Array(capacity);
    this.next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#merges = new Int32Array(capacity);
    // At first one candidate for each pair; each merge takes one away and adds two at most.
    this.#heap = new Float64Array(2 * capacity);
  }

  /** Begins a word of `count` symbols, whose `tokens` the caller sets before {@linkcode PairMerger.run}. */
  start(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#previous[i] = i - 1;
      this.next[i] = i + 1;
    }
    if (count > 0) this.next[count - 1] = -1;
    this.#count = count;
    this.#at = 0;
    this.#heapLength = 0;
    this.#phase = PHASES.collect;
  }

  /**
   * Does at most `steps` steps of the work; whether all of it is done. The symbols left are those from 0 along `next`.
   */
  run(steps: number = Infinity): boolean {
    for (let step = 0; step < steps; step++) {
      if (this.#phase === PHASES.merge) this.#mergeFirst();
      else if (this.#phase === PHASES.collect) this.#collect();
      else if (this.#phase === PHASES.arrange) this.#arrange();
      else return true;
    }
    return this.#phase === PHASES.done;
  }

  /** Asks for one pair of the original symbols. */
  #collect(): void {
    const left = this.#at++;
    if (left >= this.#count) {
      this.#at = Math.ceil(this.#heapLength / HEAP_ARITY);
      this.#phase = PHASES.arrange;
      return;
    }
    const right = this.next[left];
    const merge = right < 0 ? -1 : this.#rules.find(this, left, right);
    this.#merges[left] = merge;
    if (merge < 0) return;
    this.#heap[this.#heapLength++] = this.#rules.priority(merge) * SYMBOLS_MAX + left;
  }

  /** One step of making the candidates a heap from the bottom up, which is linear. */
  #arrange(): void {
    if (this.#at === 0) this.#phase = PHASES.merge;
    else this.#sink(--this.#at);
  }

  #mergeFirst(): void {
    if (this.#heapLength === 0) {
      this.#phase = PHASES.done;
      return;
    }
    const candidate = this.#heap[0];
    if (--this.#heapLength > 0) {
      this.#heap[0] = this.#heap[this.#heapLength];
      this.#sink(0);
    }
    const priority = Math.floor(candidate / SYMBOLS_MAX);
    const left = candidate - priority * SYMBOLS_MAX;
    const merge = this.#merges[left];
    // A candidate from before one of the two was merged. If the symbol has a new one of the same priority, it is its
    // turn.
    if (merge < 0 || this.#rules.priority(merge) !== priority) return;
    const right = this.next[left];
    const after = this.next[right];
    this.tokens[left] = this.#rules.result(merge);
    this.next[left] = after;
    this.#merges[left] = -1;
    this.#merges[right] = -1;
    const before = this.#previous[left];
    if (before >= 0) this.#offer(before, left);
    if (after < 0) return;
    this.#previous[after] = left;
    this.#offer(left, after);
  }

  /** Makes the merge of two neighbours, if there is one, a candidate. */
  #offer(left: number, right: number): void {
    const merge = this.#rules.find(this, left, right);
    this.#merges[left] = merge;
    if (merge < 0) return;
    const candidate = this.#rules.priority(merge) * SYMBOLS_MAX + left;
    const heap = this.#heap;
    let place = this.#heapLength++;
    while (place > 0) {
      const parent = Math.floor((place - 1) / HEAP_ARITY);
      if (candidate >= heap[parent]) break;
      heap[place] = heap[parent];
      place = parent;
    }
    heap[place] = candidate;
  }

  /** Moves a candidate down until nothing below it comes before it. */
  #sink(from: number): void {
    const heap = this.#heap;
    const length = this.#heapLength;
    const candidate = heap[from];
    let place = from;
    for (;;) {
      let child = HEAP_ARITY * place + 1;
      if (child >= length) break;
      const childrenEnd = Math.min(child + HEAP_ARITY, length);
      for (let other = child + 1; other < childrenEnd; other++) if (heap[other] < heap[child]) child = other;
      if (candidate <= heap[child]) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = candidate;
  }
}
