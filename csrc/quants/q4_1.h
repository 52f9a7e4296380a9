// Q4_1: 32 values, w = d * q + m. The m of the file is the opposite of a min.
#pragma once
#include "integer.h"

typedef struct {
  _Float16 d, m;
  uint8_t qs[16];
} block_q4_1;
typedef struct {
  _Float16 d[2][16], m[2][16];
  uint8_t qs[2][4][64];
} tile_q4_1;
enum { q4_1_columns = 64, q4_1_group = 32, q4_1_bias_shift = NO_BIAS, q4_1_bits = 4, q4_1_min = 1 };

INLINE void q4_1_codes(const block_q4_1 *b, uint8_t codes[32]) { split_nibbles(b->qs, codes); }
INLINE void q4_1_block_scales(const block_q4_1 *b, float *scale, float *min) {
  scale[0] = (float)b->d;
  min[0] = -(float)b->m;
}
INLINE void q4_1_pack(tile_q4_1 *t, int row, const block_q4_1 *b, const uint8_t *codes) {
  for (int i = 0; i < 2; i++) {
    pack_nibbles(t->qs[i], row, codes + 32 * i);
    t->d[i][row] = b[i].d;
    t->m[i][row] = b[i].m;
  }
}
INLINE void q4_1_unpack(const tile_q4_1 *t, int j, u8x64 codes[8]) { unpack_nibbles(t->qs[j], codes); }
INLINE void q4_1_scales(const tile_q4_1 *t, int j, f32x16 *scale, f32x16 *min) {
  scale[0] = f16_scales(t->d[j]);
  min[0] = f16_scales(t->m[j]);
}
