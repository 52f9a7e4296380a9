// Q2_0: 64 values, w = d * (q - 1). A byte has four consecutive values.
#pragma once
#include "wide.h"

typedef struct {
  _Float16 d;
  uint8_t qs[16];
} block_q2_0;

INLINE void q2_0_codes(const block_q2_0 *b, uint8_t codes[64]) {
  for (int i = 0; i < 64; i++) codes[i] = (uint8_t)((b->qs[i / 4] >> 2 * (i % 4) & 3) - 1);
}
INLINE void q2_0_block_scales(const block_q2_0 *b, float *scale, float *min) {
  for (int g = 0; g < 2; g++) scale[g] = (float)b->d;
  (void)min;
}
