// IQ3_XXS: 256 values in eight groups of 32, w = d * (scale + 1/2) / 2 * code. 64 points of four codes; then for each
// group a word with four times seven signs and the 4-bit scale on top.
#pragma once
#include "iq_points.h"
#include "tables/iq3_xxs.h"
#include "wide.h"

typedef struct {
  _Float16 d;
  uint8_t qs[64], signs[8][4];
} block_iq3_xxs;

INLINE void iq3_xxs_codes(const block_iq3_xxs *b, uint8_t codes[256]) {
  for (int i = 0; i < 32; i++) {
    const uint64_t low = iq3_xxs_grid[b->qs[2 * i]], high = iq3_xxs_grid[b->qs[2 * i + 1]];
    const uint32_t signs = load32(b->signs[i / 4]) >> 7 * (i % 4) & 127;
    store64(codes + 8 * i, with_signs(low | high << 32, eight_signs(signs)));
  }
}
INLINE void iq3_xxs_block_scales(const block_iq3_xxs *b, float *scale, float *min) {
  for (int j = 0; j < 8; j++) scale[j] = (float)b->d * (0.5f + (float)(load32(b->signs[j]) >> 28)) * 0.5f;
  (void)min;
}
