// Q2_K: 256 values in sixteen groups of 16, w = d * scale * q - dmin * min with 4-bit scales (low half of a byte) and
// mins.
#pragma once
#include "k_pairs.h"

typedef struct {
  uint8_t scales[16], qs[64];
  _Float16 d, dmin;
} block_q2_k;
typedef struct {
  _Float16 d[16], dmin[16];
  uint8_t scales[16][16];
  uint8_t qs[8][2][64];
} tile_q2_k;
enum { q2_k_columns = 256, q2_k_group = 16, q2_k_bias_shift = NO_BIAS, q2_k_bits = 2, q2_k_min = 1 };

INLINE void q2_k_codes(const block_q2_k *b, uint8_t codes[256]) { k_pairs(b->qs, codes); }
INLINE void q2_k_block_scales(const block_q2_k *b, float *scale, float *min) {
  for (int g = 0; g < 16; g++) {
    scale[g] = (float)b->d * (float)(b->scales[g] & 15);
    min[g] = (float)b->dmin * (float)(b->scales[g] >> 4);
  }
}
INLINE void q2_k_pack(tile_q2_k *t, int row, const block_q2_k *b, const uint8_t *codes) {
  for (int j = 0; j < 8; j++) pack_two_bits(t->qs[j], row, codes + 32 * j, 0);
  for (int g = 0; g < 16; g++) t->scales[g][row] = b->scales[g];
  t->d[row] = b->d;
  t->dmin[row] = b->dmin;
}
INLINE void q2_k_unpack(const tile_q2_k *t, int j, u8x64 codes[8]) {
  for (int k = 0; k < 8; k++) codes[k] = u8x64_set(0);
  unpack_two_bits(t->qs[j], codes, 0);
}
INLINE void q2_k_scales(const tile_q2_k *t, f32x16 *scale, f32x16 *min) {
  const f32x16 d = f16_scales(t->d), dmin = -f16_scales(t->dmin);
  for (int g = 0; g < 16; g++) {
    const i32x16 packed = __builtin_convertvector(u8x16_load(t->scales[g]), i32x16);
    scale[g] = d * f32x16_from_i32(packed & 15);
    min[g] = dmin * f32x16_from_i32(packed >> 4);
  }
}
