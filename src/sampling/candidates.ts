/**
 * The tokens that are still in the running while the chain of samplers narrows them down, and their one order: by
 * logit, highest first, equal logits by token id, lowest first. Who stays is decided in the samplers' own files.
 */

/** Tokens and their logits. Only the first `count` entries are valid; the memory is reused from token to token. */
export class Candidates {
  /** Token ids. (capacity) */
  ids: Int32Array = new Int32Array(0);
  /** (capacity) */
  logits: Float64Array = new Float64Array(0);
  /** Room for probabilities while one sampler works. (capacity) */
  weights: Float64Array = new Float64Array(0);
  count = 0;
  /** Whether the entries are in order. If not, their sequence still depends on nothing but the logits. */
  sorted = false;

  /** Empties the list and makes room for `capacity` candidates. */
  reset(capacity: number): void {
    this.count = 0;
    this.sorted = false;
    if (this.ids.length >= capacity) return;
    this.ids = new Int32Array(capacity);
    this.logits = new Float64Array(capacity);
    this.weights = new Float64Array(capacity);
  }

  /** Adds a candidate at the end. There must be room. */
  push(id: number, logit: number): void {
    this.ids[this.count] = id;
    this.logits[this.count] = logit;
    this.count++;
  }

  /** The highest logit. */
  highest(): number {
    if (this.sorted) return this.logits[0];
    let highest = -Infinity;
    for (let i = 0; i < this.count; i++) if (this.logits[i] > highest) highest = this.logits[i];
    return highest;
  }

  /** Keeps the candidates with at least this logit, in their sequence. */
  keepFrom(lowest: number): void {
    const { ids, logits, count } = this;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      if (!(logits[i] >= lowest)) continue;
      ids[kept] = ids[i];
      logits[kept] = logits[i];
      kept++;
    }
    this.count = kept;
  }

  /** Turns the list into a heap whose root, at 0, is the candidate that comes last in the order. */
  buildHeap(): void {
    for (let i = (this.count >> 1) - 1; i >= 0; i--) this.#siftDown(i, this.count);
  }

  /** Replaces the root of the heap, the last candidate in the order. */
  replaceLast(id: number, logit: number): void {
    this.ids[0] = id;
    this.logits[0] = logit;
    this.#siftDown(0, this.count);
  }

  /** Puts a heap in order, in place: heapsort allocates nothing and takes n log n for every input. */
  sortHeap(): void {
    const { ids, logits } = this;
    for (let last = this.count - 1; last > 0; last--) {
      const id = ids[last];
      const logit = logits[last];
      ids[last] = ids[0];
      logits[last] = logits[0];
      ids[0] = id;
      logits[0] = logit;
      this.#siftDown(0, last);
    }
    this.sorted = true;
  }

  /** Puts any list in order. */
  sort(): void {
    if (this.#isInOrder()) {
      this.sorted = true;
      return;
    }
    this.buildHeap();
    this.sortHeap();
  }

  #isInOrder(): boolean {
    const { ids, logits, count } = this;
    for (let i = 1; i < count; i++) {
      if (logits[i] > logits[i - 1] || (logits[i] === logits[i - 1] && ids[i] < ids[i - 1])) return false;
    }
    return true;
  }

  /** Moves the entry at `start` down until none of its children comes later in the order, in a heap of `count`. */
  #siftDown(start: number, count: number): void {
    const { ids, logits } = this;
    const id = ids[start];
    const logit = logits[start];
    let hole = start;
    for (let child = 2 * hole + 1; child < count; child = 2 * hole + 1) {
      const right = child + 1;
      if (
        right < count &&
        (logits[right] < logits[child] || (logits[right] === logits[child] && ids[right] > ids[child]))
      ) child = right;
      if (!(logits[child] < logit || (logits[child] === logit && ids[child] > id))) break;
      ids[hole] = ids[child];
      logits[hole] = logits[child];
      hole = child;
    }
    ids[hole] = id;
    logits[hole] = logit;
  }
}

/** The error for a logit that is NaN or Infinity. */
export function unusableLogit(logits: Float32Array, id: number): RangeError {
  return new RangeError(`Expected logits to be finite or -Infinity but found ${logits[id]} for token ${id}`);
}

/** The error for logits that leave nothing to choose from. */
export function noCandidates(logits: Float32Array): RangeError {
  return new RangeError(`Expected a logit above -Infinity but found none among ${logits.length}`);
}
