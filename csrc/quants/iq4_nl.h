// IQ4_NL: 32 values, w = d * v[q], nibbles as in Q4_0. Tiles keep the nibbles.
#pragma once
#include "integer.h"
#include "tables/iq4_nl.h"

typedef struct {
  _Float16 d;
  uint8_t qs[16];
} block_iq4_nl;
typedef struct {
  _Float16 d[2][16];
  uint8_t qs[2][4][64];
} tile_iq4_nl;
enum { iq4_nl_columns = 64, iq4_nl_group = 32, iq4_nl_bias_shift = NO_BIAS, iq4_nl_bits = SIGNED_BITS, iq4_nl_min = 0 };

INLINE void iq4_nl_codes(const block_iq4_nl *b, uint8_t codes[32]) {
  split_values(b->qs, (const uint8_t *)iq4_nl_values, codes);
}
INLINE void iq4_nl_block_scales(const block_iq4_nl *b, float *scale, float *min) {
  scale[0] = (float)b->d;
  (void)min;
}
INLINE void iq4_nl_pack(tile_iq4_nl *t, int row, const block_iq4_nl *b, const uint8_t *codes) {
  for (int i = 0; i < 2; i++) {
    pack_split_nibbles(t->qs[i], row, b[i].qs);
    t->d[i][row] = b[i].d;
  }
  (void)codes;
}
INLINE void iq4_nl_unpack(const tile_iq4_nl *t, int j, u8x64 codes[8]) {
  unpack_nibbles(t->qs[j], codes);
  look_up((const uint8_t *)iq4_nl_values, codes);
}
INLINE void iq4_nl_scales(const tile_iq4_nl *t, int j, f32x16 *scale, f32x16 *min) {
  scale[0] = f16_scales(t->d[j]);
  (void)min;
}
