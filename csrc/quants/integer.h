// The one integer form behind every quantized format: w = scale * (code - bias) - min, with a scale (and min) for each
// group of 16 or 32 columns. A format's header says how its bits become codes, scales and mins; kernels never name it.
//
// Tiles. Sixteen rows are stored together so that a 32-bit lane holds four consecutive columns of one row: byte i of
// lane r of vector k is column 4k + i of row r. A dot product with four broadcast activations then sums vertically, and
// scales are vectors over rows. A tile covers `columns` columns, a multiple of 64 and of the block (256, or as few
// blocks as give whole cache lines), and has the size of the 16 * columns / values blocks it was made of, rounded up to
// whole cache lines. Rows may end inside a tile. Scales stand in front of codes (where they fill more than a few lines,
// those of some columns in front of these), and what a group of 32 columns needs stands together, so that a tile is
// read in the order of the memory: decoding Q4_K then takes 94 % of what two threads can read, where it took 66 % when
// the scales stood behind and high bits apart (65 GB/s, with AVX-512).
//
// A format <f> of kind INTEGER defines, in quants/<f>.h:
//   block_<f>                              the block in the file
//   tile_<f>                               the tile
//   enum { <f>_columns, <f>_group, <f>_bias_shift, <f>_bits, <f>_min }
//       columns per tile; columns per scale; bias = 1 << bias_shift, or NO_BIAS; codes are below 1 << bits, at most
//       7, or int8 (SIGNED_BITS, then NO_BIAS); whether there are mins. (Unpacked codes may be larger by a power of
//       two and scales smaller by it, where DOT_BITS allows it.)
//   <f>_codes(block, codes)                the codes of one block, one byte each
//   <f>_block_scales(block, scale, min)    f32 scale and min of each group of one block
//   <f>_pack(tile, row, blocks, codes)     one row of a tile, from its blocks and their codes
//   <f>_unpack(tile, j, codes)             eight vectors of codes: columns 32 j to 32 j + 31
//   <f>_scales(tile, j, scale, min)        scale and min of the group or both groups in these columns, for 16 rows;
//                                          min is negated
//
// Formats that are re-encoded at load (kinds WIDE16 and WIDE32) share the tiles of quants/wide.h.
#pragma once
#include <stdint.h>
#include <string.h>

#include "../simd/vector.h"

enum { NO_BIAS = -1 };

INLINE uint32_t load32(const uint8_t *p) {
  uint32_t w;
  memcpy(&w, p, 4);
  return w;
}
INLINE void store32(uint8_t *p, uint32_t w) { memcpy(p, &w, 4); }
INLINE void store64(uint8_t *p, uint64_t w) { memcpy(p, &w, 8); }
INLINE f32x16 f16_scales(const _Float16 d[16]) { return __builtin_convertvector(f16x16_load(d), f32x16); }

// The 32 values of a block of 16 bytes: first all low nibbles, then all high ones.
INLINE void split_nibbles(const uint8_t qs[16], uint8_t codes[32]) {
  for (int i = 0; i < 16; i++) codes[i] = qs[i] & 15, codes[i + 16] = qs[i] >> 4;
}
// The same as places in a table.
INLINE void split_values(const uint8_t qs[16], const uint8_t table[16], uint8_t codes[32]) {
  for (int i = 0; i < 16; i++) codes[i] = table[qs[i] & 15], codes[i + 16] = table[qs[i] >> 4];
}

// 32 columns as nibbles: vector c has columns 8c to 8c + 3 in the low and 8c + 4 to 8c + 7 in the high halves.
INLINE void pack_nibbles(uint8_t q[4][64], int row, const uint8_t *codes) {
  for (int c = 0; c < 4; c++) {
    const uint32_t low = load32(codes + 8 * c) & 0x0f0f0f0fu, high = load32(codes + 8 * c + 4) & 0x0f0f0f0fu;
    store32(q[c] + 4 * row, low | high << 4);
  }
}
// The same straight from a block's 16 bytes.
INLINE void pack_split_nibbles(uint8_t q[4][64], int row, const uint8_t qs[16]) {
  for (int c = 0; c < 4; c++) {
    const uint32_t low = load32(qs + 8 * (c % 2)) >> 4 * (c / 2) & 0x0f0f0f0fu;
    const uint32_t high = load32(qs + 8 * (c % 2) + 4) >> 4 * (c / 2) & 0x0f0f0f0fu;
    store32(q[c] + 4 * row, low | high << 4);
  }
}
INLINE void unpack_nibbles(const uint8_t q[4][64], u8x64 codes[8]) {
  for (int c = 0; c < 4; c++) {
    const u8x64 v = u8x64_load(q[c]);
    codes[2 * c] = v & (u8x64)15;
    codes[2 * c + 1] = u8x64_shr(v, 4) & (u8x64)15;
  }
}
// Each code from a table of 16.
INLINE void look_up(const uint8_t table[16], u8x64 codes[8]) {
  for (int k = 0; k < 8; k++) codes[k] = u8x64_lookup(table, codes[k]);
}
// One more bit of 32 columns, in place `bit` of the code: bit k of a byte belongs to columns 4k to 4k + 3.
INLINE void pack_bit(uint8_t q[64], int row, const uint8_t *codes, int bit) {
  uint32_t w = 0;
  for (int k = 0; k < 8; k++) w |= (load32(codes + 4 * k) >> bit & 0x01010101u) << k;
  store32(q + 4 * row, w);
}
INLINE void unpack_bit(const uint8_t q[64], u8x64 codes[8], int bit) {
  const u8x64 v = u8x64_load(q);
  for (int k = 0; k < 8; k++) {
    const u8x64 moved = k < bit ? u8x64_shl(v, bit - k) : u8x64_shr(v, k - bit);
    codes[k] |= moved & (u8x64)(uint8_t)(1 << bit);
  }
}
// Two more bits of 32 columns, from place `bit` on: bits 2 (k % 4) of vector k / 4 belong to columns 4k to 4k + 3.
INLINE void pack_two_bits(uint8_t q[2][64], int row, const uint8_t *codes, int bit) {
  for (int h = 0; h < 2; h++) {
    uint32_t w = 0;
    for (int k = 0; k < 4; k++) w |= (load32(codes + 16 * h + 4 * k) >> bit & 0x03030303u) << 2 * k;
    store32(q[h] + 4 * row, w);
  }
}
INLINE void unpack_two_bits(const uint8_t q[2][64], u8x64 codes[8], int bit) {
  for (int k = 0; k < 8; k++) {
    const u8x64 v = u8x64_load(q[k / 4]);
    const int from = 2 * (k % 4);
    const u8x64 moved = from < bit ? u8x64_shl(v, bit - from) : u8x64_shr(v, from - bit);
    codes[k] |= moved & (u8x64)(uint8_t)(3 << bit);
  }
}
// 32 columns of three bits in three vectors: columns 0 to 23 are bits 0 to 2 and 3 to 5, of columns 24 to 31 the low
// two bits are on top of the first two vectors and the third ones on top of the last.
INLINE void pack_three_bits(uint8_t q[3][64], int row, const uint8_t *codes) {
  uint32_t w[8];
  for (int k = 0; k < 8; k++) w[k] = load32(codes + 4 * k);
  store32(q[0] + 4 * row, w[0] | w[1] << 3 | (w[6] & 0x03030303u) << 6);
  store32(q[1] + 4 * row, w[2] | w[3] << 3 | (w[7] & 0x03030303u) << 6);
  store32(q[2] + 4 * row, w[4] | w[5] << 3 | (w[6] & 0x04040404u) << 4 | (w[7] & 0x04040404u) << 5);
}
INLINE void unpack_three_bits(const uint8_t q[3][64], u8x64 codes[8]) {
  const u8x64 a = u8x64_load(q[0]), b = u8x64_load(q[1]), c = u8x64_load(q[2]), seven = u8x64_set(7);
  codes[0] = a & seven, codes[1] = u8x64_shr(a, 3) & seven;
  codes[2] = b & seven, codes[3] = u8x64_shr(b, 3) & seven;
  codes[4] = c & seven, codes[5] = u8x64_shr(c, 3) & seven;
  codes[6] = (u8x64_shr(a, 6) & u8x64_set(3)) | (u8x64_shr(c, 4) & u8x64_set(4));
  codes[7] = (u8x64_shr(b, 6) & u8x64_set(3)) | (u8x64_shr(c, 5) & u8x64_set(4));
}
// 32 columns of five bits: nibbles, and the fifth bits behind them.
typedef struct {
  uint8_t low[4][64], high[64];
} nibbles_and_bit;
INLINE void pack_nibbles_and_bit(nibbles_and_bit *q, int row, const uint8_t *codes) {
  pack_nibbles(q->low, row, codes);
  pack_bit(q->high, row, codes, 4);
}
INLINE void unpack_nibbles_and_bit(const nibbles_and_bit *q, u8x64 codes[8]) {
  unpack_nibbles(q->low, codes);
  unpack_bit(q->high, codes, 4);
}
// 32 columns as bytes.
INLINE void pack_bytes(uint8_t q[8][64], int row, const uint8_t *codes) {
  for (int k = 0; k < 8; k++) store32(q[k] + 4 * row, load32(codes + 4 * k));
}
INLINE void unpack_bytes(const uint8_t q[8][64], u8x64 codes[8]) {
  for (int k = 0; k < 8; k++) codes[k] = u8x64_load(q[k]);
}
