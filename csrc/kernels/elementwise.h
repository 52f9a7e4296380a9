// Kernels over rows of columns: quantization of activations, norms, activation functions. A row is walked in vectors of
// 16 columns in ascending order; a last partial vector is padded with zeros.
#pragma once

// The columns from `at` on, zeros beyond the end.
INLINE f32x16 load_columns(const float *x, uint32_t at, uint32_t columns) {
  if (at + 16 <= columns) return f32x16_load(x + at);
  if (at >= columns) return f32x16_set(0);
  float padded[16] = {0};
  memcpy(padded, x + at, (columns - at) * sizeof *x);
  return f32x16_load(padded);
}
INLINE void store_columns(float *y, uint32_t at, uint32_t columns, f32x16 v) {
  if (at + 16 <= columns) {
    f32x16_store(y + at, v);
  } else {
    float padded[16];
    f32x16_store(padded, v);
    memcpy(y + at, padded, (columns - at) * sizeof *y);
  }
}

INLINE f32x16 f32x16_abs(f32x16 v) { return (f32x16)((u32x16)v & (u32x16)0x7fffffffu); }

// The maximum of 16 lanes; max is associative, so any order gives the same value.
INLINE float f32x16_max_lane(f32x16 v) {
  v = f32x16_max(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  v = f32x16_max(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  v = f32x16_max(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  v = f32x16_max(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
  return v[0];
}

// exp(x) for x <= 88; below -87.3 (the smallest normal result) it is 0. x = n ln 2 + r with |r| <= ln 2 / 2; the Cephes
// polynomial for exp(r); 2^n through the exponent bits. Relative error below 2 ulp.
INLINE f32x16 f32x16_exp(f32x16 x) {
  // Adding 1.5 * 2^23 rounds to the nearest integer (ties to even) and leaves it in the low bits.
  const f32x16 magic = f32x16_set(12582912.0f);
  const f32x16 shifted = f32x16_fma(x, f32x16_set(1.44269504088896341f), magic);
  const f32x16 n = shifted - magic;
  // ln 2 in two parts; the first has trailing zeros, so that n times it is exact.
  f32x16 r = f32x16_fma(n, f32x16_set(-0.693359375f), x);
  r = f32x16_fma(n, f32x16_set(2.12194440e-4f), r);
  f32x16 p = f32x16_set(1.9875691500e-4f);
  p = f32x16_fma(p, r, f32x16_set(1.3981999507e-3f));
  p = f32x16_fma(p, r, f32x16_set(8.3334519073e-3f));
  p = f32x16_fma(p, r, f32x16_set(4.1665795894e-2f));
  p = f32x16_fma(p, r, f32x16_set(1.6666665459e-1f));
  p = f32x16_fma(p, r, f32x16_set(5.0000001201e-1f));
  p = f32x16_fma(p, r * r, r) + f32x16_set(1.0f);
  const i32x16 exponent = ((i32x16)shifted - (i32x16)magic) << 23;
  const i32x16 in_range = x > f32x16_set(-87.3f);
  return (f32x16)(((i32x16)p + exponent) & in_range);
}

// 32 values to one block; v becomes what the block leaves over.
INLINE void quantize_block(f32x16 v[2], struct q8_block *y) {
  const f32x16 magic = f32x16_set(12582912.0f);
  const float most = f32x16_max_lane(f32x16_max(f32x16_abs(v[0]), f32x16_abs(v[1])));
  const float inverse = most > 0 ? 127.0f / most : 0.0f;
  int32_t total = 0;
  y->scale = most / 127.0f;
  for (int h = 0; h < 2; h++) {
    // |x * inverse| < 127.5, so the rounded value fits.
    const i32x16 q = (i32x16)(f32x16_fma(v[h], f32x16_set(inverse), magic)) - (i32x16)magic;
    const i8x16 bytes = __builtin_convertvector(q, i8x16);
    i8x16_store(y->q + 16 * h, bytes);
    v[h] = f32x16_fma(f32x16_from_i32(q), f32x16_set(-y->scale), v[h]);
    const int32_t sum = __builtin_reduce_add(q);
    y->minus_sum[h] = -sum;
    y->scaled_sum[h] = y->scale * (float)sum;
    total += sum;
  }
  y->minus_total = -total;
  y->scaled_total = y->scale * (float)total;
  y->unused = 0;
}

static void quantize(const float *x, struct q8_block *y, struct q8_block *rest, size_t stride, uint32_t columns) {
  for (uint32_t at = 0; at < (columns + 63) / 64 * 64; at += 32) {
    f32x16 v[2] = {load_columns(x, at, columns), load_columns(x, at + 16, columns)};
    quantize_block(v, y);
    y += stride;
    if (rest) quantize_block(v, rest), rest += stride;
  }
}

static void rms_norm(const float *x, const float *weight, float *y, uint32_t columns, float epsilon) {
  f32x16 squares = f32x16_set(0);
  for (uint32_t i = 0; i < columns; i += 16) {
    const f32x16 v = load_columns(x, i, columns);
    squares = f32x16_fma(v, v, squares);
  }
  const float mean = f32x16_sum(squares) / (float)columns;
  const f32x16 factor = f32x16_set(1.0f / __builtin_sqrtf(mean + epsilon));
  for (uint32_t i = 0; i < columns; i += 16)
    store_columns(y, i, columns, load_columns(x, i, columns) * factor * load_columns(weight, i, columns));
}

// silu(g) * u = g / (1 + exp(-g)) * u
static void swiglu(const float *gate, const float *up, float *y, uint32_t columns) {
  const f32x16 one = f32x16_set(1.0f), most = f32x16_set(88.0f);
  for (uint32_t i = 0; i < columns; i += 16) {
    const f32x16 g = load_columns(gate, i, columns);
    // Beyond 88, exp(-g) is infinite in f32 and silu(g) is below 1e-36: clamp instead of overflowing the exponent.
    const f32x16 e = f32x16_exp(-f32x16_max(g, -most));
    store_columns(y, i, columns, g / (one + e) * load_columns(up, i, columns));
  }
}

static void add(const float *a, const float *b, float *y, uint32_t columns) {
  for (uint32_t i = 0; i < columns; i += 16)
    store_columns(y, i, columns, load_columns(a, i, columns) + load_columns(b, i, columns));
}

static void scale(float *x, float factor, uint32_t columns) {
  for (uint32_t i = 0; i < columns; i += 16) store_columns(x, i, columns, load_columns(x, i, columns) * factor);
}

// Rotates `rotated` columns of each head by (cos, sin) pairs: columns (2i, 2i + 1), or (i, i + rotated / 2) for NeoX.
static void rope(float *x, const float *table, uint32_t head_columns, uint32_t heads, uint32_t rotated, bool neox) {
  const uint32_t half = rotated / 2;
  for (uint32_t h = 0; h < heads; h++, x += head_columns) {
    for (uint32_t i = 0; i < half; i++) {
      float *a = neox ? x + i : x + 2 * i, *b = neox ? x + i + half : x + 2 * i + 1;
      const float c = table[2 * i], s = table[2 * i + 1], p = *a, q = *b;
      // Products first, then the difference: plain multiplications, the same everywhere.
      *a = p * c - q * s;
      *b = p * s + q * c;
    }
  }
}
