// What instruction sets with 256-bit registers share: two of them hold 16 lanes (AVX2, FMA and F16C).
#pragma once
#include <immintrin.h>

#include "vector.h"

// The two registers of a 16-lane vector.
typedef union {
  u8x64 u8;
  i32x16 i32;
  f32x16 f32;
  __m256i i[2];
  __m256 f[2];
} pair;

INLINE f32x16 f32x16_fma(f32x16 a, f32x16 b, f32x16 c) { return __builtin_elementwise_fma(a, b, c); }
INLINE f32x16 f32x16_max(f32x16 a, f32x16 b) {
  const pair x = {.f32 = a}, y = {.f32 = b};
  return (pair){.f = {_mm256_max_ps(x.f[0], y.f[0]), _mm256_max_ps(x.f[1], y.f[1])}}.f32;
}
INLINE f32x16 f32x16_from_f16(f16x16 v) {
  __m128i h[2];
  memcpy(h, &v, 32);
  return (pair){.f = {_mm256_cvtph_ps(h[0]), _mm256_cvtph_ps(h[1])}}.f32;
}
INLINE f16x16 f16x16_from_f32(f32x16 v) {
  const pair x = {.f32 = v};
  const __m128i h[2] = {_mm256_cvtps_ph(x.f[0], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                        _mm256_cvtps_ph(x.f[1], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  f16x16 r;
  memcpy(&r, h, 32);
  return r;
}
INLINE __m256i broadcast4(const int8_t *x) {
  int32_t word;
  memcpy(&word, x, 4);
  return _mm256_set1_epi32(word);
}
INLINE u8x64 u8x64_lookup(const uint8_t table[16], u8x64 v) {
  const __m256i t = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table));
  const pair x = {.u8 = v};
  return (pair){.i = {_mm256_shuffle_epi8(t, x.i[0]), _mm256_shuffle_epi8(t, x.i[1])}}.u8;
}
