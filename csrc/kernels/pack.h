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

#define DEFINE_PACK_FLOAT(name)                                                                                \
  static void pack_##name(void *tiles, const uint8_t *rows_data, size_t row_bytes, uint32_t rows,              \
                          uint32_t columns) {                                                                  \
    block_##name *t = tiles;                                                                                   \
    const uint32_t padded = (columns + FLOAT_TILE_COLUMNS - 1) / FLOAT_TILE_COLUMNS * FLOAT_TILE_COLUMNS;      \
    memset(t, 0, (size_t)padded * TILE_ROWS * sizeof *t);                                                      \
    for (uint32_t row = 0; row < rows; row++)                                                                  \
      for (uint32_t c = 0; c < columns; c++)                                                                   \
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
