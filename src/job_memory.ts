/**
 * Blocks of the cache for the jobs of the scheduler. What nobody holds goes first; then what sequences hold that nobody
 * computes at the moment; then what the youngest jobs hold. Who loses blocks computes its tokens again, and gets the
 * same bits.
 */

import type { KvCache } from "./cache/kv_cache.ts";
import type { KvSequence } from "./cache/kv_sequence.ts";
import { ArpeggioError } from "./errors.ts";
import type { Job } from "./job.ts";
import { Limit } from "./native/abi.ts";

/** Gives jobs their blocks. */
export class JobMemory {
  readonly #cache: KvCache;
  readonly #tokensMax: number;

  /** Steps have at most `tokensMax` tokens. */
  constructor(cache: KvCache, { tokensMax }: { tokensMax: number }) {
    this.#cache = cache;
    this.#tokensMax = tokensMax;
  }

  /** @throws {ArpeggioError} When the sequence has more tokens than the whole cache. */
  expectPossible({ tokens }: KvSequence): void {
    this.#cache.expectRoomFor(tokens.length);
  }

  /**
   * Begins a job: finds what is in the cache, if there is room for all the rest.
   *
   * @param force Takes what other sequences hold, but for those of `jobs`.
   * @returns Whether it has begun.
   */
  admit(job: Job, { jobs, force }: { jobs: readonly Job[]; force: boolean }): boolean {
    const { sequence, options } = job;
    // Whoever has begun stays: it has priority over all that come later.
    const isNew = sequence.length === 0;
    if (!options.allLogits && (isNew || job.tokensLeft > Limit.BLOCK_POSITIONS)) sequence.attach();
    const end = sequence.length + job.tokensLeft;
    while (isNew && !sequence.canReserve(end, { chunk: this.#tokensMax })) {
      const idle = force ? this.#idleSequence(jobs) : undefined;
      if (idle !== undefined) {
        idle.detach();
        continue;
      }
      if (force) break;
      sequence.detach();
      return false;
    }
    job.admit();
    return true;
  }

  /**
   * Blocks for the next `count` tokens of a job, or for fewer. Of `jobs` those that come after it, the last first, lose
   * their blocks when there are not enough.
   *
   * @returns For how many there are.
   */
  provide(job: Job, { count, jobs }: { count: number; jobs: readonly Job[] }): number {
    const { sequence } = job;
    for (let wanted = count;;) {
      if (sequence.reserve(sequence.length + wanted)) return wanted;
      const idle = this.#idleSequence(jobs);
      const rival = jobs.slice(jobs.indexOf(job) + 1).findLast(({ sequence: other }) =>
        other.length > 0 && other.canDetach
      );
      if (idle !== undefined) {
        idle.detach();
      } else if (rival !== undefined) {
        rival.sequence.detach();
        rival.isAdmitted = false;
      } else if (wanted === 1) {
        return 0;
      } else {
        wanted = Math.ceil(wanted / 2);
      }
    }
  }

  /** Why a job cannot go on although nothing else does. */
  shortage(job: Job): ArpeggioError {
    const { usedTokens, totalTokens } = this.#cache.usage;
    return new ArpeggioError(
      `Expected room for ${job.sequence.length + job.tokensLeft} tokens in the key/value cache but other sequences, ` +
        `which have been shifted and cannot be computed again, hold most of the ${usedTokens} of ${totalTokens} in ` +
        `use: dispose some, or load the model with a larger cacheTokens`,
    );
  }

  /** The sequence that was used least recently of those that nobody computes. */
  #idleSequence(jobs: readonly Job[]): KvSequence | undefined {
    const active = new Set(jobs.map(({ sequence }) => sequence));
    for (const sequence of this.#cache.attached) if (!active.has(sequence) && sequence.canDetach) return sequence;
    return undefined;
  }
}
