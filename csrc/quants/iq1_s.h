// IQ1_S: 256 values in eight groups of 32, w = d * (2 scale + 1) * (point +- 1/8). Point i of eight values has its low
// eight bits in qs[i]; the word of a group has the high three bits of its four points, the scale and on top the sign of
// the 1/8.
#pragma once
#include "iq1_points.h"
#include "wide.h"

typedef struct {
  _Float16 d;
  uint8_t qs[32];
  uint16_t qh[8];
} block_iq1_s;

INLINE void iq1_s_codes(const block_iq1_s *b, uint8_t codes[256]) {
  for (int i = 0; i < 32; i++) {
    const uint32_t word = b->qh[i / 4];
    store64(codes + 8 * i, iq1_point(b->qs[i] | (word >> 3 * (i % 4) & 7) << 8, word >> 15));
  }
}
INLINE void iq1_s_block_scales(const block_iq1_s *b, float *scale, float *min) {
  for (int j = 0; j < 8; j++) scale[j] = (float)b->d * (float)(2 * (b->qh[j] >> 12 & 7) + 1) * 0.125f;
  (void)min;
}
