// Plain C for any machine: the definition of what every other header must compute.
#pragma once
#include "vector.h"

enum { FEW_TOKENS = 1, MATMUL_TOKENS = 1, MATMUL_TOKENS_HALVES = 1, FLOAT_TOKENS = 4 };
enum { ATTENTION_QUERIES = 4, ATTENTION_VECTORS = 1, ATTENTION_DIRECT = 0 };

// Exact a * b + c in f32 without hardware: the product is exact in f64; the sum is rounded to odd there, so that the
// second rounding to f32 cannot be a double rounding (Boldo and Melquiond, "Emulation of FMA and correctly rounded
// sums", IEEE Trans. Computers 2008).
INLINE float fma_exact(float a, float b, float c) {
  const double p = (double)a * (double)b, q = (double)c, s = p + q;
  const double pp = s - q, e = (p - pp) + (q - (s - pp));  // TwoSum: s + e is the exact sum.
  uint64_t bits;
  memcpy(&bits, &s, 8);
  if (e != 0 && !(bits & 1)) {
    // Towards the exact value: away from zero when the error has the sign of s.
    bits += ((e > 0) == (s > 0)) ? 1 : (uint64_t)-1;
  }
  double r;
  memcpy(&r, &bits, 8);
  return e == e ? (float)r : (float)s;
}
INLINE f32x16 f32x16_fma(f32x16 a, f32x16 b, f32x16 c) {
  f32x16 r;
  for (int i = 0; i < 16; i++) r[i] = fma_exact(a[i], b[i], c[i]);
  return r;
}
// b where the comparison is false or unordered.
INLINE f32x16 f32x16_max(f32x16 a, f32x16 b) {
  for (int i = 0; i < 16; i++) a[i] = a[i] > b[i] ? a[i] : b[i];
  return a;
}
INLINE f32x16 f32x16_from_f16(f16x16 v) { return __builtin_convertvector(v, f32x16); }
INLINE f16x16 f16x16_from_f32(f32x16 v) { return __builtin_convertvector(v, f16x16); }

// A lane gains the sum of its four products, in 16-bit arithmetic that any machine has: |product| <= 128 * 127, and two
// of them stay below 2^15.
INLINE i32x16 dot_bytes(i32x16 sum, i16x32 even, i16x32 odd, const int8_t *x) {
  const i16x32 x_even = (i16x32)i32x16_set((int32_t)((uint32_t)x[2] << 16 | (uint16_t)x[0]));
  const i16x32 x_odd = (i16x32)i32x16_set((int32_t)((uint32_t)x[3] << 16 | (uint16_t)x[1]));
  const i32x16 pairs = (i32x16)(even * x_even + odd * x_odd);
  return sum + (pairs << 16 >> 16) + (pairs >> 16);
}
// u: unsigned, of DOT_BITS; x: int8 in -127..127, the same four for all lanes.
enum { DOT_BITS = 7 };
INLINE i32x16 dot_u6(i32x16 sum, u8x64 u, const int8_t *x) {
  return dot_bytes(sum, (i16x32)((u16x32)u & (u16x32)255), (i16x32)((u16x32)u >> (u16x32)8), x);
}
// The same for full int8 weights, in the form w8_prepare gives them; sums start at -(sum of x) << W8_BIAS_SHIFT.
enum { W8_BIAS_SHIFT = 0 };
INLINE u8x64 w8_prepare(u8x64 w) { return w; }
INLINE i32x16 dot_w8(i32x16 sum, u8x64 w, const int8_t *x) {
  return dot_bytes(sum, (i16x32)((u16x32)w << (u16x32)8) >> (i16x32)8, (i16x32)w >> (i16x32)8, x);
}
// table[v] of 16 bytes, v in 0..15.
INLINE u8x64 u8x64_lookup(const uint8_t table[16], u8x64 v) {
  uint8_t bytes[64];  // Elements of a vector that is in registers would go through memory one by one.
  u8x64_store(bytes, v);
  for (int i = 0; i < 64; i++) bytes[i] = table[bytes[i]];
  return u8x64_load(bytes);
}

#include "dots.h"
