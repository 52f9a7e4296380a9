// Points of the IQ code books to codes, eight at a time in a 64-bit word: byte i is code i.
#pragma once
#include "integer.h"

static const uint64_t ONE_IN_EACH_BYTE = 0x0101010101010101u;

// A point of eight digits 0, 1 or 2 of two bits each, the first lowest, with the value of each digit; values ascend.
INLINE uint64_t digits_to_values(uint32_t point, uint32_t v0, uint32_t v1, uint32_t v2) {
  uint64_t x = point;
  x = (x | x << 24) & 0x000000ff000000ffu;
  x = (x | x << 12) & 0x000f000f000f000fu;
  x = (x | x << 6) & 0x0303030303030303u;
  return ONE_IN_EACH_BYTE * v0 + (x & ONE_IN_EACH_BYTE) * (v1 - v0) + (x >> 1 & ONE_IN_EACH_BYTE) * (v2 - v0);
}
// Bit i of `signs` makes code i its opposite. Codes are not 0, so no carry leaves a byte.
INLINE uint64_t with_signs(uint64_t codes, uint32_t signs) {
  uint64_t minus = signs * ONE_IN_EACH_BYTE & 0x8040201008040201u;  // Byte i is not 0 where bit i is set.
  minus = (minus + 0x7f7f7f7f7f7f7f7fu) >> 7 & ONE_IN_EACH_BYTE;
  return (codes ^ minus * 255) + minus;
}
// Seven signs are stored; the eighth makes the number of minuses even.
INLINE uint32_t eight_signs(uint32_t seven) { return seven | (uint32_t)(__builtin_popcount(seven) & 1) << 7; }

INLINE uint64_t iq2_point(uint32_t point, const uint8_t values[3], uint32_t signs) {
  return with_signs(digits_to_values(point, values[0], values[1], values[2]), signs);
}
