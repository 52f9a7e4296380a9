/** A checksum of any number of bytes that does not hold up the event loop: SHA-256 of the SHA-256 of each megabyte. */

import { nextTurn } from "./event_loop.ts";

/** What is digested at a time: about a millisecond where a runtime does it in this thread. */
const SLICE_BYTES = 2 ** 20;

/** The length of a checksum. */
export const CHECKSUM_BYTES = 32;

/** The checksum of some bytes. (32) */
export async function checksum(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const subtle = await loadSubtle();
  const slices = Math.ceil(bytes.length / SLICE_BYTES);
  const digests = new Uint8Array(slices * CHECKSUM_BYTES);
  for (let i = 0; i < slices; i++) {
    // A copy: nobody else's memory can be shared with the thread that digests.
    const slice = bytes.slice(i * SLICE_BYTES, (i + 1) * SLICE_BYTES) as Uint8Array<ArrayBuffer>;
    digests.set(new Uint8Array(await subtle.digest("SHA-256", slice)), i * CHECKSUM_BYTES);
  }
  return new Uint8Array(await subtle.digest("SHA-256", digests));
}

let loaded: SubtleCrypto | undefined;

/** What digests. Asking for it the first time loads it, which takes Node 3 ms: that gets turns of its own. */
async function loadSubtle(): Promise<SubtleCrypto> {
  if (loaded !== undefined) return loaded;
  await nextTurn();
  loaded = crypto.subtle;
  await nextTurn();
  return loaded;
}
