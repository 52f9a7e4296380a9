// What the machine can do at most: reading memory, and int8 dot products in the words of this instruction set.
// csrc/limits.c measures both.
#pragma once

// The sum of memory (whole units of 512 bytes) in eight independent streams of vectors.
static uint64_t read_memory(const void *memory, size_t bytes) {
  typedef uint64_t u64x8 __attribute__((ext_vector_type(8)));
  u64x8 sums[8] = {0};
  for (size_t at = 0; at < bytes; at += sizeof sums) {
    UNROLL for (int i = 0; i < 8; i++) {
      u64x8 v;
      memcpy(&v, (const uint8_t *)memory + at + (size_t)i * sizeof v, sizeof v);
      sums[i] += v;
    }
  }
  uint64_t total = 0;
  for (int i = 0; i < 8; i++) total += __builtin_reduce_add(sums[i]);
  return total;
}

// A step is DOT_COLUMNS times four columns of as many sums as the matmul keeps in registers, which covers the latency.
// (Of pairs it is two: sums of the matmul start anew for each group of columns, these never do.)
enum { DOT_TOKENS = ZIPPED ? 4 : MATMUL_TOKENS };
enum { DOT_COLUMNS = 8, DOT_STEP_OPERATIONS = DOT_TOKENS * DOT_COLUMNS * 64 * 2 };
#ifdef TOKEN_PAIRS
static uint64_t dot_products(uint32_t steps) {
  const int8_t x[16] = {1, 2, 3, 4};
  u8x64 weights[4] = {u8x64_set(15), u8x64_set(15), u8x64_set(15), u8x64_set(15)};
  token_pair sums[DOT_TOKENS / 2];
  for (int i = 0; i < DOT_TOKENS / 2; i++) sums[i] = pair_start(0, 0);
  for (uint32_t step = 0; step < steps; step++)
    UNROLL for (int k = 0; k < DOT_COLUMNS; k += 4) {
      __asm__ volatile("" : "+m"(weights));  // See below; once for all tokens, which is how the matmul loads them.
      UNROLL for (int i = 0; i < DOT_TOKENS / 2; i++) sums[i] = pair_add(sums[i], weights, x, x);
    }
  uint64_t total = 0;
  for (int i = 0; i < DOT_TOKENS / 2; i++) {
    i32x16 dot[2];
    pair_end(sums[i], dot);
    total += (uint32_t)__builtin_reduce_add(dot[0]) + (uint32_t)__builtin_reduce_add(dot[1]);
  }
  return total;
}
#else
static uint64_t dot_products(uint32_t steps) {
  const int8_t x[4] = {1, 2, 3, 4};
  i32x16 sums[DOT_TOKENS];
  u8x64 weights = u8x64_set(15);
  for (int i = 0; i < DOT_TOKENS; i++) sums[i] = i32x16_set(0);
  for (uint32_t step = 0; step < steps; step++) {
    dots d[DOT_TOKENS];
    UNROLL for (int i = 0; i < DOT_TOKENS; i++) d[i] = dots_start(sums[i]);
    UNROLL for (int k = 0; k < DOT_COLUMNS; k++) {
      UNROLL for (int i = 0; i < DOT_TOKENS; i++) {
        // The compiler must not know that they are the same every time, or it would multiply only once. They come from
        // the first-level cache, which has two loads for every dot product.
        __asm__ volatile("" : "+m"(weights));
        d[i] = dots_add(d[i], weights, x, k, 4);
      }
    }
    UNROLL for (int i = 0; i < DOT_TOKENS; i++) sums[i] = dots_end(d[i], DOT_COLUMNS, 4);
  }
  uint64_t total = 0;
  for (int i = 0; i < DOT_TOKENS; i++) total += (uint32_t)__builtin_reduce_add(sums[i]);
  return total;
}
#endif
