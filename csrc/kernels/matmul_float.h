// The matmul with f32 activations: float formats always, integer formats where the exact mode asks for it. Tiles are
// widened to f32; of each 64 columns one chain of fma, ascending, and the chains are added in order:
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
#pragma clang loop unroll(full)
    for (uint32_t t = 0; t < count; t++) s[t] = f32x16_fma(w[c], f32x16_set(x[t][c]), s[t]);
  for (uint32_t t = 0; t < count; t++) sums[t] += s[t];
}

INLINE void matmul_float(widen_fn widen, uint32_t tile_columns, uint32_t tile_bytes, const struct matmul *m) {
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
          for (; t < count; t++) add_chain(w + c, m, first + t, i * tile_columns + c, sums + t, 1);
        }
      }
      for (uint32_t t = 0; t < count; t++) store_rows(m, row, first + t, sums[t]);
    }
  }
}
