// Q6_K: 256 values in sixteen groups of 16, w = d * scale * (q - 32) with int8 scales. Group pair j = 4h + s (32
// values) has its low four bits in half s / 2 of the bytes ql[64h + 32 (s % 2)], its high two in bits 2s of qh[32h].
#pragma once
#include "integer.h"

typedef struct {
  uint8_t ql[128], qh[64];
  int8_t scales[16];
  _Float16 d;
} block_q6_k;
typedef struct {
  _Float16 d[16];
  uint8_t unused[32];  // 210 * 16 bytes are half a cache line short of whole ones; 1 % buys aligned loads.
  struct {
    int8_t scales[4][16];
    struct {
      uint8_t low[4][64], high[2][64];
    } q[2];
  } part[4];  // 64 columns
} tile_q6_k;
enum { q6_k_columns = 256, q6_k_group = 16, q6_k_bias_shift = 5, q6_k_bits = 6, q6_k_min = 0 };

INLINE void q6_k_codes(const block_q6_k *b, uint8_t codes[256]) {
  for (int j = 0; j < 8; j++) {
    const int h = j / 4, s = j % 4;
    for (int i = 0; i < 32; i++) {
      const uint8_t low = (uint8_t)(b->ql[64 * h + 32 * (s % 2) + i] >> 4 * (s / 2) & 15);
      codes[32 * j + i] = (uint8_t)(low | (b->qh[32 * h + i] >> 2 * s & 3) << 4);
    }
  }
}
INLINE void q6_k_block_scales(const block_q6_k *b, float *scale, float *min) {
  for (int g = 0; g < 16; g++) scale[g] = (float)b->d * (float)b->scales[g];
  (void)min;
}
INLINE void q6_k_pack(tile_q6_k *t, int row, const block_q6_k *b, const uint8_t *codes) {
  for (int j = 0; j < 8; j++) {
    pack_nibbles(t->part[j / 2].q[j % 2].low, row, codes + 32 * j);
    pack_two_bits(t->part[j / 2].q[j % 2].high, row, codes + 32 * j, 4);
  }
  for (int g = 0; g < 16; g++) t->part[g / 4].scales[g % 4][row] = b->scales[g];
  t->d[row] = b->d;
}
INLINE void q6_k_unpack(const tile_q6_k *t, int j, u8x64 codes[8]) {
  unpack_nibbles(t->part[j / 2].q[j % 2].low, codes);
  unpack_two_bits(t->part[j / 2].q[j % 2].high, codes, 4);
}
INLINE void q6_k_scales(const tile_q6_k *t, int j, f32x16 *scale, f32x16 *min) {
  for (int h = 0; h < 2; h++) {
    const i8x16 s = i8x16_load(t->part[j / 2].scales[2 * (j % 2) + h]);
    scale[h] = f16_scales(t->d) * __builtin_convertvector(s, f32x16);
  }
  (void)min;
}
