// Q4_0: 32 values, w = d * (q - 8). Values 0 to 15 are the low nibbles, 16 to 31 the high ones.
#pragma once
#include "integer.h"

typedef struct {
  _Float16 d;
  uint8_t qs[16];
} block_q4_0;
typedef struct {
  _Float16 d[2][16];
  uint8_t qs[2][4][64];
} tile_q4_0;
enum { q4_0_columns = 64, q4_0_group = 32, q4_0_bias_shift = 3, q4_0_bits = 4, q4_0_min = 0 };

INLINE void q4_0_codes(const block_q4_0 *b, uint8_t codes[32]) {
  split_nibbles(b->qs, codes);
}
INLINE void q4_0_block_scales(const block_q4_0 *b, float *scale, float *min) {
  scale[0] = (float)b->d;
  (void)min;
}
INLINE void q4_0_pack(tile_q4_0 *t, int row, const block_q4_0 *b, const uint8_t *codes) {
  for (int i = 0; i < 2; i++) {
    pack_nibbles(t->qs[i], row, codes + 32 * i);
    t->d[i][row] = b[i].d;
  }
}
INLINE void q4_0_unpack(const tile_q4_0 *t, int j, u8x64 codes[8]) { unpack_nibbles(t->qs[j], codes); }
INLINE void q4_0_scales(const tile_q4_0 *t, int j, f32x16 *scale, f32x16 *min) {
  scale[0] = f16_scales(t->d[j]);
  (void)min;
}
