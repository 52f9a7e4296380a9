// The matmul with f32 activations: float formats always, integer formats where the exact mode asks for it. Of each 64
// columns one chain of fma, ascending, and the chains are added in order:
//   s = fma(w[c], x[c], s) for c in 0..63, then y = y + s.
#pragma once

// `tile_columns` columns of a tile to f32. out: (columns, 16 rows)
typedef void (*widen_fn)(const uint8_t *tile, f32x16 *out);

INLINE const float *token_floats(const struct matmul *m, uint32_t token) {
  return (const float *)((const uint8_t *)m->x + token * m->x_stride);
}

// `count` (a constant) tokens over up to 64 columns. w: (64, 16 rows)
INLINE void add_chain(const f32x16 *w, const struct matmul *m, uint32_t token, uint32_t column, f32x16 *sums,
                      uint32_t count) {
  const uint32_t left = m->columns - column, columns = left < 64 ? left : 64;
  f32x16 s[FLOAT_TOKENS];
  const float *x[FLOAT_TOKENS];
  for (uint32_t t = 0; t < count; t++) {
    s[t] = f32x16_set(0);
    x[t] = token_floats(m, token + t) + column;
  }
  for (uint32_t c = 0; c < columns; c++)
    UNROLL for (uint32_t t = 0; t < count; t++) s[t] = f32x16_fma(w[c], f32x16_set(x[t][c]), s[t]);
  for (uint32_t t = 0; t < count; t++) sums[t] += s[t];
}

// One copy for all formats: a call of widen for each tile costs nothing beside its 1024 products and more.
static __attribute__((noinline)) void matmul_float(widen_fn widen, uint32_t tile_columns, uint32_t tile_bytes,
                                                   const struct matmul *m) {
  f32x16 w[256], sums[MATMUL_BLOCK_TOKENS];
  for (uint32_t first = 0; first < m->tokens; first += MATMUL_BLOCK_TOKENS) {
    const uint32_t left = m->tokens - first, count = left < MATMUL_BLOCK_TOKENS ? left : MATMUL_BLOCK_TOKENS;
    for (uint32_t row = 0; row < m->rows; row += TILE_ROWS) {
      const uint8_t *tile = m->tiles + row / TILE_ROWS * m->group_bytes;
      for (uint32_t t = 0; t < count; t++) sums[t] = f32x16_set(0);
      for (uint32_t i = 0; i < m->group_tiles; i++, tile += tile_bytes) {
        widen(tile, w);
        for (uint32_t c = 0; c < tile_columns && i * tile_columns + c < m->columns; c += 64) {
          uint32_t t = 0;
          for (; t + FLOAT_TOKENS <= count; t += FLOAT_TOKENS)
            add_chain(w + c, m, first + t, i * tile_columns + c, sums + t, FLOAT_TOKENS);
          for (; t + 2 <= count; t += 2) add_chain(w + c, m, first + t, i * tile_columns + c, sums + t, 2);
          for (; t < count; t++) add_chain(w + c, m, first + t, i * tile_columns + c, sums + t, 1);
        }
      }
      for (uint32_t t = 0; t < count; t++) store_rows(m, row, first + t, sums[t]);
    }
  }
}

// A float format: how 16 elements become f32, and the bytes of a tile's column.
struct float_format {
  f32x16 (*widen)(const uint8_t *elements);
  uint32_t column_bytes;
};

// Chains that advance together: each waits for the fma before, four cycles on most machines.
enum { FLOAT_CHAINS = 4 };

// `count` (a constant) tiles of one row group for one token: sum + s0 + s1 + ...
INLINE f32x16 add_tiles(struct float_format f, const uint8_t *tile, const float *x, f32x16 sum, uint32_t columns,
                        uint32_t count) {
  const uint32_t tile_bytes = FLOAT_TILE_COLUMNS * f.column_bytes, ahead = FLOAT_CHAINS * tile_bytes;
  f32x16 s[FLOAT_CHAINS];
  UNROLL for (uint32_t i = 0; i < count; i++) s[i] = f32x16_set(0);
  for (uint32_t c = 0; c < columns; c++) {
    // In the order of the memory, although the chains go by in parallel.
    UNROLL for (uint32_t at = 0; at < count * f.column_bytes; at += 64)
      __builtin_prefetch(tile + ahead + c * count * f.column_bytes + at, 0, 2);
    UNROLL for (uint32_t i = 0; i < count; i++) {
      const uint8_t *p = tile + i * tile_bytes + c * f.column_bytes;
      s[i] = f32x16_fma(f.widen(p), f32x16_set(x[FLOAT_TILE_COLUMNS * i + c]), s[i]);
    }
  }
  UNROLL for (uint32_t i = 0; i < count; i++) sum += s[i];
  return sum;
}

// One token of a float format, bound by memory. Reads ahead, beyond the end too: the thread
// usually goes on there.
INLINE void matmul_float_one(struct float_format f, const struct matmul *m) {
  const uint32_t tile_bytes = FLOAT_TILE_COLUMNS * f.column_bytes, whole = m->columns / FLOAT_TILE_COLUMNS;
  for (uint32_t row = 0; row < m->rows; row += TILE_ROWS) {
    const uint8_t *tile = m->tiles + row / TILE_ROWS * m->group_bytes;
    const float *x = token_floats(m, 0);
    f32x16 sum = f32x16_set(0);
    uint32_t i = 0;
    for (; i + FLOAT_CHAINS <= whole; i += FLOAT_CHAINS)
      sum = add_tiles(f, tile + i * tile_bytes, x + FLOAT_TILE_COLUMNS * i, sum, FLOAT_TILE_COLUMNS, FLOAT_CHAINS);
    for (; i < m->group_tiles; i++) {
      const uint32_t left = m->columns - FLOAT_TILE_COLUMNS * i;
      const uint32_t columns = left < FLOAT_TILE_COLUMNS ? left : FLOAT_TILE_COLUMNS;
      sum = add_tiles(f, tile + i * tile_bytes, x + FLOAT_TILE_COLUMNS * i, sum, columns, 1);
    }
    store_rows(m, row, 0, sum);
  }
}
