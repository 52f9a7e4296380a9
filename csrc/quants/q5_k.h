// Q5_K: as Q4_K with a fifth bit: bit j of qh[i] belongs to value i of group j.
#pragma once
#include "k_scales.h"

typedef struct {
  _Float16 d, dmin;
  uint8_t scales[12], qh[32], qs[128];
} block_q5_k;
typedef struct {
  _Float16 d[16], dmin[16];
  uint8_t scales[3][64];
  nibbles_and_bit q[8];
} tile_q5_k;
enum { q5_k_columns = 256, q5_k_group = 32, q5_k_bias_shift = NO_BIAS, q5_k_bits = 5, q5_k_min = 1 };

INLINE void q5_k_codes(const block_q5_k *b, uint8_t codes[256]) {
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 32; i++) {
      const uint8_t low = (uint8_t)(b->qs[32 * (j / 2) + i] >> 4 * (j % 2) & 15);
      codes[32 * j + i] = (uint8_t)(low | (b->qh[i] >> j & 1) << 4);
    }
}
INLINE void q5_k_block_scales(const block_q5_k *b, float *scale, float *min) {
  k_block_scales(b->d, b->dmin, b->scales, scale, min);
}
INLINE void q5_k_pack(tile_q5_k *t, int row, const block_q5_k *b, const uint8_t *codes) {
  for (int j = 0; j < 8; j++) pack_nibbles_and_bit(&t->q[j], row, codes + 32 * j);
  k_pack_scales(t->scales, row, b->scales);
  t->d[row] = b->d;
  t->dmin[row] = b->dmin;
}
INLINE void q5_k_unpack(const tile_q5_k *t, int j, u8x64 codes[8]) { unpack_nibbles_and_bit(&t->q[j], codes); }
INLINE void q5_k_scales(const tile_q5_k *t, int j, f32x16 *scale, f32x16 *min) {
  k_scales(t->d, t->dmin, t->scales, j, scale, min);
}
