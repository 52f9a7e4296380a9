// IQ2_XS: 256 values in sixteen groups of 16, w = d * (scale + 1/2) / 4 * code. Each word has 9 bits of a point of
// eight codes and seven signs; scale g is nibble g.
#pragma once
#include "iq_points.h"
#include "tables/iq2_xs.h"
#include "wide.h"

typedef struct {
  _Float16 d;
  uint16_t qs[32];
  uint8_t scales[8];
} block_iq2_xs;

INLINE void iq2_xs_codes(const block_iq2_xs *b, uint8_t codes[256]) {
  for (int i = 0; i < 32; i++) {
    const uint32_t point = iq2_xs_grid[b->qs[i] & 511], signs = b->qs[i] >> 9;
    store64(codes + 8 * i, iq2_point(point, iq2_xs_values, eight_signs(signs)));
  }
}
INLINE void iq2_xs_block_scales(const block_iq2_xs *b, float *scale, float *min) {
  for (int g = 0; g < 16; g++)
    scale[g] = (float)b->d * (0.5f + (float)(b->scales[g / 2] >> 4 * (g % 2) & 15)) * 0.25f;
  (void)min;
}
