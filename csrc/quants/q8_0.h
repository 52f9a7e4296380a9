// Q8_0: 32 values, w = d * q with q in -128..127.
#pragma once
#include "integer.h"

typedef struct {
  _Float16 d;
  int8_t qs[32];
} block_q8_0;
typedef struct {
  _Float16 d[2][16];
  uint8_t qs[2][8][64];
} tile_q8_0;
enum { q8_0_columns = 64, q8_0_group = 32, q8_0_bias_shift = NO_BIAS, q8_0_bits = SIGNED_BITS, q8_0_min = 0 };

INLINE void q8_0_codes(const block_q8_0 *b, uint8_t codes[32]) { memcpy(codes, b->qs, 32); }
INLINE void q8_0_block_scales(const block_q8_0 *b, float *scale, float *min) {
  scale[0] = (float)b->d;
  (void)min;
}
INLINE void q8_0_pack(tile_q8_0 *t, int row, const block_q8_0 *b, const uint8_t *codes) {
  for (int i = 0; i < 2; i++) {
    pack_bytes(t->qs[i], row, codes + 32 * i);
    t->d[i][row] = b[i].d;
  }
}
INLINE void q8_0_unpack(const tile_q8_0 *t, int j, u8x64 codes[8]) { unpack_bytes(t->qs[j], codes); }
INLINE void q8_0_scales(const tile_q8_0 *t, int j, f32x16 *scale, f32x16 *min) {
  scale[0] = f16_scales(t->d[j]);
  (void)min;
}
