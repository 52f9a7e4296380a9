// Rows of a file to tiles, and to plain f32 values.
#pragma once

// Sixteen rows (zeros where there are fewer) to the tiles of one row group. A tile takes columns / values blocks of
// each row; beyond the last block of a row the codes are those of a zero block.
#define DEFINE_PACK_INTEGER(name, values)                                                                      \
  static void pack_##name(void *tiles, const uint8_t *rows_data, size_t row_bytes, uint32_t rows,              \
                          uint32_t columns) {                                                                  \
    enum { per_tile = name##_columns / (values) };                                                             \
    const uint32_t blocks = columns / (values);                                                                \
    tile_##name *t = tiles;                                                                                    \
    for (uint32_t b = 0; b < blocks; b += per_tile, t++) {                                                     \
      for (uint32_t row = 0; row < TILE_ROWS; row++) {                                                         \
        block_##name block[per_tile];                                                                          \
        uint8_t codes[name##_columns];                                                                         \
        const uint32_t left = blocks - b, count = row >= rows ? 0 : left < per_tile ? left : per_tile;         \
        memset(block, 0, sizeof block);                                                                        \
        if (count)                                                                                             \
          memcpy(block, rows_data + row * row_bytes + b * sizeof *block, count * sizeof *block);               \
        for (int i = 0; i < per_tile; i++) name##_codes(&block[i], codes + (values) * i);                      \
        name##_pack(t, (int)row, block, codes);                                                                \
      }                                                                                                        \
    }                                                                                                          \
  }                                                                                                            \
  static void dequantize_##name(const void *data, float *out, size_t count) {                                  \
    const uint8_t *p = data;                                                                                   \
    for (size_t done = 0; done < count; done += (values), p += sizeof(block_##name)) {                         \
      block_##name b;                                                                                          \
      uint8_t codes[values];                                                                                   \
      float scale[16], min[16] = {0};                                                                          \
      memcpy(&b, p, sizeof b);                                                                                 \
      name##_codes(&b, codes);                                                                                 \
      name##_block_scales(&b, scale, min);                                                                     \
      const int bias = name##_bias_shift > 0 ? 1 << (name##_bias_shift & 31) : 0;                              \
      for (int i = 0; i < (values); i++) {                                                                     \
        const int code = name##_bits == SIGNED_BITS ? (int8_t)codes[i] : codes[i] - bias;                      \
        out[done + (size_t)i] = (float)code * scale[i / name##_group] - min[i / name##_group];                 \
      }                                                                                                        \
    }                                                                                                          \
  }

// Sixteen elements of each of sixteen rows to columns. Four times, each vector of the lower half is zipped with its
// partner of the upper half: every time the four bits of an element's row and the four of its column, as one number,
// are turned by one.
#define DEFINE_TRANSPOSE(bits)                                                                                 \
  static void transpose_##bits(const uint8_t *rows_data, size_t row_bytes, void *columns) {                    \
    typedef uint##bits##_t lanes __attribute__((ext_vector_type(16)));                                         \
    lanes v[16], zipped[16];                                                                                   \
    UNROLL for (int i = 0; i < 16; i++) memcpy(&v[i], rows_data + (size_t)i * row_bytes, sizeof *v);           \
    UNROLL for (int turn = 0; turn < 4; turn++) {                                                              \
      UNROLL for (int i = 0; i < 8; i++) {                                                                     \
        zipped[2 * i] = __builtin_shufflevector(v[i], v[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6,   \
                                                22, 7, 23);                                                    \
        zipped[2 * i + 1] = __builtin_shufflevector(v[i], v[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13,  \
                                                    29, 14, 30, 15, 31);                                       \
      }                                                                                                        \
      UNROLL for (int i = 0; i < 16; i++) v[i] = zipped[i];                                                    \
    }                                                                                                          \
    memcpy(columns, v, sizeof v);                                                                              \
  }
DEFINE_TRANSPOSE(16)
DEFINE_TRANSPOSE(32)

#define DEFINE_PACK_FLOAT(name)                                                                                \
  static void pack_##name(void *tiles, const uint8_t *rows_data, size_t row_bytes, uint32_t rows,              \
                          uint32_t columns) {                                                                  \
    block_##name *t = tiles;                                                                                   \
    const uint32_t padded = (columns + FLOAT_TILE_COLUMNS - 1) / FLOAT_TILE_COLUMNS * FLOAT_TILE_COLUMNS;      \
    const uint32_t whole = rows == TILE_ROWS ? columns / 16 * 16 : 0;                                          \
    for (uint32_t c = 0; c < whole; c += 16) {                                                                 \
      const uint8_t *from = rows_data + c * sizeof *t;                                                         \
      if (sizeof *t == 2) transpose_16(from, row_bytes, t + c * (size_t)TILE_ROWS);                            \
      else transpose_32(from, row_bytes, t + c * (size_t)TILE_ROWS);                                           \
    }                                                                                                          \
    memset(t + whole * (size_t)TILE_ROWS, 0, (padded - whole) * (size_t)TILE_ROWS * sizeof *t);                \
    for (uint32_t row = 0; row < rows; row++)                                                                  \
      for (uint32_t c = whole; c < columns; c++)                                                               \
        memcpy(&t[c * (size_t)TILE_ROWS + row], rows_data + row * row_bytes + c * sizeof *t, sizeof *t);       \
  }                                                                                                            \
  static void dequantize_##name(const void *data, float *out, size_t count) {                                  \
    for (size_t i = 0; i < count; i += 16) {                                                                   \
      const size_t left = count - i < 16 ? count - i : 16;                                                     \
      block_##name padded[16] = {0};                                                                           \
      memcpy(padded, (const block_##name *)data + i, left * sizeof *padded);                                   \
      float values[16];                                                                                        \
      f32x16_store(values, name##_widen(padded));                                                              \
      memcpy(out + i, values, left * sizeof *out);                                                             \
    }                                                                                                          \
  }
