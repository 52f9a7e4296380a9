// Q5_0: 32 values, w = d * (q - 16). Nibbles as in Q4_0, and a fifth bit.
#pragma once
#include "fifth_bits.h"

typedef struct {
  _Float16 d;
  uint8_t qh[4], qs[16];
} block_q5_0;
typedef struct {
  _Float16 d[2][16];
  nibbles_and_bit q[2];
} tile_q5_0;
enum { q5_0_columns = 64, q5_0_group = 32, q5_0_bias_shift = 4, q5_0_bits = 5, q5_0_min = 0 };

INLINE void q5_0_codes(const block_q5_0 *b, uint8_t codes[32]) {
  split_nibbles(b->qs, codes);
  add_fifth_bits(b->qh, codes);
}
INLINE void q5_0_block_scales(const block_q5_0 *b, float *scale, float *min) {
  scale[0] = (float)b->d;
  (void)min;
}
INLINE void q5_0_pack(tile_q5_0 *t, int row, const block_q5_0 *b, const uint8_t *codes) {
  for (int i = 0; i < 2; i++) {
    pack_nibbles_and_bit(&t->q[i], row, codes + 32 * i);
    t->d[i][row] = b[i].d;
  }
}
INLINE void q5_0_unpack(const tile_q5_0 *t, int j, u8x64 codes[8]) { unpack_nibbles_and_bit(&t->q[j], codes); }
INLINE void q5_0_scales(const tile_q5_0 *t, int j, f32x16 *scale, f32x16 *min) {
  scale[0] = f16_scales(t->d[j]);
  (void)min;
}
