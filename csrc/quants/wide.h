// The tiles of formats that are re-encoded at load: int8 codes, and an f32 scale for each group of 16 or 32 columns.
// Every value w = scale * code stays exactly what it was; a value takes 10 or 9 bits instead of 1 to 4.
//
// The scales of 32 columns stand before their codes: with those of the whole tile in front of it, lines of memory were
// read in an order that prefetchers do not follow, and decoding took 1.5 to 1.9 times as long.
//
// All such formats share two kernels, those of the tiles below, so a format <f> of kind WIDE16 or WIDE32 costs no more
// than its decoder. In quants/<f>.h it defines, for blocks of 64, 128 or 256 values:
//   block_<f>                            the block in the file
//   <f>_codes(block, codes)              the codes of one block, as int8
//   <f>_block_scales(block, scale, min)  f32 scale of each 16 or 32 values of one block; there are no mins
#pragma once
#include "integer.h"

enum { WIDE_BIAS_SHIFT = 6 };

#define WIDE_TILE(name, columns_per_scale)                                                                         \
  typedef struct {                                                                                                 \
    struct {                                                                                                       \
      float scale[32 / (columns_per_scale)][16];                                                                   \
      uint8_t codes[8][64];                                                                                        \
    } part[8];                                                                                                     \
  } tile_##name;                                                                                                   \
  enum { name##_columns = 256, name##_group = (columns_per_scale) };                                               \
  enum { name##_bias_shift = WIDE_BIAS_SHIFT, name##_bits = 7, name##_min = 0 };                                   \
  INLINE void name##_unpack(const tile_##name *t, int j, u8x64 codes[8]) { unpack_bytes(t->part[j].codes, codes); } \
  INLINE void name##_scales(const tile_##name *t, int j, f32x16 *scale, f32x16 *min) {                             \
    for (int h = 0; h < 32 / (columns_per_scale); h++) scale[h] = f32x16_load(t->part[j].scale[h]);                \
    (void)min;                                                                                                     \
  }
WIDE_TILE(wide16, 16)
WIDE_TILE(wide32, 32)

// Codes of 32 columns, -64 to 63, of one row, moved up by 64: c + 64 is c with bit 6 flipped and bit 7 cleared.
INLINE void pack_wide(uint8_t q[8][64], int row, const uint8_t *codes) {
  for (int k = 0; k < 8; k++) store32(q[k] + 4 * row, (load32(codes + 4 * k) ^ 0x40404040u) & 0x7f7f7f7fu);
}

// What else a format of kind INTEGER has, for the format `name` with blocks of `values` and the tiles of `wide`.
#define WIDE_FORMAT(name, values, wide)                                                                            \
  typedef tile_##wide tile_##name;                                                                                 \
  enum { name##_columns = wide##_columns, name##_group = wide##_group };                                           \
  enum { name##_bias_shift = NO_BIAS, name##_bits = SIGNED_BITS };                                                 \
  INLINE void name##_pack(tile_##name *t, int row, const block_##name *b, const uint8_t *codes) {                  \
    enum { groups = (values) / wide##_group, each = 32 / wide##_group };                                           \
    for (int j = 0; j < 8; j++) pack_wide(t->part[j].codes, row, codes + 32 * j);                                  \
    for (int i = 0; i < 256 / (values); i++) {                                                                     \
      float scale[groups];                                                                                         \
      name##_block_scales(&b[i], scale, NULL);                                                                     \
      for (int g = 0; g < groups; g++) {                                                                           \
        const int at = groups * i + g;                                                                             \
        t->part[at / each].scale[at % each][row] = scale[g];                                                       \
      }                                                                                                            \
    }                                                                                                              \
  }
