// Q4_K: 256 values in eight groups of 32, w = d * scale * q - dmin * min with 6-bit scales and mins. Of each 32 bytes,
// the low nibbles are one group and the high ones the next.
#pragma once
#include "k_scales.h"

typedef struct {
  _Float16 d, dmin;
  uint8_t scales[12], qs[128];
} block_q4_k;
typedef struct {
  _Float16 d[16], dmin[16];
  uint8_t scales[3][64];
  uint8_t qs[8][4][64];
} tile_q4_k;
enum { q4_k_columns = 256, q4_k_group = 32, q4_k_bias_shift = NO_BIAS, q4_k_bits = 4, q4_k_min = 1 };

INLINE void q4_k_codes(const block_q4_k *b, uint8_t codes[256]) {
  for (int j = 0; j < 4; j++)
    for (int i = 0; i < 32; i++) {
      codes[64 * j + i] = b->qs[32 * j + i] & 15;
      codes[64 * j + 32 + i] = b->qs[32 * j + i] >> 4;
    }
}
INLINE void q4_k_block_scales(const block_q4_k *b, float *scale, float *min) {
  k_block_scales(b->d, b->dmin, b->scales, scale, min);
}
INLINE void q4_k_pack(tile_q4_k *t, int row, const block_q4_k *b, const uint8_t *codes) {
  for (int j = 0; j < 8; j++) pack_nibbles(t->qs[j], row, codes + 32 * j);
  k_pack_scales(t->scales, row, b->scales);
  t->d[row] = b->d;
  t->dmin[row] = b->dmin;
}
INLINE void q4_k_unpack(const tile_q4_k *t, int j, u8x64 codes[8]) { unpack_nibbles(t->qs[j], codes); }
INLINE void q4_k_scales(const tile_q4_k *t, int j, f32x16 *scale, f32x16 *min) {
  k_scales(t->d, t->dmin, t->scales, j, scale, min);
}
