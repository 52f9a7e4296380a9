// One number for the bits of many, so that what must never change fits into a test.

/** FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) of 32 bits over the bytes of the values, in hexadecimal. */
export function hashBits(values: Float32Array): string {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
