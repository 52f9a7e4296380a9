// IQ1_M: 256 values in sixteen groups of 16, w = d * (2 scale + 1) * (point +- 1/8). Point i of eight values has its
// low eight bits in qs[i], its high three and the sign of the 1/8 in nibble i of qh. A word has four 3-bit scales; the
// top four bits of the four words are d.
#pragma once
#include "iq1_points.h"
#include "wide.h"

typedef struct {
  uint8_t qs[32], qh[16];
  uint16_t scales[4];
} block_iq1_m;

INLINE void iq1_m_codes(const block_iq1_m *b, uint8_t codes[256]) {
  for (int i = 0; i < 32; i++) {
    const uint32_t nibble = b->qh[i / 2] >> 4 * (i % 2) & 15;
    store64(codes + 8 * i, iq1_point(b->qs[i] | (nibble & 7) << 8, nibble >> 3));
  }
}
INLINE void iq1_m_block_scales(const block_iq1_m *b, float *scale, float *min) {
  uint16_t bits = 0;
  for (int i = 0; i < 4; i++) bits |= (uint16_t)(b->scales[i] >> 12 << 4 * i);
  _Float16 d;
  memcpy(&d, &bits, 2);
  for (int g = 0; g < 16; g++) scale[g] = (float)d * (float)(2 * (b->scales[g / 4] >> 3 * (g % 4) & 7) + 1) * 0.125f;
  (void)min;
}
