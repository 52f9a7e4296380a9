// The matmul with f32 activations: float formats always, integer formats where the exact mode asks for it. Of each 64
// columns one chain of fma, ascending, and the chains are added in order:
//   s = fma(w[c], x[c], s) for c in 0..63, then y = y + s.
#pragma once

// Some tiles, from tile `tile` on, of the row group that begins at `row`, as f32. out: (columns, 16 rows)
typedef void (*widen_fn)(const struct matmul *m, uint32_t row, uint32_t tile, f32x16 *out);

INLINE const float *token_floats(const struct matmul *m, uint32_t token) {
  return (const float *)((const uint8_t *)m->x + token * m->x_stride);
}
INLINE const uint8_t *row_group(const struct matmul *m, uint32_t row) {
  return m->tiles + row / TILE_ROWS * m->group_bytes;
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

// One copy for all formats: calls of widen, for `tiles` tiles of `columns` (together at most 256), cost nothing beside
// their products, 1024 and more for each token.
static __attribute__((noinline)) void matmul_float(widen_fn widen, uint32_t tiles, uint32_t columns,
                                                   const struct matmul *m) {
  f32x16 w[256], sums[MATMUL_BLOCK_TOKENS];
  for (uint32_t first = 0; first < m->tokens; first += MATMUL_BLOCK_TOKENS) {
    const uint32_t left = m->tokens - first, count = left < MATMUL_BLOCK_TOKENS ? left : MATMUL_BLOCK_TOKENS;
    for (uint32_t row = 0; row < m->rows; row += TILE_ROWS) {
      for (uint32_t t = 0; t < count; t++) sums[t] = f32x16_set(0);
      for (uint32_t i = 0; i < m->group_tiles; i += tiles) {
        widen(m, row, i, w);
        for (uint32_t c = 0; c < tiles * columns && i * columns + c < m->columns; c += 64) {
          uint32_t t = 0;
          for (; t + FLOAT_TOKENS <= count; t += FLOAT_TOKENS)
            add_chain(w + c, m, first + t, i * columns + c, sums + t, FLOAT_TOKENS);
          for (; t + 2 <= count; t += 2) add_chain(w + c, m, first + t, i * columns + c, sums + t, 2);
          for (; t < count; t++) add_chain(w + c, m, first + t, i * columns + c, sums + t, 1);
        }
      }
      for (uint32_t t = 0; t < count; t++) store_rows(m, row, first + t, sums[t]);
    }
  }
}

// A form of float tiles.
struct float_tiles {
  uint32_t strip_bytes, head_bytes;
  bool read_ahead;      // For one token: where computing with a byte takes about as long as reading it.
  // What widen_strip needs of `count` (a constant) tiles; false when one of them is not there.
  bool (*tables)(const uint8_t *heads, uint8_t (*tables)[32], uint32_t count);
  void (*widen_strip)(const uint8_t *strip, const uint8_t table[32], f32x16 out[STRIP_COLUMNS]);
  widen_fn widen_rows;  // A tile that is not there.
  widen_fn widen_one;   // Any tile.
};

// A tile that its form cannot hold, from the rows of the file.
static void widen_source(const struct matmul *m, uint32_t row, uint32_t tile, f32x16 *out) {
  const uint32_t rows = m->rows - row, column = tile * FLOAT_TILE_COLUMNS, columns = m->columns - column;
  float values[TILE_ROWS][FLOAT_TILE_COLUMNS] = {0}, turned[FLOAT_TILE_COLUMNS][TILE_ROWS];
  for (uint32_t r = 0; r < rows && r < TILE_ROWS; r++)
    m->dequantize(m->source + (row + r) * m->source_stride + column * sizeof(uint16_t), values[r],
                  columns < FLOAT_TILE_COLUMNS ? columns : FLOAT_TILE_COLUMNS);
  for (uint32_t c = 0; c < FLOAT_TILE_COLUMNS; c++)
    for (uint32_t r = 0; r < TILE_ROWS; r++) turned[c][r] = values[r][c];
  memcpy(out, turned, sizeof turned);
}

INLINE bool no_tables(const uint8_t *heads, uint8_t (*tables)[32], uint32_t count) {
  (void)heads, (void)tables, (void)count;
  return true;
}

// Where a tile begins; its strips are strips_of(...).step apart.
INLINE const uint8_t *tile_strips(struct float_tiles f, const struct matmul *m, uint32_t row, uint32_t tile) {
  const uint32_t first = strips_of(tile, m->group_tiles).first;
  return row_group(m, row) + heads_bytes(f.head_bytes, m->group_tiles) + first * (size_t)f.strip_bytes;
}
// `count` (a constant) tiles whose strips take turns, or one.
INLINE void widen_tiles(struct float_tiles f, const struct matmul *m, uint32_t row, uint32_t tile, f32x16 *out,
                        uint32_t count) {
  const uint8_t *strip = tile_strips(f, m, row, tile);
  const size_t step = strips_of(tile, m->group_tiles).step * (size_t)f.strip_bytes;
  uint8_t tables[TILES_IN_TURN][32];
  if (!f.tables(row_group(m, row) + tile * f.head_bytes, tables, count)) {
    if (count == 1) f.widen_rows(m, row, tile, out);
    else for (uint32_t i = 0; i < count; i++) f.widen_one(m, row, tile + i, out + FLOAT_TILE_COLUMNS * i);
    return;
  }
  for (uint32_t c = 0; c < FLOAT_TILE_COLUMNS; c += STRIP_COLUMNS, strip += step)
    UNROLL for (uint32_t i = 0; i < count; i++)
      f.widen_strip(strip + i * f.strip_bytes, tables[i], out + FLOAT_TILE_COLUMNS * i + c);
}
// As many as take turns.
INLINE void widen_block(struct float_tiles f, const struct matmul *m, uint32_t row, uint32_t tile, f32x16 *out) {
  if (tile + TILES_IN_TURN <= m->group_tiles) return widen_tiles(f, m, row, tile, out, TILES_IN_TURN);
  for (; tile < m->group_tiles; tile++, out += FLOAT_TILE_COLUMNS) f.widen_one(m, row, tile, out);
}

// A tile with anything unusual, for one token.
INLINE f32x16 add_tile_apart(struct float_tiles f, const struct matmul *m, uint32_t row, uint32_t tile, f32x16 sum) {
  f32x16 w[FLOAT_TILE_COLUMNS];
  f.widen_one(m, row, tile, w);
  add_chain(w, m, 0, FLOAT_TILE_COLUMNS * tile, &sum, 1);
  return sum;
}

// `count` (a constant) tiles of 64 whole columns, from tile `first` on, for one token: sum + s0 + s1 + ...
INLINE f32x16 add_tiles(struct float_tiles f, const struct matmul *m, uint32_t row, uint32_t first, f32x16 sum,
                        uint32_t count) {
  const uint8_t *strip = tile_strips(f, m, row, first);
  const size_t step = strips_of(first, m->group_tiles).step * (size_t)f.strip_bytes;
  const float *x = token_floats(m, 0) + FLOAT_TILE_COLUMNS * first;
  uint8_t tables[TILES_IN_TURN][32];
  f32x16 s[TILES_IN_TURN];
  if (!f.tables(row_group(m, row) + first * f.head_bytes, tables, count)) {
    for (uint32_t i = 0; i < count; i++) sum = add_tile_apart(f, m, row, first + i, sum);
    return sum;
  }
  UNROLL for (uint32_t i = 0; i < count; i++) s[i] = f32x16_set(0);
  for (uint32_t c = 0; c < FLOAT_TILE_COLUMNS; c += STRIP_COLUMNS, strip += step) {
    UNROLL for (uint32_t i = 0; i < count; i++) {
      f32x16 w[STRIP_COLUMNS];
      if (f.read_ahead) prefetch(strip + i * f.strip_bytes + AHEAD_BYTES, f.strip_bytes);
      f.widen_strip(strip + i * f.strip_bytes, tables[i], w);
      UNROLL for (uint32_t k = 0; k < STRIP_COLUMNS; k++)
        s[i] = f32x16_fma(w[k], f32x16_set(x[FLOAT_TILE_COLUMNS * i + c + k]), s[i]);
    }
  }
  UNROLL for (uint32_t i = 0; i < count; i++) sum += s[i];
  return sum;
}

// One token, bound by memory: four chains advance together, because each waits for the fma before.
INLINE void matmul_float_one(struct float_tiles f, const struct matmul *m) {
  const uint32_t whole = m->columns / FLOAT_TILE_COLUMNS;
  for (uint32_t row = 0; row < m->rows; row += TILE_ROWS) {
    f32x16 sum = f32x16_set(0);
    uint32_t i = 0;
    for (; i + TILES_IN_TURN <= whole; i += TILES_IN_TURN) sum = add_tiles(f, m, row, i, sum, TILES_IN_TURN);
    for (; i < whole; i++) sum = add_tiles(f, m, row, i, sum, 1);
    if (i < m->group_tiles) sum = add_tile_apart(f, m, row, i, sum);
    store_rows(m, row, 0, sum);
  }
}
