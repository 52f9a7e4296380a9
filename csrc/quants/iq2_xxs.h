// IQ2_XXS: 256 values in eight groups of 32, w = d * (scale + 1/2) / 4 * code. A group has 8 bytes: four points of
// eight codes, then a word with four times seven signs and the 4-bit scale on top.
#pragma once
#include "iq_points.h"
#include "tables/iq2_xxs.h"
#include "wide.h"

typedef struct {
  _Float16 d;
  uint8_t qs[64];
} block_iq2_xxs;

INLINE void iq2_xxs_codes(const block_iq2_xxs *b, uint8_t codes[256]) {
  for (int i = 0; i < 32; i++) {
    const uint8_t *group = b->qs + 8 * (i / 4);
    const uint32_t point = iq2_xxs_grid[group[i % 4]], signs = load32(group + 4) >> 7 * (i % 4) & 127;
    store64(codes + 8 * i, iq2_point(point, iq2_xxs_values, eight_signs(signs)));
  }
}
INLINE void iq2_xxs_block_scales(const block_iq2_xxs *b, float *scale, float *min) {
  for (int j = 0; j < 8; j++) scale[j] = (float)b->d * (0.5f + (float)(load32(b->qs + 8 * j + 4) >> 28)) * 0.25f;
  (void)min;
}
