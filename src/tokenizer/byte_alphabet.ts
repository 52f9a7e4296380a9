/**
 * The alphabet in which byte-level BPE writes bytes: a byte that is a printable character of Latin-1 is that character,
 * the 68 others are U+0100 and up (`bytes_to_unicode` in GPT-2's encoder.py).
 */

/** The bytes that stand for themselves: `!` to `~`, `¡` to `¬`, `®` to `ÿ`. */
function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

/** The code point of each byte. */
export function byteAlphabet(): Uint16Array {
  let next = 0x100;
  return Uint16Array.from({ length: 256 }, (_, byte) => isPrintable(byte) ? byte : next++);
}

/** Code points of the alphabet are below this. */
const CODE_POINTS_END = 0x100 + 68;

/** The byte of each code point below U+0144; -1 for those outside of the alphabet. */
export function byteOfAlphabet(): Int16Array {
  const bytes = new Int16Array(CODE_POINTS_END).fill(-1);
  byteAlphabet().forEach((codePoint, byte) => bytes[codePoint] = byte);
  return bytes;
}
