// The dispatch table: everything that differs between instruction sets, and nothing else. Kernels know vectors and
// shapes, not threads; csrc/ops/ splits the work and calls them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum quant {
#define QUANT(name, ...) QUANT_##name,
#include "quants/list.h"
#undef QUANT
  QUANT_COUNT
};

enum { TILE_ROWS = 16 };

// 32 activations as int8 with one scale; one cache line. x = scale * q to within scale / 2.
struct q8_block {
  int8_t q[32];          // -127..127
  float scale;           // max |x| / 127
  float scaled_sum[2];   // scale * (sum of q) over columns 0 to 15 and 16 to 31
  float scaled_total;    // scale * (sum of q) over all 32
  int32_t minus_sum[2];  // -(sum of q) over each half
  int32_t minus_total;
  int32_t unused;
};
_Static_assert(sizeof(struct q8_block) == 64, "one cache line");

// y (tokens, rows) = x (tokens, columns) * tiles^T, for `rows` rows from the start of a row group.
struct matmul {
  const uint8_t *tiles;       // (row groups, tiles per group, tile bytes)
  const uint8_t *source;      // The first row in the file, and
  size_t source_stride;       // bytes from one row to the next, and its format: for tiles that could not be held.
  void (*dequantize)(const void *blocks, float *values, size_t count);
  size_t group_bytes;         // From one row group to the next.
  uint32_t rows;
  uint32_t columns;
  uint32_t group_tiles;       // Tiles in a row group.
  const void *x;              // struct q8_block or float
  // Floats: bytes from one token to the next. Blocks: bytes from 32 columns to the next 32, tokens stand together.
  size_t x_stride;
  uint32_t tokens;
  bool twice;                 // Each two tokens are one of y, its blocks and what they left over: sum 0 + sum 1.
  float *y;                   // At the first row.
  size_t y_stride;            // Floats from one token to the next.
  const float *bias;          // At the first row, or NULL.
  bool accumulate;            // Add to y.
};

// Positions first to last; none when first > last.
struct position_range {
  uint32_t first, last;
};

enum {
  SOFTMAX_POSITIONS = 256,       // What one softmax is over; aligned to absolute positions.
  ATTENTION_TILE_QUERIES = 64,   // Shares what is read of the cache: 64 queries multiply each number 64 times.
};

// How keys and values are kept.
enum kv_kind { KV_F16, KV_F32, KV_BF16, KV_Q8_0, KV_Q4_0, KV_COUNT };

// One query tile of attention: heads of one key/value head for consecutive tokens of one sequence.
struct attention {
  const float *q;              // (tokens, heads * key_columns), at the first token and head
  size_t q_stride;             // Floats from one token to the next.
  float *y;                    // (tokens, heads * value_columns)
  size_t y_stride;
  uint32_t tokens, heads;      // Together at most ATTENTION_TILE_QUERIES queries.
  uint32_t position;           // Of the first token; the others follow.
  const struct position_range *seen;  // Per token.
  const uint32_t *masks;       // (tokens, mask_words): a bit per position; or NULL.
  size_t mask_words;
  uint32_t key_columns, value_columns;
  float scale, cap;            // cap 0: none.
  const float *sinks, *slopes; // Per head, or NULL.
  enum kv_kind key_kind, value_kind;
  const uint8_t *blocks;       // Cache of this layer.
  size_t block_bytes;
  size_t key_offset, value_offset;  // Of this key/value head in a block.
  const uint32_t *block_table; // Of this sequence.
  float *scratch;              // attention_scratch_bytes
};

// `count` spans of `positions` positions, whole softmax parts, from position `from` on; sums of one stand `stride`
// floats behind those of the span before it.
struct attention_spans {
  uint32_t from, positions, count;
  float *sums;
  size_t stride;
};

// A form of tiles.
struct tiling {
  uint32_t columns, bytes;   // Of a tile; a row group has whole cache lines.
  // Rows of `columns` values, `row_bytes` apart, to one row group of tiles. Missing rows (beyond `rows`) become zero.
  void (*pack)(void *tiles, const uint8_t *blocks, size_t row_bytes, uint32_t rows, uint32_t columns);
  void (*matmul_q8)(const struct matmul *m);  // NULL: no int8 path.
  void (*matmul_f32)(const struct matmul *m);
};

struct quant_kernels {
  uint32_t block_values, block_bytes;
  void (*dequantize)(const void *blocks, float *values, size_t count);
  struct tiling tiling;
  struct tiling narrow;      // Smaller tiles, for weights whose values allow it; or pack is NULL.
  // How many tiles of 16 rows the smaller form cannot hold.
  uint32_t (*narrow_misses)(const uint8_t *blocks, size_t row_bytes, uint32_t columns);
};

struct kernels {
  const char *name;
  uint32_t required;     // CPU features.
  struct quant_kernels quants[QUANT_COUNT];
  // Whole tiles: an even number of blocks, zeros beyond the columns.
  // Blocks are `stride` apart. With `rest`, what the blocks of y leave over is quantized in turn.
  void (*quantize)(const float *x, struct q8_block *y, struct q8_block *rest, size_t stride, uint32_t columns);
  void (*rms_norm)(const float *x, const float *weight, float *y, uint32_t columns, float epsilon);
  void (*swiglu)(const float *gate, const float *up, float *y, uint32_t columns);
  void (*add)(const float *a, const float *b, float *y, uint32_t columns);
  void (*scale)(float *x, float factor, uint32_t columns);
  void (*rope)(float *x, const float *table, uint32_t head_columns, uint32_t heads, uint32_t rotated, bool neox);
  // Indexed by enum kv_kind. One position of one head, at a place in its block (csrc/kernels/kv.h).
  void (*key_write[KV_COUNT])(const float *k, uint8_t *keys, uint32_t slot, uint32_t columns);
  void (*value_write[KV_COUNT])(const float *v, uint8_t *values, uint32_t slot, uint32_t columns);
  // The keys of one head in a block, turned by (cos, sin) pairs.
  void (*keys_rotate)(enum kv_kind kind, uint8_t *keys, uint32_t columns, const float *table, uint32_t rotated,
                      bool neox);
  // Maximum, sum and weighted values of every query (attention_sums_bytes) over each span.
  void (*attention)(const struct attention *a, struct attention_spans spans);
  // `into` becomes the sums over the positions of both. Bits depend on the order.
  void (*attention_merge)(float *into, const float *part, uint32_t queries, uint32_t value_columns);
  // y from the sums over all positions.
  void (*attention_finish)(const struct attention *a, const float *sums);
  // For csrc/limits.c. Their results only keep the compiler from leaving the work out.
  uint64_t (*read_memory)(const void *memory, size_t bytes);
  uint64_t (*dot_products)(uint32_t steps);
  uint32_t dot_step_operations;
};

// Columns that share a scale.
enum { KV_GROUP = 32 };

// Values of one position stand in whole vectors, zeros behind them.
static inline uint32_t value_stride(uint32_t value_columns) { return (value_columns + 15) / 16 * 16; }
// Bytes of one head in a block of 64 positions.
static inline size_t kv_key_bytes(enum kv_kind kind, uint32_t columns) {
  const size_t groups = (columns + KV_GROUP - 1) / KV_GROUP;
  switch (kind) {
    case KV_F32: return 64 * 4 * (size_t)columns;
    case KV_Q8_0: return 64 * (columns + 2 * groups);
    case KV_Q4_0: return 64 * 18 * groups;
    default: return 64 * 2 * (size_t)columns;
  }
}
static inline size_t kv_value_bytes(enum kv_kind kind, uint32_t columns) {
  const size_t groups = (columns + KV_GROUP - 1) / KV_GROUP;
  switch (kind) {
    case KV_F32: return 64 * 4 * (size_t)value_stride(columns);
    case KV_Q8_0: return 64 * 34 * groups;
    case KV_Q4_0: return 64 * 18 * groups;
    default: return 64 * 2 * (size_t)value_stride(columns);
  }
}
// Memory of a thread for the queries, keys, scores and values of a tile.
static inline size_t attention_scratch_bytes(uint32_t key_columns) {
  const size_t queries = ATTENTION_TILE_QUERIES, scores = SOFTMAX_POSITIONS + 16, values = 32 * SOFTMAX_POSITIONS;
  return sizeof(float) * (queries * key_columns + 32 * (size_t)key_columns + queries * scores + values + 4 * queries);
}
static inline size_t attention_sums_bytes(uint32_t queries, uint32_t value_columns) {
  return sizeof(float) * (2 * ((queries + 15) / 16 * 16) + queries * (size_t)value_stride(value_columns));
}
