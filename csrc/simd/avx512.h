// x86-64-v4 with VNNI: one 512-bit register holds 16 lanes. (Ice Lake, Sapphire Rapids, Zen 4 and later.)
#pragma once
#include <immintrin.h>

#include "vector.h"

enum { FEW_TOKENS = 4, MATMUL_TOKENS = 12, MATMUL_TOKENS_HALVES = 8, FLOAT_TOKENS = 8 };
enum { ATTENTION_QUERIES = 8, ATTENTION_VECTORS = 2, ATTENTION_DIRECT = 1 };

INLINE f32x16 f32x16_fma(f32x16 a, f32x16 b, f32x16 c) { return __builtin_elementwise_fma(a, b, c); }
INLINE f32x16 f32x16_max(f32x16 a, f32x16 b) { return (f32x16)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE f32x16 f32x16_from_f16(f16x16 v) { return (f32x16)_mm512_cvtph_ps((__m256i)v); }
INLINE f16x16 f16x16_from_f32(f32x16 v) {
  return (f16x16)_mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
INLINE __m512i broadcast4(const int8_t *x) {
  int32_t word;
  memcpy(&word, x, 4);
  return _mm512_set1_epi32(word);
}
enum { DOT_BITS = 8 };
INLINE i32x16 dot_u6(i32x16 sum, u8x64 u, const int8_t *x) {
  return (i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)u, broadcast4(x));
}
// vpdpbusd wants one unsigned operand: weights are moved up by 128, and sums start at -128 * (sum of x).
enum { W8_BIAS_SHIFT = 7 };
INLINE u8x64 w8_prepare(u8x64 w) { return w ^ (u8x64)128; }
INLINE i32x16 dot_w8(i32x16 sum, u8x64 w, const int8_t *x) { return dot_u6(sum, w, x); }
INLINE u8x64 u8x64_lookup(const uint8_t table[16], u8x64 v) {
  const __m512i t = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)table));
  return (u8x64)_mm512_shuffle_epi8(t, (__m512i)v);
}

#include "dots.h"
