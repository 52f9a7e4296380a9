// The width-independent half of the vocabulary: 16 lanes, whatever the register.
//
// A lane is one weight row, one position or one column; a vector of 16 floats is one zmm, two ymm or four q registers,
// and clang splits it. Everything here is a pure function of its lanes, so all instruction sets give the same bits.
// Each ISA header adds what vector extensions cannot say: integer dot products, max and, where the machine has no
// fused multiply-add, its exact emulation.
#pragma once
#include <stdint.h>
#include <string.h>

typedef uint8_t u8x64 __attribute__((ext_vector_type(64)));   // 16 lanes of 4 consecutive values
typedef uint32_t u32x16 __attribute__((ext_vector_type(16)));
typedef int32_t i32x16 __attribute__((ext_vector_type(16)));
typedef int16_t i16x32 __attribute__((ext_vector_type(32)));
typedef uint16_t u16x32 __attribute__((ext_vector_type(32)));
typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
typedef uint16_t u16x16 __attribute__((ext_vector_type(16)));
typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef _Float16 f16x16 __attribute__((ext_vector_type(16)));

// For loops with constant bounds over vectors that must stay in registers.
#define UNROLL _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

// Unaligned loads and stores of one whole vector.
#define LOAD_STORE(type)                                        \
  INLINE type type##_load(const void *p) {                      \
    type v;                                                     \
    memcpy(&v, p, sizeof v);                                    \
    return v;                                                   \
  }                                                             \
  INLINE void type##_store(void *p, type v) { memcpy(p, &v, sizeof v); }
LOAD_STORE(u8x64)
LOAD_STORE(u32x16)
LOAD_STORE(i32x16)
LOAD_STORE(f32x16)
LOAD_STORE(f16x16)
LOAD_STORE(u16x16)
LOAD_STORE(u8x16)
LOAD_STORE(i8x16)
#undef LOAD_STORE

// Codes of so many bits are int8, others unsigned.
enum { SIGNED_BITS = 8 };

INLINE f32x16 f32x16_set(float x) { return (f32x16)x; }
INLINE i32x16 i32x16_set(int32_t x) { return (i32x16)x; }
INLINE u8x64 u8x64_set(uint8_t x) { return (u8x64)x; }
INLINE f32x16 f32x16_from_i32(i32x16 v) { return __builtin_convertvector(v, f32x16); }
// As 32-bit shifts: bits cross bytes, mask afterwards.
INLINE u8x64 u8x64_shr(u8x64 v, int n) { return (u8x64)((u32x16)v >> (uint32_t)n); }
INLINE u8x64 u8x64_shl(u8x64 v, int n) { return (u8x64)((u32x16)v << (uint32_t)n); }

// The sum of 16 lanes by the one fixed tree: 8+8, 4+4, 2+2, 1+1.
INLINE float f32x16_sum(f32x16 v) {
  typedef float f32x8 __attribute__((ext_vector_type(8)));
  typedef float f32x4 __attribute__((ext_vector_type(4)));
  const f32x8 a = v.lo + v.hi;
  const f32x4 b = a.lo + a.hi;
  return (b.x + b.z) + (b.y + b.w);
}
