// Q3_K: 256 values in sixteen groups of 16, w = d * (scale - 32) * (q - 4) with 6-bit scales. The third bit of value i
// of group pair j (32 values) is bit j of hmask[i].
#pragma once
#include "k_pairs.h"

typedef struct {
  uint8_t hmask[32], qs[64], scales[12];
  _Float16 d;
} block_q3_k;
typedef struct {
  uint8_t scales[3][64];
  _Float16 d[16];
  uint8_t unused[32];  // 110 * 16 bytes are half a cache line short of whole ones; 2 % buys aligned loads.
  uint8_t qs[8][3][64];
} tile_q3_k;
enum { q3_k_columns = 256, q3_k_group = 16, q3_k_bias_shift = 2, q3_k_bits = 3, q3_k_min = 0 };

// With the 12 bytes as three little-endian words a, b, c: scales 0 to 7 have their low four bits in the low halves of a
// and b, scales 8 to 15 in the high ones; the high two bits of scales 4i to 4i + 3 are bits 2i of c's bytes.
#define Q3_K_SCALE_WORDS(a, b, c, word)                                                 \
  do {                                                                                  \
    (word)[0] = ((a) & 0x0f0f0f0fu) | (((c) & 0x03030303u) << 4u);                      \
    (word)[1] = ((b) & 0x0f0f0f0fu) | (((c) >> 2u & 0x03030303u) << 4u);                \
    (word)[2] = ((a) >> 4u & 0x0f0f0f0fu) | (((c) >> 4u & 0x03030303u) << 4u);          \
    (word)[3] = ((b) >> 4u & 0x0f0f0f0fu) | (((c) >> 6u & 0x03030303u) << 4u);          \
  } while (0)

INLINE void q3_k_codes(const block_q3_k *b, uint8_t codes[256]) {
  k_pairs(b->qs, codes);
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 32; i++) codes[32 * j + i] |= (uint8_t)((b->hmask[i] >> j & 1) << 2);
}
INLINE void q3_k_block_scales(const block_q3_k *b, float *scale, float *min) {
  uint32_t word[4];
  Q3_K_SCALE_WORDS(load32(b->scales), load32(b->scales + 4), load32(b->scales + 8), word);
  for (int g = 0; g < 16; g++) scale[g] = (float)b->d * (float)((int)(word[g / 4] >> 8 * (g % 4) & 255) - 32);
  (void)min;
}
INLINE void q3_k_pack(tile_q3_k *t, int row, const block_q3_k *b, const uint8_t *codes) {
  for (int j = 0; j < 8; j++) pack_three_bits(t->qs[j], row, codes + 32 * j);
  for (int i = 0; i < 3; i++) store32(t->scales[i] + 4 * row, load32(b->scales + 4 * i));
  t->d[row] = b->d;
}
INLINE void q3_k_unpack(const tile_q3_k *t, int j, u8x64 codes[8]) { unpack_three_bits(t->qs[j], codes); }
INLINE void q3_k_scales(const tile_q3_k *t, int j, f32x16 *scale, f32x16 *min) {
  const int word = j / 2;  // Of Q3_K_SCALE_WORDS.
  for (int h = 0; h < 2; h++) {
    const uint32_t shift = (uint32_t)(8 * (2 * (j % 2) + h));
    const u32x16 low = u32x16_load(t->scales[word % 2]) >> (shift + 4u * (uint32_t)(word / 2));
    const u32x16 high = u32x16_load(t->scales[2]) >> (shift + 2u * (uint32_t)word);
    scale[h] = f16_scales(t->d) * f32x16_from_i32((i32x16)((low & 15u) | (high & 3u) << 4u) - 32);
  }
  (void)min;
}
