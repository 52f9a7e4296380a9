// IQ3_S: 256 values in eight groups of 32, w = d * (2 scale + 1) * code. Point i of four codes has its low eight bits
// in qs[i], its ninth in bit i of qh; bit i of signs belongs to value i; scale j is nibble j.
#pragma once
#include "iq_points.h"
#include "tables/iq3_s.h"
#include "wide.h"

typedef struct {
  _Float16 d;
  uint8_t qs[64], qh[8], signs[32], scales[4];
} block_iq3_s;

INLINE void iq3_s_codes(const block_iq3_s *b, uint8_t codes[256]) {
  for (int i = 0; i < 32; i++) {
    const uint32_t ninth = b->qh[i / 4] >> 2 * (i % 4);
    const uint64_t low = iq3_s_grid[b->qs[2 * i] | (ninth & 1) << 8];
    const uint64_t high = iq3_s_grid[b->qs[2 * i + 1] | (ninth >> 1 & 1) << 8];
    store64(codes + 8 * i, with_signs(low | high << 32, b->signs[i]));
  }
}
INLINE void iq3_s_block_scales(const block_iq3_s *b, float *scale, float *min) {
  for (int j = 0; j < 8; j++) scale[j] = (float)b->d * (float)(2 * (b->scales[j / 2] >> 4 * (j % 2) & 15) + 1);
  (void)min;
}
