// Floats of 16 bits in twelve, exactly. The values of a trained weight have few exponents: nearly all tiles of 1024
// have at most 16 different ones, so that a place in a table of 16 says which. Sign and fraction of a BF16 take the
// other eight bits. (An F16 that was made from a BF16 is one; most are.)
//
// A row group has one head for each tile, 16 exponents, in front of all strips; the heads end at a whole cache line. A
// strip is 64 bytes of places and twice 64 of signs and fractions. Byte 16 q + 8 h + 2 j + k of the first of these
// belongs to row 4 q + j and column 2 h + k, of the second to four columns further; the places of the first are low and
// those of the second are high halves. Zipping the two bytes of each value, lane by lane of 128 bits, then gives
// 32-bit words with a row's value of an even column in the lower and of the odd one next to it in the upper half.
//
// A tile that has more exponents, or values that are no BF16, or not finite, says so in its head and is read from the
// rows of the file wherever it is needed. That is slow: csrc/weights.c chooses this form where such tiles are rare.
#pragma once
#include "float.h"
#include "integer.h"

enum { NARROW_HEAD = 16, NARROW_STRIP = 192, NARROW_MISSING = 255 };

// A tile before it is encoded: BF16, row by row.
typedef uint16_t bfloat_tile[16][FLOAT_TILE_COLUMNS];

// Signs and fractions, and exponents or places, row by row.
struct narrow_parts {
  _Alignas(64) uint8_t fraction[16][FLOAT_TILE_COLUMNS], exponent[16][FLOAT_TILE_COLUMNS];
};
INLINE void narrow_split(const bfloat_tile w, struct narrow_parts *p) {
  for (int r = 0; r < 16; r++)
    for (int c = 0; c < FLOAT_TILE_COLUMNS; c++) {
      p->fraction[r][c] = (uint8_t)((w[r][c] >> 8 & 0x80) | (w[r][c] & 0x7f));
      p->exponent[r][c] = (uint8_t)(w[r][c] >> 7);
    }
}

// Exponents become places. Usually they are zero's and 15 successive ones, or fewer.
INLINE bool narrow_place(struct narrow_parts *p, uint8_t head[NARROW_HEAD]) {
  uint8_t *const e = p->exponent[0];
  uint8_t most = 0, least_minus_1 = 255;  // Of those that are not zero.
  for (int i = 0; i < 16 * FLOAT_TILE_COLUMNS; i++) {
    const uint8_t minus_1 = (uint8_t)(e[i] - 1);
    most = e[i] > most ? e[i] : most;
    least_minus_1 = minus_1 < least_minus_1 ? minus_1 : least_minus_1;
  }
  memset(head, 0, NARROW_HEAD);
  if (most <= (least_minus_1 == 255 ? 0 : least_minus_1) + 15 && most < 255) {
    const uint8_t base = least_minus_1 == 255 ? 0 : least_minus_1;
    for (int i = 1; i < NARROW_HEAD && base + i <= most; i++) head[i] = (uint8_t)(base + i);
    for (int i = 0; i < 16 * FLOAT_TILE_COLUMNS; i++) e[i] = e[i] > base ? (uint8_t)(e[i] - base) : 0;
    return true;
  }
  uint8_t place[256] = {0};
  for (int i = 0; i < 16 * FLOAT_TILE_COLUMNS; i++) place[e[i]] = 1;
  int count = 0;
  for (int i = 0; i < 256; i++) {
    if (!place[i]) continue;
    if (count == NARROW_HEAD || i == 255) return false;
    head[count] = (uint8_t)i;
    place[i] = (uint8_t)count++;
  }
  for (int i = 0; i < 16 * FLOAT_TILE_COLUMNS; i++) e[i] = place[e[i]];
  return true;
}

// Eight bytes of each of four rows to the order of a strip: its first four columns, then the others.
INLINE void narrow_order(const uint8_t *rows, u8x16 out[2]) {
  uint16_t words[16];
  for (int j = 0; j < 4; j++) memcpy(words + 4 * j, rows + j * FLOAT_TILE_COLUMNS, 8);
  const u16x16 v = u16x16_load(words);
  const u16x16 turned = __builtin_shufflevector(v, v, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  memcpy(out, &turned, sizeof turned);
}

// False, and a head that says so, when the tile cannot be held. `strips` of the first one, `step` bytes apart.
INLINE bool narrow_encode(const bfloat_tile w, uint8_t head[NARROW_HEAD], uint8_t *strips, size_t step) {
  struct narrow_parts p;
  narrow_split(w, &p);
  if (!narrow_place(&p, head)) {
    memset(head, NARROW_MISSING, NARROW_HEAD);
    return false;
  }
  for (int s = 0; s < TILE_STRIPS; s++, strips += step)
    for (int q = 0; q < 4; q++) {
      u8x16 fraction[2], place[2];
      narrow_order(&p.fraction[4 * q][STRIP_COLUMNS * s], fraction);
      narrow_order(&p.exponent[4 * q][STRIP_COLUMNS * s], place);
      u8x16_store(strips + 16 * q, place[0] | place[1] << (u8x16)4);
      u8x16_store(strips + 64 + 16 * q, fraction[0]);
      u8x16_store(strips + 128 + 16 * q, fraction[1]);
    }
  return true;
}

// What a place adds to the upper and to the lower byte of a BF16; false when one of the tiles is missing.
INLINE bool narrow_tables(const uint8_t *heads, uint8_t (*tables)[32], uint32_t count) {
  bool present = true;
  UNROLL for (uint32_t i = 0; i < count; i++) {
    const u8x16 exponents = u8x16_load(heads + NARROW_HEAD * i);
    present &= heads[NARROW_HEAD * i] != NARROW_MISSING;
    u8x16_store(tables[i], exponents >> (u8x16)1);
    u8x16_store(tables[i] + 16, exponents << (u8x16)7);
  }
  return present;
}

// Four columns of BF16 from places, and signs and fractions.
INLINE void narrow_widen_four(u8x64 place, u8x64 fraction, const uint8_t table[32], f32x16 out[4]) {
  const u8x64 upper = u8x64_lookup(table, place) | (fraction & (u8x64)0x80);
  const u8x64 lower = u8x64_lookup(table + 16, place) | (fraction & (u8x64)0x7f);
#define ZIP(lane, from)                                                                                  \
  16 * lane + from, 64 + 16 * lane + from, 16 * lane + from + 1, 65 + 16 * lane + from,                  \
      16 * lane + from + 2, 66 + 16 * lane + from, 16 * lane + from + 3, 67 + 16 * lane + from,          \
      16 * lane + from + 4, 68 + 16 * lane + from, 16 * lane + from + 5, 69 + 16 * lane + from,          \
      16 * lane + from + 6, 70 + 16 * lane + from, 16 * lane + from + 7, 71 + 16 * lane + from
  const u32x16 first = (u32x16)__builtin_shufflevector(lower, upper, ZIP(0, 0), ZIP(1, 0), ZIP(2, 0), ZIP(3, 0));
  const u32x16 second = (u32x16)__builtin_shufflevector(lower, upper, ZIP(0, 8), ZIP(1, 8), ZIP(2, 8), ZIP(3, 8));
#undef ZIP
  out[0] = (f32x16)(first << 16u);
  out[1] = (f32x16)(first & 0xffff0000u);
  out[2] = (f32x16)(second << 16u);
  out[3] = (f32x16)(second & 0xffff0000u);
}
INLINE void narrow_widen_strip(const uint8_t *strip, const uint8_t table[32], f32x16 out[STRIP_COLUMNS]) {
  const u8x64 places = u8x64_load(strip);
  narrow_widen_four(places & (u8x64)15, u8x64_load(strip + 64), table, out);
  narrow_widen_four(u8x64_shr(places, 4) & (u8x64)15, u8x64_load(strip + 128), table, out + 4);
}
