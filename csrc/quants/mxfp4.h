// MXFP4: 32 values, w = 2^(e - 128) * v[q] with the doubled values of FP4, nibbles as in Q4_0. Tiles keep the nibbles;
// four blocks of a row are whole cache lines.
#pragma once
#include "fp4.h"
#include "integer.h"

typedef struct {
  uint8_t e, qs[16];
} block_mxfp4;
typedef struct {
  uint8_t e[4][16];
  uint8_t qs[4][4][64];
} tile_mxfp4;
enum { mxfp4_columns = 128, mxfp4_group = 32, mxfp4_bias_shift = FP4_BIAS_SHIFT, mxfp4_bits = FP4_BITS, mxfp4_min = 0 };

// The bits of 2^(e - 128) in f32, for integers and vectors of them: normal from e = 2 on, 2^-128 and 2^-127 are
// subnormal.
#define MXFP4_SCALE_BITS(e, is_small) ((is_small & 0x200000u << ((e) & 1u)) | (~is_small & ((e) - 1u) << 23u))

INLINE void mxfp4_codes(const block_mxfp4 *b, uint8_t codes[32]) {
  split_values(b->qs, fp4_moved, codes);
}
INLINE void mxfp4_block_scales(const block_mxfp4 *b, float *scale, float *min) {
  const uint32_t is_small = b->e < 2 ? ~0u : 0, bits = MXFP4_SCALE_BITS(b->e, is_small);
  memcpy(scale, &bits, 4);
  (void)min;
}
INLINE void mxfp4_pack(tile_mxfp4 *t, int row, const block_mxfp4 *b, const uint8_t *codes) {
  for (int i = 0; i < 4; i++) {
    pack_split_nibbles(t->qs[i], row, b[i].qs);
    t->e[i][row] = b[i].e;
  }
  (void)codes;
}
INLINE void mxfp4_unpack(const tile_mxfp4 *t, int j, u8x64 codes[8]) {
  unpack_nibbles(t->qs[j], codes);
  look_up(fp4_moved, codes);
}
INLINE void mxfp4_scales(const tile_mxfp4 *t, int j, f32x16 *scale, f32x16 *min) {
  const u32x16 e = __builtin_convertvector(u8x16_load(t->e[j]), u32x16);
  const u32x16 is_small = (u32x16)(e < 2u);
  scale[0] = (f32x16)MXFP4_SCALE_BITS(e, is_small);
  (void)min;
}
