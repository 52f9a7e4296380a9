// Rows of a file to tiles, and to plain f32 values. This is memory's work, and tiles are the same for all instruction
// sets: build.zig compiles it for one of each kind of machine and passes PACK_ISA. csrc/kernels/pack.h has the names.
#include "pack.h"

#include <string.h>

#include "../kernels.h"
#include ISA_HEADER
#include "../quants/integer.h"
#include "../quants/float.h"
#include "../quants/wide.h"
#include "../quants/list.h"

// Sixteen rows (zeros where there are fewer) to the tiles of one row group. A tile takes columns / values blocks of
// each row; beyond the last block of a row the codes are those of a zero block.
#define DEFINE_PACK_INTEGER(name, values)                                                                      \
  void PACKING(pack, name)(void *tiles, const uint8_t *rows_data, size_t row_bytes, uint32_t rows,              \
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
  void PACKING(dequantize, name)(const void *data, float *out, size_t count) {                                  \
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

// Where a column of a row group is, whose tiles have no heads.
INLINE void *column_at(void *strips, uint32_t column, uint32_t columns, size_t element_bytes) {
  const uint32_t tiles = (columns + FLOAT_TILE_COLUMNS - 1) / FLOAT_TILE_COLUMNS;
  const struct strips of = strips_of(column / FLOAT_TILE_COLUMNS, tiles);
  const uint32_t strip = of.first + column % FLOAT_TILE_COLUMNS / STRIP_COLUMNS * of.step;
  return (uint8_t *)strips + (strip * (size_t)STRIP_COLUMNS + column % STRIP_COLUMNS) * TILE_ROWS * element_bytes;
}

#define DEFINE_PACK_FLOAT(name)                                                                                \
  void PACKING(pack, name)(void *tiles, const uint8_t *rows_data, size_t row_bytes, uint32_t rows,              \
                          uint32_t columns) {                                                                  \
    enum { bytes = sizeof(block_##name), strip_bytes = bytes * TILE_ROWS * STRIP_COLUMNS };                    \
    const uint32_t padded = (columns + FLOAT_TILE_COLUMNS - 1) / FLOAT_TILE_COLUMNS * FLOAT_TILE_COLUMNS;      \
    const uint32_t whole = rows == TILE_ROWS ? columns / 16 * 16 : 0;                                          \
    for (uint32_t c = 0; c < whole; c += 16) {                                                                 \
      uint8_t turned[2][strip_bytes];                                                                          \
      if (bytes == 2) transpose_16(rows_data + c * (size_t)bytes, row_bytes, turned);                          \
      else transpose_32(rows_data + c * (size_t)bytes, row_bytes, turned);                                     \
      for (uint32_t i = 0; i < 2; i++)                                                                         \
        memcpy(column_at(tiles, c + i * STRIP_COLUMNS, columns, bytes), turned[i], strip_bytes);               \
    }                                                                                                          \
    for (uint32_t c = whole; c < padded; c++) {                                                                \
      block_##name *to = column_at(tiles, c, columns, bytes);                                                  \
      memset(to, 0, TILE_ROWS * bytes);                                                                        \
      for (uint32_t row = 0; row < rows && c < columns; row++)                                                 \
        memcpy(&to[row], rows_data + row * row_bytes + c * (size_t)bytes, bytes);                              \
    }                                                                                                          \
  }                                                                                                            \
  void PACKING(dequantize, name)(const void *data, float *out, size_t count) {                                  \
    for (size_t i = 0; i < count; i += 16) {                                                                   \
      const size_t left = count - i < 16 ? count - i : 16;                                                     \
      block_##name padded[16] = {0};                                                                           \
      memcpy(padded, (const block_##name *)data + i, left * sizeof *padded);                                   \
      float values[16];                                                                                        \
      f32x16_store(values, name##_widen(padded));                                                              \
      memcpy(out + i, values, left * sizeof *out);                                                             \
    }                                                                                                          \
  }

// Tile `tile` of up to sixteen rows as BF16, zeros where there are none; false when it is not exact.
#define DEFINE_PACK_NARROW(name)                                                                               \
  INLINE bool bfloats_##name(const uint8_t *rows_data, size_t row_bytes, uint32_t rows, uint32_t columns,      \
                             uint32_t tile, bfloat_tile w) {                                                   \
    const uint32_t left = columns - tile * FLOAT_TILE_COLUMNS;                                                 \
    const size_t bytes = (left < FLOAT_TILE_COLUMNS ? left : FLOAT_TILE_COLUMNS) * sizeof(block_##name);       \
    bool exact = true;                                                                                         \
    memset(w, 0, sizeof(bfloat_tile));                                                                         \
    for (uint32_t row = 0; row < rows; row++) {                                                                \
      block_##name values[FLOAT_TILE_COLUMNS] = {0};                                                           \
      memcpy(values, rows_data + row * row_bytes + tile * sizeof values, bytes);                               \
      for (int c = 0; c < FLOAT_TILE_COLUMNS; c += 16) exact &= name##_bfloats(values + c, w[row] + c);        \
    }                                                                                                          \
    return exact;                                                                                              \
  }                                                                                                            \
  void PACKING(pack_narrow, name)(void *tiles, const uint8_t *rows_data, size_t row_bytes, uint32_t rows,       \
                                 uint32_t columns) {                                                           \
    const uint32_t count = (columns + FLOAT_TILE_COLUMNS - 1) / FLOAT_TILE_COLUMNS;                            \
    uint8_t *const heads = tiles, *const strips = heads + heads_bytes(NARROW_HEAD, count);                     \
    memset(heads, 0, (size_t)(strips - heads));                                                                \
    for (uint32_t i = 0; i < count; i++) {                                                                     \
      const struct strips of = strips_of(i, count);                                                            \
      bfloat_tile w;                                                                                           \
      if (bfloats_##name(rows_data, row_bytes, rows, columns, i, w))                                           \
        narrow_encode(w, heads + NARROW_HEAD * i, strips + of.first * NARROW_STRIP, of.step * NARROW_STRIP);   \
      else memset(heads + NARROW_HEAD * i, NARROW_MISSING, NARROW_HEAD);                                       \
    }                                                                                                          \
  }                                                                                                            \
  uint32_t PACKING(narrow_misses, name)(const uint8_t *rows_data, size_t row_bytes, uint32_t columns) {         \
    uint32_t misses = 0;                                                                                       \
    for (uint32_t i = 0; i < (columns + FLOAT_TILE_COLUMNS - 1) / FLOAT_TILE_COLUMNS; i++) {                   \
      bfloat_tile w;                                                                                           \
      uint8_t head[NARROW_HEAD], strips[TILE_STRIPS * NARROW_STRIP];                                           \
      misses += !bfloats_##name(rows_data, row_bytes, TILE_ROWS, columns, i, w) ||                             \
                !narrow_encode(w, head, strips, NARROW_STRIP);                                                 \
    }                                                                                                          \
    return misses;                                                                                             \
  }

#define DEFINE_INTEGER(name, values) DEFINE_PACK_INTEGER(name, values)
#define DEFINE_WIDE16(name, values) WIDE_FORMAT(name, values, wide16) DEFINE_PACK_INTEGER(name, values)
#define DEFINE_WIDE32(name, values) WIDE_FORMAT(name, values, wide32) DEFINE_PACK_INTEGER(name, values)
#define DEFINE_FLOAT(name, values) DEFINE_PACK_FLOAT(name)
#define DEFINE_HALF(name, values) DEFINE_PACK_FLOAT(name) DEFINE_PACK_NARROW(name)
#define QUANT(name, NAME, id, values, bytes, kind)                                               \
  _Static_assert(sizeof(block_##name) == (bytes), "block size of " #name);                       \
  DEFINE_##kind(name, values)
#include "../quants/list.h"
#undef QUANT
