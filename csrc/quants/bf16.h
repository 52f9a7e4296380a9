// BF16: the upper half of an f32.
#pragma once
#include "float.h"

typedef uint16_t block_bf16;
INLINE f32x16 bf16_widen(const block_bf16 p[16]) {
  return (f32x16)(__builtin_convertvector(u16x16_load(p), u32x16) << 16u);
}
