// TQ1_0: 256 values, w = d * (digit - 1) with ternary digits, the first of them the leading digit of byte / 256 in base
// 3: five in each of 48 bytes (the k-th digits of 32 bytes, then of 16, are consecutive values), four in each of 4.
#pragma once
#include "wide.h"

typedef struct {
  uint8_t qs[48], qh[4];
  _Float16 d;
} block_tq1_0;

INLINE uint8_t *ternary_digits(const uint8_t *bytes, int count, int digits, uint8_t *codes) {
  for (uint32_t k = 0, power = 1; k < (uint32_t)digits; k++, power *= 3)
    for (int i = 0; i < count; i++) *codes++ = (uint8_t)((bytes[i] * power % 256 * 3 >> 8) - 1);
  return codes;
}
INLINE void tq1_0_codes(const block_tq1_0 *b, uint8_t codes[256]) {
  codes = ternary_digits(b->qs, 32, 5, codes);
  codes = ternary_digits(b->qs + 32, 16, 5, codes);
  ternary_digits(b->qh, 4, 4, codes);
}
INLINE void tq1_0_block_scales(const block_tq1_0 *b, float *scale, float *min) {
  for (int g = 0; g < 8; g++) scale[g] = (float)b->d;
  (void)min;
}
