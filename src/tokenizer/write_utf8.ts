/** UTF-8 of a piece of a well-formed string, without making a string or a view of it. */

/** A UTF-16 code unit takes at most this many bytes (a pair of surrogates four). */
export const BYTES_PER_UNIT_MAX = 3;

/** Writes `text[start, end)` to the beginning of `bytes`, which must be long enough; how many bytes that were. */
export function writeUtf8(piece: { text: string; start: number; end: number }, bytes: Uint8Array): number {
  const { text, start, end } = piece;
  let length = 0;
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      bytes[length++] = unit;
    } else if (unit < 0x800) {
      bytes[length++] = 0xc0 | (unit >> 6);
      bytes[length++] = 0x80 | (unit & 0x3f);
    } else if ((unit & 0xf800) !== 0xd800) {
      bytes[length++] = 0xe0 | (unit >> 12);
      bytes[length++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[length++] = 0x80 | (unit & 0x3f);
    } else {
      const codePoint = ((unit - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00) + 0x10000;
      bytes[length++] = 0xf0 | (codePoint >> 18);
      bytes[length++] = 0x80 | ((codePoint >> 12) & 0x3f);
      bytes[length++] = 0x80 | ((codePoint >> 6) & 0x3f);
      bytes[length++] = 0x80 | (codePoint & 0x3f);
    }
  }
  return length;
}
