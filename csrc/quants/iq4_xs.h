// IQ4_XS: 256 values in eight groups of 32, w = d * (scale - 32) * v[q] with the values v of IQ4_NL and 6-bit scales:
// the low four bits of scale j are nibble j of scales_l, the high two are bits 2j of scales_h. Tiles keep the nibbles.
#pragma once
#include "integer.h"
#include "tables/iq4_nl.h"

typedef struct {
  _Float16 d;
  uint16_t scales_h;
  uint8_t scales_l[4], qs[128];
} block_iq4_xs;
typedef struct {
  _Float16 d[16];
  uint16_t scales_h[16];
  uint8_t scales_l[64];
  uint8_t qs[8][4][64];
} tile_iq4_xs;
enum { iq4_xs_columns = 256, iq4_xs_group = 32, iq4_xs_bias_shift = NO_BIAS };
enum { iq4_xs_bits = SIGNED_BITS, iq4_xs_min = 0 };

INLINE void iq4_xs_codes(const block_iq4_xs *b, uint8_t codes[256]) {
  for (int j = 0; j < 8; j++) split_values(b->qs + 16 * j, (const uint8_t *)iq4_nl_values, codes + 32 * j);
}
INLINE void iq4_xs_block_scales(const block_iq4_xs *b, float *scale, float *min) {
  const uint32_t low = load32(b->scales_l);
  for (int j = 0; j < 8; j++)
    scale[j] = (float)b->d * (float)((int)((low >> 4 * j & 15) | (b->scales_h >> 2 * j & 3u) << 4) - 32);
  (void)min;
}
INLINE void iq4_xs_pack(tile_iq4_xs *t, int row, const block_iq4_xs *b, const uint8_t *codes) {
  for (int j = 0; j < 8; j++) pack_split_nibbles(t->qs[j], row, b->qs + 16 * j);
  store32(t->scales_l + 4 * row, load32(b->scales_l));
  t->scales_h[row] = b->scales_h;
  t->d[row] = b->d;
  (void)codes;
}
INLINE void iq4_xs_unpack(const tile_iq4_xs *t, int j, u8x64 codes[8]) {
  unpack_nibbles(t->qs[j], codes);
  look_up((const uint8_t *)iq4_nl_values, codes);
}
INLINE void iq4_xs_scales(const tile_iq4_xs *t, int j, f32x16 *scale, f32x16 *min) {
  const u32x16 low = u32x16_load(t->scales_l) >> (uint32_t)(4 * j);
  const u32x16 high = __builtin_convertvector(u16x16_load(t->scales_h), u32x16) >> (uint32_t)(2 * j);
  scale[0] = f16_scales(t->d) * f32x16_from_i32((i32x16)((low & 15u) | (high & 3u) << 4u) - 32);
  (void)min;
}
