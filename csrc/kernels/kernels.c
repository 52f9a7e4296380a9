// Compiled once per instruction set; build.zig passes ISA and ISA_HEADER. Exports one symbol, kernels_<isa>.
#include "../kernels.h"

#include <string.h>

#include "../abi.h"
#include "../cpu.h"
#include ISA_HEADER
#include "../quants/integer.h"
#include "../quants/float.h"
#include "../quants/wide.h"
#include "../quants/list.h"

// Sixteen sums to the rows of one token: + bias, + what is there.
INLINE void store_rows(const struct matmul *m, uint32_t row, uint32_t token, f32x16 sum) {
  const bool second = m->twice && token % 2;
  const float *bias = second ? NULL : m->bias;
  const bool accumulate = second || m->accumulate;
  float *y = m->y + (m->twice ? token / 2 : token) * m->y_stride + row;
  const uint32_t left = m->rows - row;
  float padded[16] = {0};
  if (bias) {
    memcpy(padded, bias + row, (left < 16 ? left : 16) * sizeof(float));
    sum += f32x16_load(padded);
  }
  if (left >= 16) {
    f32x16_store(y, accumulate ? f32x16_load(y) + sum : sum);
    return;
  }
  memcpy(padded, y, left * sizeof(float));
  f32x16_store(padded, accumulate ? f32x16_load(padded) + sum : sum);
  memcpy(y, padded, left * sizeof(float));
}

#include "matmul_integer.h"
#include "matmul_float.h"
#include "pack.h"
#include "elementwise.h"
#include "kv.h"
#include "softmax.h"
#include "limits.h"
#include "attention_products.h"
#include "attention.h"

// Activations end at a multiple of 64 columns, a row at one of its format's block.
#define INTEGER_FORMAT(name, values)                                                             \
  ((struct integer_format){                                                                      \
      .columns = name##_columns,                                                                 \
      .group = name##_group,                                                                     \
      .tile_bytes = sizeof(tile_##name),                                                         \
      .ends_inside = name##_columns > 64 && name##_columns > (values),                           \
      .bias_shift = name##_bias_shift,                                                           \
      .with_min = name##_min,                                                                    \
      .bits = name##_bits,                                                                       \
      .unpack = unpack_##name,                                                                   \
      .scales = scales_##name,                                                                   \
  })
// The matmuls of one kind of tile; `values` of the smallest block that it is made of.
#define DEFINE_INTEGER_TILE(name, values)                                                        \
  _Static_assert(sizeof(tile_##name) % 64 == 0, "whole cache lines");                            \
  INLINE void unpack_##name(const void *t, int j, u8x64 c[8]) { name##_unpack(t, j, c); }        \
  INLINE void scales_##name(const void *t, int j, f32x16 *s, f32x16 *m) { name##_scales(t, j, s, m); } \
  static void matmul_q8_##name(const struct matmul *m) {                                         \
    matmul_integer(INTEGER_FORMAT(name, values), m);                                             \
  }                                                                                              \
  static void widen_##name(const struct matmul *m, uint32_t row, uint32_t tile, f32x16 *w) {     \
    const uint8_t *t = row_group(m, row) + tile * sizeof(tile_##name);                           \
    widen_integer(INTEGER_FORMAT(name, values), t, w);                                           \
  }                                                                                              \
  DEFINE_MATMUL_FLOAT(name, name##_columns)
#define DEFINE_INTEGER(name, values) DEFINE_INTEGER_TILE(name, values)
#define DEFINE_WIDE16(name, values)
#define DEFINE_WIDE32(name, values)
#define DEFINE_MATMUL_FLOAT(name, columns)                                                       \
  static void matmul_f32_##name(const struct matmul *m) { matmul_float(widen_##name, 1, columns, m); }
// The matmul of one form of float tiles.
#define DEFINE_FLOAT_TILES(name, ...)                                                            \
  static void widen_one_##name(const struct matmul *m, uint32_t row, uint32_t tile, f32x16 *w);  \
  static const struct float_tiles tiles_##name = {__VA_ARGS__, widen_one_##name};                \
  static void widen_one_##name(const struct matmul *m, uint32_t row, uint32_t tile, f32x16 *w) { \
    widen_tiles(tiles_##name, m, row, tile, w, 1);                                               \
  }                                                                                              \
  static void widen_##name(const struct matmul *m, uint32_t row, uint32_t tile, f32x16 *w) {     \
    widen_block(tiles_##name, m, row, tile, w);                                                  \
  }                                                                                              \
  static void matmul_f32_##name(const struct matmul *m) {                                        \
    if (m->tokens == 1) matmul_float_one(tiles_##name, m);                                       \
    else matmul_float(widen_##name, TILES_IN_TURN, FLOAT_TILE_COLUMNS, m);                       \
  }
#define DEFINE_FLOAT(name, values)                                                               \
  INLINE void widen_strip_##name(const uint8_t *p, const uint8_t *t, f32x16 w[STRIP_COLUMNS]) {  \
    for (int c = 0; c < STRIP_COLUMNS; c++) w[c] = name##_widen((const block_##name *)p + TILE_ROWS * c); \
    (void)t;                                                                                     \
  }                                                                                              \
  DEFINE_FLOAT_TILES(name, STRIP_COLUMNS * TILE_ROWS * sizeof(block_##name), 0, false, no_tables, \
                     widen_strip_##name, NULL)
#define DEFINE_HALF(name, values) DEFINE_FLOAT(name, values)
DEFINE_FLOAT_TILES(narrow, NARROW_STRIP, NARROW_HEAD, true, narrow_tables, narrow_widen_strip, widen_source)
DEFINE_INTEGER_TILE(wide16, 64)
DEFINE_INTEGER_TILE(wide32, 64)
#define QUANT(name, NAME, id, values, bytes, kind) DEFINE_##kind(name, values)
#include "../quants/list.h"
#undef QUANT

#define NOT_NARROW {0, 0, NULL, NULL, NULL}, NULL
#define ROW_INTEGER_TILE(name, tile, values, bytes)                                              \
  {values, bytes, PACKING(dequantize, name),                                                     \
   {tile##_columns, sizeof(tile_##tile), PACKING(pack, name), matmul_q8_##tile, matmul_f32_##tile}, NOT_NARROW}
#define ROW_INTEGER(name, values, bytes) ROW_INTEGER_TILE(name, name, values, bytes)
#define ROW_WIDE16(name, values, bytes) ROW_INTEGER_TILE(name, wide16, values, bytes)
#define ROW_WIDE32(name, values, bytes) ROW_INTEGER_TILE(name, wide32, values, bytes)
#define FLOAT_TILING(name, bytes)                                                                \
  {FLOAT_TILE_COLUMNS, FLOAT_TILE_COLUMNS * TILE_ROWS * (bytes), PACKING(pack, name), NULL, matmul_f32_##name}
#define ROW_FLOAT(name, values, bytes)                                                           \
  {values, bytes, PACKING(dequantize, name), FLOAT_TILING(name, bytes), NOT_NARROW}
#define ROW_HALF(name, values, bytes)                                                            \
  {values, bytes, PACKING(dequantize, name), FLOAT_TILING(name, bytes),                          \
   {FLOAT_TILE_COLUMNS, NARROW_HEAD + TILE_STRIPS * NARROW_STRIP, PACKING(pack_narrow, name), NULL, \
    matmul_f32_narrow},                                                                          \
   PACKING(narrow_misses, name)}

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define STR_(x) #x
#define STR(x) STR_(x)
const struct kernels CAT(kernels_, ISA) = {
    .name = STR(ISA),
    .required = cpu_required,
    .quants =
        {
#define QUANT(name, NAME, id, values, bytes, kind) [QUANT_##name] = ROW_##kind(name, values, bytes),
#include "../quants/list.h"
#undef QUANT
        },
    .quantize = quantize,
    .rms_norm = rms_norm,
    .swiglu = swiglu,
    .add = add,
    .scale = scale,
    .rope = rope,
    .key_write = {[KV_F16] = key_write_f16, [KV_F32] = key_write_f32, [KV_BF16] = key_write_bf16,
                  [KV_Q8_0] = key_write_q8_0, [KV_Q4_0] = key_write_q4_0},
    .value_write = {[KV_F16] = value_write_f16, [KV_F32] = value_write_f32, [KV_BF16] = value_write_bf16,
                    [KV_Q8_0] = value_write_q8_0, [KV_Q4_0] = value_write_q4_0},
    .keys_rotate = keys_rotate,
    .attention = attention,
    .attention_merge = attention_merge,
    .attention_finish = attention_finish,
    .read_memory = read_memory,
    .dot_products = dot_products,
    .dot_step_operations = DOT_STEP_OPERATIONS,
};
