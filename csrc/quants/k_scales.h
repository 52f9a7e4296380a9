// The 6-bit scales and mins that Q4_K and Q5_K pack into 12 bytes: with the bytes as three little-endian words a, b, c,
// scales 0 to 3 are the low six bits of a's bytes, mins 0 to 3 those of b's; scales 4 to 7 have their low four bits in
// the low halves of c's bytes and their high two on top of a's; mins 4 to 7 in the high halves and on top of b's.
#pragma once
#include "integer.h"

// Bytes of word[0] and word[1]: scales 0 to 3 and 4 to 7; of word[2] and word[3]: mins.
#define K_SCALE_WORDS(a, b, c, word)                                                \
  do {                                                                              \
    (word)[0] = (a) & 0x3f3f3f3fu;                                                  \
    (word)[1] = ((c) & 0x0f0f0f0fu) | (((a) >> 6u & 0x03030303u) << 4u);            \
    (word)[2] = (b) & 0x3f3f3f3fu;                                                  \
    (word)[3] = ((c) >> 4u & 0x0f0f0f0fu) | (((b) >> 6u & 0x03030303u) << 4u);      \
  } while (0)

INLINE void k_block_scales(_Float16 d, _Float16 dmin, const uint8_t packed[12], float scale[8], float min[8]) {
  uint32_t word[4];
  K_SCALE_WORDS(load32(packed), load32(packed + 4), load32(packed + 8), word);
  for (int j = 0; j < 8; j++) {
    scale[j] = (float)d * (float)(word[j / 4] >> 8 * (j % 4) & 255);
    min[j] = (float)dmin * (float)(word[2 + j / 4] >> 8 * (j % 4) & 255);
  }
}
INLINE void k_pack_scales(uint8_t words[3][64], int row, const uint8_t packed[12]) {
  for (int i = 0; i < 3; i++) store32(words[i] + 4 * row, load32(packed + 4 * i));
}
// Products of an f16 and a 6-bit integer are exact in f32.
INLINE void k_scales(const _Float16 d[16], const _Float16 dmin[16], const uint8_t words[3][64], int j, f32x16 *scale,
                     f32x16 *min) {
  const uint32_t shift = 8 * (j % 4);
  const u32x16 a = u32x16_load(words[0]) >> shift, b = u32x16_load(words[1]) >> shift;
  const u32x16 c = u32x16_load(words[2]) >> shift;
  const u32x16 s = j < 4 ? a & 63u : (c & 15u) | (a >> 6u & 3u) << 4u;
  const u32x16 m = j < 4 ? b & 63u : (c >> 4u & 15u) | (b >> 6u & 3u) << 4u;
  scale[0] = f16_scales(d) * f32x16_from_i32((i32x16)s);
  min[0] = -f16_scales(dmin) * f32x16_from_i32((i32x16)m);
}
