// Q5_1: 32 values, w = d * q + m. Nibbles as in Q4_1, and a fifth bit.
#pragma once
#include "fifth_bits.h"

typedef struct {
  _Float16 d, m;
  uint8_t qh[4], qs[16];
} block_q5_1;
typedef struct {
  _Float16 d[2][16], m[2][16];
  nibbles_and_bit q[2];
} tile_q5_1;
enum { q5_1_columns = 64, q5_1_group = 32, q5_1_bias_shift = NO_BIAS, q5_1_bits = 5, q5_1_min = 1 };

INLINE void q5_1_codes(const block_q5_1 *b, uint8_t codes[32]) {
  split_nibbles(b->qs, codes);
  add_fifth_bits(b->qh, codes);
}
INLINE void q5_1_block_scales(const block_q5_1 *b, float *scale, float *min) {
  scale[0] = (float)b->d;
  min[0] = -(float)b->m;
}
INLINE void q5_1_pack(tile_q5_1 *t, int row, const block_q5_1 *b, const uint8_t *codes) {
  for (int i = 0; i < 2; i++) {
    pack_nibbles_and_bit(&t->q[i], row, codes + 32 * i);
    t->d[i][row] = b[i].d;
    t->m[i][row] = b[i].m;
  }
}
INLINE void q5_1_unpack(const tile_q5_1 *t, int j, u8x64 codes[8]) { unpack_nibbles_and_bit(&t->q[j], codes); }
INLINE void q5_1_scales(const tile_q5_1 *t, int j, f32x16 *scale, f32x16 *min) {
  scale[0] = f16_scales(t->d[j]);
  min[0] = f16_scales(t->m[j]);
}
