// TQ2_0: 256 values, w = d * (q - 1). The pairs of bits lie as in Q2_K.
#pragma once
#include "k_pairs.h"
#include "wide.h"

typedef struct {
  uint8_t qs[64];
  _Float16 d;
} block_tq2_0;

INLINE void tq2_0_codes(const block_tq2_0 *b, uint8_t codes[256]) {
  k_pairs(b->qs, codes);
  for (int i = 0; i < 256; i++) codes[i] -= 1;
}
INLINE void tq2_0_block_scales(const block_tq2_0 *b, float *scale, float *min) {
  for (int g = 0; g < 8; g++) scale[g] = (float)b->d;
  (void)min;
}
