// IQ2_S: 256 values in sixteen groups of 16, w = d * (scale + 1/2) / 4 * code. Point i of eight codes has its low eight
// bits in qs[i], its high two in pair i of qh, its signs in signs[i]; scale g is nibble g.
#pragma once
#include "iq_points.h"
#include "tables/iq2_s.h"
#include "wide.h"

typedef struct {
  _Float16 d;
  uint8_t qs[32], signs[32], qh[8], scales[8];
} block_iq2_s;

INLINE void iq2_s_codes(const block_iq2_s *b, uint8_t codes[256]) {
  for (int i = 0; i < 32; i++) {
    const uint32_t point = iq2_s_grid[b->qs[i] | (b->qh[i / 4] >> 2 * (i % 4) & 3) << 8];
    store64(codes + 8 * i, iq2_point(point, iq2_s_values, b->signs[i]));
  }
}
INLINE void iq2_s_block_scales(const block_iq2_s *b, float *scale, float *min) {
  for (int g = 0; g < 16; g++)
    scale[g] = (float)b->d * (0.5f + (float)(b->scales[g / 2] >> 4 * (g % 2) & 15)) * 0.25f;
  (void)min;
}
