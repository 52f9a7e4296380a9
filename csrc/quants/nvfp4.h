// NVFP4: 64 values in four groups of 16, w = scale / 2 * v[q] with the doubled values of FP4 and E4M3 scales. Each
// group has 8 bytes: first all low nibbles, then all high ones.
#pragma once
#include "fp4.h"
#include "wide.h"

typedef struct {
  uint8_t scales[4], qs[32];
} block_nvfp4;

INLINE void nvfp4_codes(const block_nvfp4 *b, uint8_t codes[64]) {
  for (int g = 0; g < 4; g++)
    for (int i = 0; i < 8; i++) {
      codes[16 * g + i] = (uint8_t)fp4_values[b->qs[8 * g + i] & 15];
      codes[16 * g + 8 + i] = (uint8_t)fp4_values[b->qs[8 * g + i] >> 4];
    }
}
// 4 bits of exponent, 3 of mantissa; there is no sign, and 127, which would be NaN, stands for 0.
INLINE void nvfp4_block_scales(const block_nvfp4 *b, float *scale, float *min) {
  for (int g = 0; g < 4; g++) {
    const uint8_t byte = b->scales[g];
    const uint32_t exponent = byte >> 3 & 15, mantissa = byte & 7;
    const uint32_t whole = exponent ? (8 + mantissa) << exponent : mantissa << 1;  // In units of 2^-10.
    scale[g] = byte == 127 ? 0 : (float)whole * 0x1p-11f;
  }
  (void)min;
}
