// AVX2 with vpdpbusd on its registers. (Alder Lake, Sierra Forest, Zen 5 and later; without AVX-512.)
#pragma once
#include "ymm.h"

// Four tokens take eight of the sixteen registers; codes and activations come through the others.
enum { FEW_TOKENS = 4, MATMUL_TOKENS = 4, MATMUL_TOKENS_HALVES = 3, FLOAT_TOKENS = 4 };
enum { ATTENTION_QUERIES = 4, ATTENTION_VECTORS = 1, ATTENTION_DIRECT = 1 };

// The instruction has two encodings: this one, and that of AVX-512, with which machines that lack this one can test it.
INLINE __m256i dpbusd(__m256i sum, __m256i u, __m256i x) {
#ifdef __AVXVNNI__
  return _mm256_dpbusd_avx_epi32(sum, u, x);
#else
  return _mm256_dpbusd_epi32(sum, u, x);
#endif
}
enum { DOT_BITS = 8 };
INLINE i32x16 dot_u6(i32x16 sum, u8x64 u, const int8_t *x) {
  const pair s = {.i32 = sum}, w = {.u8 = u};
  const __m256i b = broadcast4(x);
  return (pair){.i = {dpbusd(s.i[0], w.i[0], b), dpbusd(s.i[1], w.i[1], b)}}.i32;
}
// One operand is unsigned: weights are moved up by 128, and sums start at -128 * (sum of x).
enum { W8_BIAS_SHIFT = 7 };
INLINE u8x64 w8_prepare(u8x64 w) { return w ^ (u8x64)128; }
INLINE i32x16 dot_w8(i32x16 sum, u8x64 w, const int8_t *x) { return dot_u6(sum, w, x); }

#include "dots.h"
