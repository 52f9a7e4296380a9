// The fused dequantize-matmul of integer formats with int8 activations. The same arithmetic for one and for many
// tokens: for each group of columns, ascending, an exact integer dot product, then
//   groups of 32:  y = fma(dot * x.scale, scale, y)
//   groups of 16:  y = fma(fma(dot1, scale1, dot0 * scale0), x.scale, y)
//   with mins:     y = fma(-min, x.scale * (sum of x.q), y)
// so a row's bits do not depend on how many tokens share the call, on the tile width or on the instruction set.
#pragma once

// A format as the templates below see it: a compile-time constant, so that every call is inlined.
struct integer_format {
  uint32_t columns, group, tile_bytes;
  bool ends_inside;  // Rows may end inside a tile, and activations before its end.
  int bias_shift;
  int bits;
  bool with_min;
  void (*unpack)(const void *tile, int j, u8x64 codes[8]);
  void (*scales)(const void *tile, int j, f32x16 *scale, f32x16 *min);
};

// FEW_TOKENS of the instruction set are multiplied straight from registers. Here: tokens that share an unpacked tile
// from the L1 cache (a multiple of all pass widths; their sums are 6 KB per row group); row groups that share
// activations from there; how far few tokens read ahead.
enum { TOKENS_AT_ONCE = MATMUL_TOKENS > FEW_TOKENS ? MATMUL_TOKENS : FEW_TOKENS };
enum { MATMUL_BLOCK_TOKENS = 96, MATMUL_GROUPS = 4, AHEAD_BYTES = 2048 };

// Where an integer sum starts: -bias * (sum of x), so that it ends as the dot product with code - bias.
INLINE i32x16 first_sum(struct integer_format f, int32_t minus_sum) {
  const int shift = f.bits == SIGNED_BITS ? W8_BIAS_SHIFT : f.bias_shift;
  if (shift <= 0) return i32x16_set(0);
  return i32x16_set(minus_sum) << shift;
}

// -(sum of x) over half h of a group of 32 columns, or over all of it where a scale covers 32.
INLINE int32_t minus_sum(struct integer_format f, const struct q8_block *x, int h) {
  return f.group == 32 ? x->minus_total : x->minus_sum[h];
}

// The dot products of half h (see minus_sum) for `count` (a constant) tokens, in progress. All of them advance by four
// columns at a time: as many independent chains as there are tokens hide the latency of the instruction.
INLINE void multiply(struct integer_format f, const u8x64 codes[8], const struct q8_block *x, int h, dots *sum,
                     uint32_t count) {
  const int steps = (int)f.group / 4;
  UNROLL for (uint32_t t = 0; t < count; t++) sum[t] = dots_start(first_sum(f, minus_sum(f, x + t, h)));
  UNROLL for (int k = 0; k < steps; k++)
    UNROLL for (uint32_t t = 0; t < count; t++)
      sum[t] = dots_add(sum[t], codes[steps * h + k], x[t].q + 4 * (steps * h + k), k, f.bits);
}

#ifdef TOKEN_PAIRS
// The same by pairs of tokens, with zipped codes, to the end. A token that is left over is its own partner.
INLINE void multiply_pairs(struct integer_format f, const u8x64 codes[8], const struct q8_block *x, int h, i32x16 *dot,
                           uint32_t count) {
  const int steps = (int)f.group / 4;
  const int32_t bias = f.bits != SIGNED_BITS && f.bias_shift > 0 ? 1 << f.bias_shift : 0;
  token_pair sum[TOKENS_AT_ONCE / 2];
  UNROLL for (uint32_t t = 0; t < count; t += 2) {
    const struct q8_block *const other = x + (t + 1 < count ? t + 1 : t);
    sum[t / 2] = pair_start(bias * minus_sum(f, x + t, h), bias * minus_sum(f, other, h));
  }
  UNROLL for (int k = steps * h; k < steps * (h + 1); k += 4)
    UNROLL for (uint32_t t = 0; t < count; t += 2)
      sum[t / 2] = pair_add(sum[t / 2], codes + k, x[t].q + 4 * k, x[t + 1 < count ? t + 1 : t].q + 4 * k);
  UNROLL for (uint32_t t = 0; t < count; t += 2) {
    i32x16 both[2];
    pair_end(sum[t / 2], both);
    dot[t] = both[0];
    if (t + 1 < count) dot[t + 1] = both[1];
  }
}
enum { ZIPPED = true };
INLINE void zip_codes(u8x64 codes[8]) { pair_zip(codes), pair_zip(codes + 4); }
#else
enum { ZIPPED = false };
INLINE void multiply_pairs(struct integer_format f, const u8x64 *codes, const struct q8_block *x, int h, i32x16 *dot,
                           uint32_t count) {
  (void)f, (void)codes, (void)x, (void)h, (void)dot, (void)count;
}
INLINE void zip_codes(u8x64 codes[8]) { (void)codes; }
#endif

// Adds 32 columns of one tile for `count` (a constant) tokens, whose blocks x stand together.
INLINE void add_group(struct integer_format f, const u8x64 codes[8], const f32x16 *scale, const f32x16 *min,
                      const struct q8_block *x, f32x16 *y, uint32_t count, bool zipped) {
  const int halves = f.group == 32 ? 1 : 2;
  f32x16 first[TOKENS_AT_ONCE];  // What the first half gives, without the scale of x.
  UNROLL for (int h = 0; h < halves; h++) {
    dots sum[TOKENS_AT_ONCE];
    i32x16 pairs[TOKENS_AT_ONCE];
    if (zipped) multiply_pairs(f, codes, x, h, pairs, count);
    else multiply(f, codes, x, h, sum, count);
    UNROLL for (uint32_t t = 0; t < count; t++) {
      const i32x16 total = zipped ? pairs[t] : dots_end(sum[t], (int)f.group / 4, f.bits);
      const f32x16 dot = f32x16_from_i32(total), x_scale = f32x16_set(x[t].scale);
      if (halves == 1) y[t] = f32x16_fma(dot * x_scale, scale[0], y[t]);
      else if (h == 0) first[t] = dot * scale[0];
      else y[t] = f32x16_fma(f32x16_fma(dot, scale[1], first[t]), x_scale, y[t]);
    }
  }
  if (!f.with_min) return;
  UNROLL for (uint32_t t = 0; t < count; t++) {
    if (halves == 1) {
      y[t] = f32x16_fma(min[0], f32x16_set(x[t].scaled_total), y[t]);
    } else {
      y[t] = f32x16_fma(min[0], f32x16_set(x[t].scaled_sum[0]), y[t]);
      y[t] = f32x16_fma(min[1], f32x16_set(x[t].scaled_sum[1]), y[t]);
    }
  }
}

INLINE void unpack_codes(struct integer_format f, const uint8_t *tile, int j, u8x64 codes[8]) {
  f.unpack(tile, j, codes);
  if (f.bits == SIGNED_BITS)
    for (int k = 0; k < 8; k++) codes[k] = w8_prepare(codes[k]);
}

// How many groups of 32 columns of tile i a row has.
INLINE int groups_of_tile(struct integer_format f, const struct matmul *m, uint32_t i) {
  const uint32_t all = f.columns / 32;
  if (!f.ends_inside) return (int)all;
  const uint32_t left = m->columns / 32 - i * all;
  return (int)(left < all ? left : all);
}

// Block `block` (32 columns) of the tokens from `token` on.
INLINE const struct q8_block *token_blocks(const struct matmul *m, uint32_t token, uint32_t block) {
  return (const struct q8_block *)((const uint8_t *)m->x + block * m->x_stride) + token;
}

INLINE void prefetch(const uint8_t *p, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += 64) __builtin_prefetch(p + at, 0, 3);
}

// Group j of a tile for `count` (a constant) tokens; x of the tile's first group.
INLINE void add_unpacked(struct integer_format f, const struct matmul *m, const uint8_t *tile, int j,
                         const struct q8_block *x, f32x16 *y, uint32_t count) {
  const uint32_t part = f.tile_bytes * 32 / f.columns;
  if (count > 2 || f.bits <= 3) prefetch(tile + AHEAD_BYTES + (uint32_t)j * part, part);
  u8x64 codes[8];
  f32x16 scale[2], min[2];
  unpack_codes(f, tile, j, codes);
  f.scales(tile, j, scale, min);
  add_group(f, codes, scale, min, (const struct q8_block *)((const uint8_t *)x + (uint32_t)j * m->x_stride), y, count,
            false);
}

// `count` (a constant) tokens, codes kept in registers: the path of decoding, bound by memory. Tiles are read from the
// first byte to the last, which hardware prefetchers follow best when they are left alone: reading ahead helps only
// where computing with a byte takes longer than reading it, because there few loads are under way at a time.
INLINE void matmul_few(struct integer_format f, const struct matmul *m, uint32_t count) {
  const int groups = (int)f.columns / 32;
  for (uint32_t row = 0; row < m->rows; row += TILE_ROWS) {
    const uint8_t *tile = m->tiles + row / TILE_ROWS * m->group_bytes;
    f32x16 y[FEW_TOKENS];
    UNROLL for (uint32_t t = 0; t < count; t++) y[t] = f32x16_set(0);
    for (uint32_t i = 0; i < m->group_tiles; i++, tile += f.tile_bytes) {
      const struct q8_block *x = token_blocks(m, 0, i * (uint32_t)groups);
      // With constant places for bits and scales; one copy of the code for each group costs more than it brings where
      // there are more tokens.
      if (FEW_TOKENS > 1 && count == 1 && !f.ends_inside)
        UNROLL for (int j = 0; j < groups; j++) add_unpacked(f, m, tile, j, x, y, count);
      else
        for (int j = 0, present = groups_of_tile(f, m, i); j < present; j++) add_unpacked(f, m, tile, j, x, y, count);
    }
    UNROLL for (uint32_t t = 0; t < count; t++) store_rows(m, row, t, y[t]);
  }
}

// A tile of each of MATMUL_GROUPS row groups, unpacked: some 10 KB, which stay in the L1 cache while tokens go by.
struct unpacked_tile {
  u8x64 codes[64];
  f32x16 scale[16], min[16];
};

// `count` (a constant) of the tokens of a block, with the codes of one tile in the L1 cache.
INLINE void add_tile(struct integer_format f, const struct unpacked_tile *tile, const struct matmul *m,
                     uint32_t token, uint32_t tile_index, f32x16 *sums, uint32_t count) {
  const int groups = (int)f.columns / 32, present = groups_of_tile(f, m, tile_index), scales = 32 / (int)f.group;
  f32x16 y[TOKENS_AT_ONCE];
  UNROLL for (uint32_t t = 0; t < count; t++) y[t] = sums[t];
  for (int j = 0; j < present; j++)
    add_group(f, tile->codes + 8 * j, tile->scale + scales * j, tile->min + scales * j,
              token_blocks(m, token, tile_index * (uint32_t)groups + (uint32_t)j), y, count, ZIPPED);
  UNROLL for (uint32_t t = 0; t < count; t++) sums[t] = y[t];
}

// Any number of tokens: each tile is unpacked once for a block of tokens, and activations that are in the L1 cache are
// used for several row groups.
INLINE void matmul_many(struct integer_format f, const struct matmul *m) {
  const int scales = 32 / (int)f.group;
  struct unpacked_tile unpacked[MATMUL_GROUPS];
  f32x16 sums[MATMUL_GROUPS][MATMUL_BLOCK_TOKENS];
  for (uint32_t first = 0; first < m->tokens; first += MATMUL_BLOCK_TOKENS) {
    const uint32_t left = m->tokens - first, count = left < MATMUL_BLOCK_TOKENS ? left : MATMUL_BLOCK_TOKENS;
    for (uint32_t row = 0; row < m->rows; row += MATMUL_GROUPS * TILE_ROWS) {
      const uint32_t rows_left = (m->rows - row + TILE_ROWS - 1) / TILE_ROWS;
      const uint32_t groups = rows_left < MATMUL_GROUPS ? rows_left : MATMUL_GROUPS;
      for (uint32_t g = 0; g < groups; g++)
        for (uint32_t t = 0; t < count; t++) sums[g][t] = f32x16_set(0);
      for (uint32_t i = 0; i < m->group_tiles; i++) {
        for (uint32_t g = 0; g < groups; g++) {
          const uint8_t *tile = m->tiles + (row / TILE_ROWS + g) * m->group_bytes + i * f.tile_bytes;
          for (int j = 0; j < (int)f.columns / 32; j++) {
            f.scales(tile, j, unpacked[g].scale + scales * j, unpacked[g].min + scales * j);
            unpack_codes(f, tile, j, unpacked[g].codes + 8 * j);
            zip_codes(unpacked[g].codes + 8 * j);
          }
        }
        uint32_t t = 0;
        const uint32_t pass = f.group == 32 ? MATMUL_TOKENS : MATMUL_TOKENS_HALVES;
        // The next tiles come while the tokens go by.
        const uint32_t share = (f.tile_bytes / (count / pass + 1) + 63) / 64 * 64;
        const uint8_t *ahead = m->tiles + row / TILE_ROWS * m->group_bytes + (i + 1) * f.tile_bytes;
        for (; t + pass <= count; t += pass, ahead += share)
          for (uint32_t g = 0; g < groups; g++) {
            prefetch(ahead + g * m->group_bytes, share);
            add_tile(f, &unpacked[g], m, first + t, i, sums[g] + t, pass);
          }
        for (uint32_t g = 0; g < groups; g++) prefetch(ahead + g * m->group_bytes, share);
        for (; FEW_TOKENS < pass && t + FEW_TOKENS <= count; t += FEW_TOKENS)
          for (uint32_t g = 0; g < groups; g++) add_tile(f, &unpacked[g], m, first + t, i, sums[g] + t, FEW_TOKENS);
        for (; t < count; t++)
          for (uint32_t g = 0; g < groups; g++) add_tile(f, &unpacked[g], m, first + t, i, sums[g] + t, 1);
      }
      for (uint32_t t = 0; t < count; t++)  // Tokens are pages apart: each is visited once.
        for (uint32_t g = 0; g < groups; g++) store_rows(m, row + g * TILE_ROWS, first + t, sums[g][t]);
    }
  }
}

INLINE void matmul_integer(struct integer_format f, const struct matmul *m) {
  if (m->tokens == 1) return matmul_few(f, m, 1);
  if (FEW_TOKENS >= 2 && m->tokens == 2) return matmul_few(f, m, 2);
  if (FEW_TOKENS >= 3 && m->tokens == 3) return matmul_few(f, m, 3);
  if (FEW_TOKENS >= 4 && m->tokens == 4) return matmul_few(f, m, 4);
  matmul_many(f, m);
}

// The codes of a tile as floats: w = fma(code - bias, scale, -min), exact but for one rounding. out: (columns, 16 rows)
INLINE void widen_integer(struct integer_format f, const uint8_t *tile, f32x16 *out) {
  for (int j = 0; j < (int)f.columns / 32; j++) {
    u8x64 codes[8];
    f32x16 scale[2], min[2];
    f.unpack(tile, j, codes);
    f.scales(tile, j, scale, min);
    for (int c = 0; c < 32; c++) {
      const int group = c / (int)f.group, byte = 8 * (c % 4);
      const i32x16 word = (i32x16)codes[c / 4];
      i32x16 code = f.bits == SIGNED_BITS ? word << (24 - byte) >> 24 : (i32x16)((u32x16)word >> (uint32_t)byte & 255u);
      if (f.bias_shift > 0) code -= 1 << f.bias_shift;
      const f32x16 value = f32x16_from_i32(code);
      out[32 * j + c] = f.with_min ? f32x16_fma(value, scale[group], min[group]) : value * scale[group];
    }
  }
}
