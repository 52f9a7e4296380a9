// BF16: the upper half of an f32.
#pragma once
#include "narrow.h"

typedef uint16_t block_bf16;
INLINE f32x16 bf16_widen(const block_bf16 p[16]) {
  return (f32x16)(__builtin_convertvector(u16x16_load(p), u32x16) << 16u);
}
INLINE bool bf16_bfloats(const block_bf16 p[16], uint16_t out[16]) {
  memcpy(out, p, 16 * sizeof *p);
  return true;
}
