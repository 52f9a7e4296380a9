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
  uint8_t qs[4][4][64];  // Vector k of 64 columns: group g of 16 columns in bits 2 g, columns 4 k to 4 k + 3 of it.
} tile_q2_k;
enum { q2_k_columns = 256, q2_k_group = 16, q2_k_bias_shift = NO_BIAS, q2_k_bits = 2, q2_k_min = 1 };

// Where dot products take all of a byte, codes stay in their place, 1, 4, 16 or 64 times as large, and scales are made
// smaller by as much, which is exact: 6 of 43 vector instructions for 32 columns were shifts.
enum { Q2_K_IN_PLACE = DOT_BITS == 8 };

INLINE void q2_k_codes(const block_q2_k *b, uint8_t codes[256]) { k_pairs(b->qs, codes); }
INLINE void q2_k_block_scales(const block_q2_k *b, float *scale, float *min) {
  for (int g = 0; g < 16; g++) {
    scale[g] = (float)b->d * (float)(b->scales[g] & 15);
    min[g] = (float)b->dmin * (float)(b->scales[g] >> 4);
  }
}
INLINE void q2_k_pack(tile_q2_k *t, int row, const block_q2_k *b, const uint8_t *codes) {
  for (int q = 0; q < 4; q++)
    for (int k = 0; k < 4; k++) {
      uint32_t w = 0;
      for (int g = 0; g < 4; g++) w |= load32(codes + 64 * q + 16 * g + 4 * k) << 2 * g;
      store32(t->qs[q][k] + 4 * row, w);
    }
  for (int g = 0; g < 16; g++) t->scales[g][row] = b->scales[g];
  t->d[row] = b->d;
  t->dmin[row] = b->dmin;
}
INLINE void q2_k_unpack(const tile_q2_k *t, int j, u8x64 codes[8]) {
  for (int k = 0; k < 8; k++) {
    const int place = 2 * (2 * (j % 2) + k / 4);
    const u8x64 v = u8x64_load(t->qs[j / 2][k % 4]);
    codes[k] = Q2_K_IN_PLACE ? v & u8x64_set((uint8_t)(3 << place)) : u8x64_shr(v, place) & u8x64_set(3);
  }
}
INLINE void q2_k_scales(const tile_q2_k *t, int j, f32x16 *scale, f32x16 *min) {
  for (int h = 0; h < 2; h++) {
    const int place = 2 * (2 * (j % 2) + h);
    const float part = Q2_K_IN_PLACE ? 1.0f / (float)(1 << place) : 1;
    const i32x16 packed = __builtin_convertvector(u8x16_load(t->scales[2 * j + h]), i32x16);
    scale[h] = f16_scales(t->d) * f32x16_set(part) * f32x16_from_i32(packed & 15);
    min[h] = -f16_scales(t->dmin) * f32x16_from_i32(packed >> 4);
  }
}
