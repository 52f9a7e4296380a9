// What instruction sets of AArch64 share: four 128-bit registers hold 16 lanes (NEON with dot product).
#pragma once
#include <arm_neon.h>

#include "vector.h"

// The four registers of a 16-lane vector.
typedef union {
  u8x64 u8;
  i32x16 i32;
  f32x16 f32;
  int8x16_t b[4];
  uint8x16_t u[4];
  int32x4_t i[4];
  float32x4_t f[4];
} quad;

INLINE f32x16 f32x16_fma(f32x16 a, f32x16 b, f32x16 c) { return __builtin_elementwise_fma(a, b, c); }
// Not vmaxq: the definition gives b when unordered.
INLINE f32x16 f32x16_max(f32x16 a, f32x16 b) {
  const quad x = {.f32 = a}, y = {.f32 = b};
  quad r;
  for (int i = 0; i < 4; i++) r.f[i] = vbslq_f32(vcgtq_f32(x.f[i], y.f[i]), x.f[i], y.f[i]);
  return r.f32;
}
INLINE f32x16 f32x16_from_f16(f16x16 v) { return __builtin_convertvector(v, f32x16); }
INLINE f16x16 f16x16_from_f32(f32x16 v) { return __builtin_convertvector(v, f16x16); }
// Unsigned values up to 127 are signed ones too.
INLINE i32x16 dot_w8(i32x16 sum, u8x64 w8, const int8_t *x) {
  const quad s = {.i32 = sum}, w = {.u8 = w8};
  int32_t word;
  memcpy(&word, x, 4);
  const int8x16_t b = vreinterpretq_s8_s32(vdupq_n_s32(word));
  quad r;
  for (int i = 0; i < 4; i++) r.i[i] = vdotq_s32(s.i[i], w.b[i], b);
  return r.i32;
}
enum { DOT_BITS = 7 };
INLINE i32x16 dot_u6(i32x16 sum, u8x64 u, const int8_t *x) { return dot_w8(sum, u, x); }
enum { W8_BIAS_SHIFT = 0 };
INLINE u8x64 w8_prepare(u8x64 w) { return w; }
INLINE u8x64 u8x64_lookup(const uint8_t table[16], u8x64 v) {
  const uint8x16_t t = vld1q_u8(table);
  const quad x = {.u8 = v};
  quad r;
  for (int i = 0; i < 4; i++) r.u[i] = vqtbl1q_u8(t, x.u[i]);
  return r.u8;
}

#include "dots.h"
