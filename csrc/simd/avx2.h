// x86-64-v3 (AVX2, FMA, F16C): two 256-bit registers hold 16 lanes. (Haswell 2013, Zen 1 and later.)
#pragma once
#include "ymm.h"

enum { FEW_TOKENS = 4, MATMUL_TOKENS = 3, MATMUL_TOKENS_HALVES = 2, FLOAT_TOKENS = 4 };
enum { ATTENTION_QUERIES = 4, ATTENTION_VECTORS = 1, ATTENTION_DIRECT = 1 };

// vpmaddubsw adds two products in 16 bits: 2 * 63 * 127 = 16002, and 2 * 128 * 127 = 32512, both below 32768.
enum { DOT_BITS = 7 };
INLINE i32x16 dot_u6(i32x16 sum, u8x64 u, const int8_t *x) {
  const pair s = {.i32 = sum}, w = {.u8 = u};
  const __m256i b = broadcast4(x), ones = _mm256_set1_epi16(1);
  return (pair){.i = {_mm256_add_epi32(s.i[0], _mm256_madd_epi16(_mm256_maddubs_epi16(w.i[0], b), ones)),
                      _mm256_add_epi32(s.i[1], _mm256_madd_epi16(_mm256_maddubs_epi16(w.i[1], b), ones))}}
      .i32;
}
// Signed weights: |w| times x with the sign of w. x is never -128, so its negation is exact.
enum { W8_BIAS_SHIFT = 0 };
INLINE u8x64 w8_prepare(u8x64 w) { return w; }
INLINE i32x16 dot_w8(i32x16 sum, u8x64 w8, const int8_t *x) {
  const pair s = {.i32 = sum}, w = {.u8 = w8};
  const __m256i b = broadcast4(x), ones = _mm256_set1_epi16(1);
  pair r;
  for (int i = 0; i < 2; i++) {
    const __m256i p = _mm256_maddubs_epi16(_mm256_abs_epi8(w.i[i]), _mm256_sign_epi8(b, w.i[i]));
    r.i[i] = _mm256_add_epi32(s.i[i], _mm256_madd_epi16(p, ones));
  }
  return r.i32;
}

// Dot products in progress (see dots.h). Sums of two products stay in 16 bits for as many steps as cannot overflow:
// widening them is half of the work. A step adds at most 2 * (2^bits - 1) * 127.
typedef struct {
  pair sum, part;
} dots;
// Both halves now: the compiler would do all of one first, and keep every broadcast for the other in memory.
#define TOGETHER(p) __asm__("" : "+x"((p).i[0]), "+x"((p).i[1]))
INLINE int dots_steps(int bits) { return bits <= 4 ? 8 : bits == 5 ? 4 : bits == 6 ? 2 : 1; }
INLINE dots dots_widen(dots d) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (int i = 0; i < 2; i++) d.sum.i[i] = _mm256_add_epi32(d.sum.i[i], _mm256_madd_epi16(d.part.i[i], ones));
  TOGETHER(d.sum);
  return d;
}
INLINE dots dots_start(i32x16 sum) { return (dots){.sum = {.i32 = sum}}; }
INLINE dots dots_add(dots d, u8x64 codes, const int8_t *x, int k, int bits) {
  if (bits == SIGNED_BITS) {
    d.sum.i32 = dot_w8(d.sum.i32, codes, x);
    return d;
  }
  const pair w = {.u8 = codes};
  const __m256i b = broadcast4(x);
  for (int i = 0; i < 2; i++) {
    const __m256i products = _mm256_maddubs_epi16(w.i[i], b);
    d.part.i[i] = k % dots_steps(bits) == 0 ? products : _mm256_add_epi16(d.part.i[i], products);
  }
  TOGETHER(d.part);
  return (k + 1) % dots_steps(bits) == 0 ? dots_widen(d) : d;
}
INLINE i32x16 dots_end(dots d, int count, int bits) {
  return (bits != SIGNED_BITS && count % dots_steps(bits) != 0 ? dots_widen(d) : d).sum.i32;
}
