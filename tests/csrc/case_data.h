// Seeded data for the cases of kernels_test.c, and what their results become.
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../csrc/kernels.h"

static uint64_t seed;
static uint32_t next_u32(void) {  // SplitMix64
  uint64_t z = seed += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ z >> 31) >> 16);
}
static float next_float(void) { return (float)((int32_t)next_u32()) / 2147483648.0f; }
static void fill_floats(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = next_float() * (i % 97 == 0 ? 20.0f : 1.0f);
}

// All results of one case, in order.
static uint8_t *results;
static size_t results_bytes, results_capacity;
static void keep(const void *data, size_t bytes) {
  if (results_bytes + bytes > results_capacity) {
    results_capacity = 2 * (results_bytes + bytes);
    results = realloc(results, results_capacity);
    if (!results) abort();
  }
  memcpy(results + results_bytes, data, bytes);
  results_bytes += bytes;
}
static uint64_t hash(void) {  // FNV-1a
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < results_bytes; i++) h = (h ^ results[i]) * 0x100000001b3u;
  return h;
}
static void *zeroed(size_t bytes) {
  void *p = NULL;
  p = calloc(1, bytes + 64);
  if (!p) abort();
  return (void *)(((uintptr_t)p + 63) / 64 * 64);  // Never freed: the process is short.
}

// Random blocks whose values are finite, and in formats with scales below 2^60: scales that are powers of two up to
// 2^127 would make sums infinite.
static bool is_usable(const struct quant_kernels *q, const float *values) {
  for (uint32_t i = 0; i < q->block_values; i++) {
    if (values[i] - values[i] != 0) return false;
    if (q->block_values > 1 && (values[i] > 0x1p60f || values[i] < -0x1p60f)) return false;
  }
  return true;
}
static void fill_blocks(const struct quant_kernels *q, uint8_t *blocks, size_t count) {
  float values[256];
  for (size_t b = 0; b < count; b++) {
    do {
      for (uint32_t i = 0; i < q->block_bytes; i++) blocks[b * q->block_bytes + i] = (uint8_t)next_u32();
      q->dequantize(blocks + b * q->block_bytes, values, q->block_values);
    } while (!is_usable(q, values));
  }
}

// Elements of 16 bits that are BF16 with few exponents, but for one of `miss`.
static void fill_narrow(bool is_f16, uint16_t *elements, size_t count, uint32_t miss) {
  for (size_t i = 0; i < count; i++) {
    const uint32_t r = next_u32(), exponent = r >> 16 & 7;
    const uint32_t bits = is_f16 ? (r & 0x83f8) | (exponent + 8) << 10 : (r & 0x807f) | (exponent + 120) << 7;
    elements[i] = (uint16_t)bits;
    if (miss && i % miss == 0) elements[i] = (uint16_t)(r & 0xbfff);
  }
}
