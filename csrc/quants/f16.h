// F16: IEEE 754 half precision; widening is exact.
#pragma once
#include "narrow.h"

typedef _Float16 block_f16;
INLINE f32x16 f16_widen(const block_f16 p[16]) { return __builtin_convertvector(f16x16_load(p), f32x16); }
INLINE bool f16_bfloats(const block_f16 p[16], uint16_t out[16]) {
  const u32x16 bits = (u32x16)f16_widen(p);
  u16x16_store(out, __builtin_convertvector(bits >> 16u, u16x16));
  return __builtin_reduce_or(bits & 0xffffu) == 0;
}
