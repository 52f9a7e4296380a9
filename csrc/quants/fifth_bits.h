// The 32 fifth bits of Q5_0 and Q5_1, as a little-endian word: bit i belongs to value i.
#pragma once
#include "integer.h"

INLINE void add_fifth_bits(const uint8_t qh[4], uint8_t codes[32]) {
  const uint32_t bits = load32(qh);
  for (int i = 0; i < 32; i++) codes[i] |= (uint8_t)((bits >> i & 1) << 4);
}
