// The 256 pairs of bits of Q2_K and Q3_K in 64 bytes: group pair j = 4h + s (32 values) has bits 2s of the bytes
// qs[32h].
#pragma once
#include "integer.h"

INLINE void k_pairs(const uint8_t qs[64], uint8_t codes[256]) {
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 32; i++) codes[32 * j + i] = qs[32 * (j / 4) + i] >> 2 * (j % 4) & 3;
}
