// Q1_0: 128 values, w = d where a bit is set and -d where it is not.
#pragma once
#include "wide.h"

typedef struct {
  _Float16 d;
  uint8_t qs[16];
} block_q1_0;

INLINE void q1_0_codes(const block_q1_0 *b, uint8_t codes[128]) {
  for (int i = 0; i < 128; i++) codes[i] = b->qs[i / 8] >> i % 8 & 1 ? 1 : 255;
}
INLINE void q1_0_block_scales(const block_q1_0 *b, float *scale, float *min) {
  for (int g = 0; g < 4; g++) scale[g] = (float)b->d;
  (void)min;
}
