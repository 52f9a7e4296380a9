// The fused dequantize-matmul of integer formats with int8 activations. The same arithmetic for one and for many tokens:
// for each group of columns, ascending, an exact integer dot product, then
//   groups of 32:  y = fma(dot * x.scale, scale, y)
//   groups of 16:  y = fma(fma(dot1, scale1, dot0 * scale0), x.scale, y)
//   with mins:     y = fma(-min, x.scale * (sum of x.q), y)
// so a row's bits do not depend on how many tokens share the call, on the tile width or on the instruction set.
#pragma once

// A format as the templates below see it: a compile-time constant, so that every call is inlined.
struct integer_format {
  uint32_t columns, group, tile_bytes;
  int bias_shift;
  bool with_min, with_sign;
  void (*unpack)(const void *tile, int j, u8x64 codes[8]);
  void (*scales)(const void *tile, f32x16 *scale, f32x16 *min);
};

// Tokens that share an unpacked tile from the L1 cache: their sums are 128 vectors (8 KB).
enum { MATMUL_BLOCK_TOKENS = 128 };

// Where an integer sum starts: -bias * (sum of x), so that it ends as the dot product with code - bias.
INLINE i32x16 dot_start(struct integer_format f, int32_t minus_sum) {
  const int shift = f.with_sign ? W8_BIAS_SHIFT : f.bias_shift;
  if (shift <= 0) return i32x16_set(0);
  return i32x16_set(minus_sum) << shift;
}
INLINE i32x16 dot4(struct integer_format f, i32x16 sum, u8x64 codes, const int8_t *x) {
  return f.with_sign ? dot_w8(sum, codes, x) : dot_u6(sum, codes, x);
}

// Adds columns 32 j to 32 j + 31 of one tile for one token.
INLINE f32x16 add_group(struct integer_format f, const u8x64 codes[8], const f32x16 *scale, const f32x16 *min, int j,
                        const struct q8_block *x, f32x16 y) {
  if (f.group == 32) {
    i32x16 dot = dot_start(f, x->minus_total);
    for (int k = 0; k < 8; k++) dot = dot4(f, dot, codes[k], x->q + 4 * k);
    y = f32x16_fma(f32x16_from_i32(dot) * f32x16_set(x->scale), scale[j], y);
    if (f.with_min) y = f32x16_fma(min[j], f32x16_set(x->scaled_total), y);
  } else {
    i32x16 dot0 = dot_start(f, x->minus_sum[0]), dot1 = dot_start(f, x->minus_sum[1]);
    for (int k = 0; k < 4; k++) {
      dot0 = dot4(f, dot0, codes[k], x->q + 4 * k);
      dot1 = dot4(f, dot1, codes[4 + k], x->q + 16 + 4 * k);
    }
    const f32x16 both = f32x16_fma(f32x16_from_i32(dot1), scale[2 * j + 1], f32x16_from_i32(dot0) * scale[2 * j]);
    y = f32x16_fma(both, f32x16_set(x->scale), y);
    if (f.with_min) {
      y = f32x16_fma(min[2 * j], f32x16_set(x->scaled_sum[0]), y);
      y = f32x16_fma(min[2 * j + 1], f32x16_set(x->scaled_sum[1]), y);
    }
  }
  return y;
}

INLINE void unpack_codes(struct integer_format f, const uint8_t *tile, int j, u8x64 codes[8]) {
  f.unpack(tile, j, codes);
  if (f.with_sign)
    for (int k = 0; k < 8; k++) codes[k] = w8_prepare(codes[k]);
}

INLINE const struct q8_block *token_blocks(const struct matmul *m, uint32_t token) {
  return (const struct q8_block *)((const uint8_t *)m->x + token * m->x_stride);
}

// `count` (a constant) tokens, codes kept in registers: the path of decoding, bound by memory.
INLINE void matmul_few(struct integer_format f, const struct matmul *m, uint32_t count) {
  const int groups = (int)f.columns / 32;
  for (uint32_t row = 0; row < m->rows; row += TILE_ROWS) {
    const uint8_t *tile = m->tiles + row / TILE_ROWS * m->group_bytes;
    f32x16 y[4];
    for (uint32_t t = 0; t < count; t++) y[t] = f32x16_set(0);
    for (uint32_t i = 0; i < m->group_tiles; i++, tile += f.tile_bytes) {
      f32x16 scale[16], min[16];
      f.scales(tile, scale, min);
#pragma clang loop unroll(full)
      for (int j = 0; j < groups; j++) {
        u8x64 codes[8];
        unpack_codes(f, tile, j, codes);
        for (uint32_t t = 0; t < count; t++)
          y[t] = add_group(f, codes, scale, min, j, token_blocks(m, t) + i * (uint32_t)groups + j, y[t]);
      }
    }
    for (uint32_t t = 0; t < count; t++) store_rows(m, row, t, y[t]);
  }
}

// `count` (a constant) of the tokens of a block, with the codes of one tile in the L1 cache.
INLINE void add_tile(struct integer_format f, const u8x64 *codes, const f32x16 *scale, const f32x16 *min,
                     const struct matmul *m, uint32_t token, uint32_t tile_index, f32x16 *sums, uint32_t count) {
  const int groups = (int)f.columns / 32;
  f32x16 y[MATMUL_TOKENS];
  for (uint32_t t = 0; t < count; t++) y[t] = sums[t];
  for (int j = 0; j < groups; j++)
#pragma clang loop unroll(full)
    for (uint32_t t = 0; t < count; t++)
      y[t] = add_group(f, codes + 8 * j, scale, min, j,
                       token_blocks(m, token + t) + tile_index * (uint32_t)groups + j, y[t]);
  for (uint32_t t = 0; t < count; t++) sums[t] = y[t];
}

// Any number of tokens: each tile is unpacked once for a block of tokens.
INLINE void matmul_many(struct integer_format f, const struct matmul *m) {
  const int groups = (int)f.columns / 32;
  u8x64 codes[64];
  f32x16 scale[16], min[16], sums[MATMUL_BLOCK_TOKENS];
  for (uint32_t first = 0; first < m->tokens; first += MATMUL_BLOCK_TOKENS) {
    const uint32_t left = m->tokens - first, count = left < MATMUL_BLOCK_TOKENS ? left : MATMUL_BLOCK_TOKENS;
    for (uint32_t row = 0; row < m->rows; row += TILE_ROWS) {
      const uint8_t *tile = m->tiles + row / TILE_ROWS * m->group_bytes;
      for (uint32_t t = 0; t < count; t++) sums[t] = f32x16_set(0);
      for (uint32_t i = 0; i < m->group_tiles; i++, tile += f.tile_bytes) {
        f.scales(tile, scale, min);
        for (int j = 0; j < groups; j++) unpack_codes(f, tile, j, codes + 8 * j);
        uint32_t t = 0;
        for (; t + MATMUL_TOKENS <= count; t += MATMUL_TOKENS)
          add_tile(f, codes, scale, min, m, first + t, i, sums + t, MATMUL_TOKENS);
        for (; t < count; t++) add_tile(f, codes, scale, min, m, first + t, i, sums + t, 1);
      }
      for (uint32_t t = 0; t < count; t++) store_rows(m, row, first + t, sums[t]);
    }
  }
}

INLINE void matmul_integer(struct integer_format f, const struct matmul *m) {
  switch (m->tokens) {
    case 1: matmul_few(f, m, 1); break;
    case 2: matmul_few(f, m, 2); break;
    case 3: matmul_few(f, m, 3); break;
    case 4: matmul_few(f, m, 4); break;
    default: matmul_many(f, m); break;
  }
}

// The codes of a tile as floats: w = fma(code - bias, scale, -min), exact but for one rounding. out: (columns, 16 rows)
INLINE void widen_integer(struct integer_format f, const uint8_t *tile, f32x16 *out) {
  f32x16 scale[16], min[16];
  f.scales(tile, scale, min);
  for (int j = 0; j < (int)f.columns / 32; j++) {
    u8x64 codes[8];
    f.unpack(tile, j, codes);
    for (int c = 0; c < 32; c++) {
      const int group = f.group == 32 ? j : 2 * j + c / 16, byte = 8 * (c % 4);
      const i32x16 word = (i32x16)codes[c / 4];
      i32x16 code = f.with_sign ? word << (24 - byte) >> 24 : (i32x16)((u32x16)word >> (uint32_t)byte & 255u);
      if (f.bias_shift > 0) code -= 1 << f.bias_shift;
      const f32x16 value = f32x16_from_i32(code);
      out[32 * j + c] = f.with_min ? f32x16_fma(value, scale[group], min[group]) : value * scale[group];
    }
  }
}
