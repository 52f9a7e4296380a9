// Every kernel of every instruction set of this build against the last one, plain C, byte for byte, on seeded data.
// Prints a line per kernel with a hash of its results, so that runs on other architectures can be compared too; exits
// with 1 when two instruction sets differ. tests/csrc/kernels_test.ts builds and runs it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../csrc/abi.h"
#include "../../csrc/dispatch.h"
#include "case_data.h"

enum { ROWS = 37, TOKENS = 133 };

static void matmuls(const struct kernels *k, const struct quant_kernels *q, const struct tiling *tiling,
                    uint32_t columns) {
  const uint32_t groups = (ROWS + TILE_ROWS - 1) / TILE_ROWS;
  const uint32_t tiles = (columns + tiling->columns - 1) / tiling->columns;
  const size_t row_bytes = columns / q->block_values * (size_t)q->block_bytes;
  const size_t group_bytes = (tiles * (size_t)tiling->bytes + 63) / 64 * 64;
  uint8_t *blocks = zeroed(ROWS * row_bytes), *packed = zeroed(groups * group_bytes);
  if (tiling == &q->narrow)
    fill_narrow(q == &k->quants[QUANT_f16], (uint16_t *)blocks, ROWS * (size_t)columns, columns > 256 ? 3000 : 0);
  else fill_blocks(q, blocks, ROWS * (size_t)(columns / q->block_values));
  float *values = zeroed(columns * sizeof(float));
  for (uint32_t r = 0; r < ROWS; r++) {
    q->dequantize(blocks + r * row_bytes, values, columns);
    keep(values, columns * sizeof(float));
  }
  for (uint32_t g = 0; g < groups; g++)
    tiling->pack(packed + g * group_bytes, blocks + g * TILE_ROWS * row_bytes, row_bytes,
            ROWS - g * TILE_ROWS < TILE_ROWS ? ROWS - g * TILE_ROWS : TILE_ROWS, columns);
  keep(packed, groups * group_bytes);
  const uint32_t padded = (columns + 63) / 64 * 64;
  float *x = zeroed(TOKENS * padded * sizeof(float)), bias[ROWS];
  struct q8_block *x8 = zeroed(TOKENS * padded / 32 * sizeof *x8);
  fill_floats(bias, ROWS);
  for (uint32_t t = 0; t < TOKENS; t++) {
    fill_floats(x + t * padded, columns);
    k->quantize(x + t * padded, x8 + t, NULL, TOKENS, columns);
  }
  static const uint32_t counts[] = {1, 2, 3, 4, 5, 12, TOKENS};
  float *y = zeroed(TOKENS * 48 * sizeof(float));
  for (uint32_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    struct matmul m = {.tiles = packed, .source = blocks, .source_stride = row_bytes, .dequantize = q->dequantize,
                       .group_bytes = group_bytes,
                       .rows = ROWS, .columns = columns,
                       .group_tiles = tiles, .tokens = counts[i], .y = y, .y_stride = 48};
    m.bias = i % 2 ? bias : NULL;
    m.accumulate = i % 3 == 2;
    m.x = x, m.x_stride = padded * sizeof(float);
    tiling->matmul_f32(&m);
    keep(y, TOKENS * 48 * sizeof(float));
    m.x = x8, m.x_stride = TOKENS * sizeof *x8;
    m.twice = counts[i] == 4 || counts[i] == 12;
    if (tiling->matmul_q8) tiling->matmul_q8(&m);
    keep(y, TOKENS * 48 * sizeof(float));
  }
}

static void elementwise(const struct kernels *k, uint32_t columns) {
  float *a = zeroed(columns * 4), *b = zeroed(columns * 4), *y = zeroed(columns * 4);
  struct q8_block *y8 = zeroed(2 * (columns + 64) * sizeof *y8);
  fill_floats(a, columns);
  fill_floats(b, columns);
  k->rms_norm(a, b, y, columns, 1e-5f);
  keep(y, columns * 4);
  k->swiglu(a, b, y, columns);
  keep(y, columns * 4);
  k->add(a, b, y, columns);
  k->scale(y, 0.3f, columns);
  keep(y, columns * 4);
  k->quantize(a, y8, y8 + columns / 32 + 2, 1, columns);
  keep(y8, 2 * (columns + 64) * sizeof *y8 / 32);
  for (uint32_t i = 0; i < columns; i++) a[i] *= 100;  // Into the tails of exp.
  k->swiglu(a, b, y, columns);
  keep(y, columns * 4);
}

static void ropes(const struct kernels *k) {
  for (int neox = 0; neox < 2; neox++)
    for (uint32_t rotated = 32; rotated <= 64; rotated += 32) {
      float x[3 * 64], table[64];
      fill_floats(x, 3 * 64);
      fill_floats(table, 64);
      k->rope(x, table, 64, 3, rotated, neox);
      keep(x, sizeof x);
    }
}

// A cache of one head in blocks whose order is not that of their positions.
enum { POSITIONS = 1100, BLOCKS = 18, QUERIES = 13 };
struct kv {
  enum kv_kind key_kind, value_kind;
  uint32_t key_columns, value_columns;
  size_t key_bytes, block_bytes;
  uint8_t *data;
  uint32_t table[BLOCKS];
};
static struct kv filled(const struct kernels *k, enum kv_kind key_kind, enum kv_kind value_kind, uint32_t keys,
                        uint32_t values) {
  struct kv kv = {.key_kind = key_kind, .value_kind = value_kind, .key_columns = keys, .value_columns = values};
  kv.key_bytes = kv_key_bytes(key_kind, keys);
  kv.block_bytes = kv.key_bytes + kv_value_bytes(value_kind, values);
  kv.data = zeroed(BLOCKS * kv.block_bytes);
  for (uint32_t b = 0; b < BLOCKS; b++) kv.table[b] = b * 7 % BLOCKS;
  float k_row[256], v_row[256];
  for (uint32_t p = 0; p < POSITIONS; p++) {
    fill_floats(k_row, keys);
    fill_floats(v_row, values);
    uint8_t *block = kv.data + kv.table[p / 64] * kv.block_bytes;
    k->key_write[key_kind](k_row, block, p % 64, keys);
    k->value_write[value_kind](v_row, block + kv.key_bytes, p % 64, values);
  }
  keep(kv.data, BLOCKS * kv.block_bytes);
  return kv;
}

// In one piece, and in two that are merged.
static void attend(const struct kernels *k, const struct attention *a, uint32_t last) {
  const uint32_t queries = a->tokens * a->heads;
  const size_t bytes = attention_sums_bytes(queries, a->value_columns);
  float *sums = zeroed(bytes), *part = zeroed(bytes);
  const uint32_t parts = last / SOFTMAX_POSITIONS + 1;
  k->attention(a, (struct attention_spans){0, parts * SOFTMAX_POSITIONS, 1, sums, 0});
  k->attention_finish(a, sums);
  keep(a->y, queries * a->value_columns * 4);
  if (parts < 2) return;
  k->attention(a, (struct attention_spans){0, SOFTMAX_POSITIONS, 1, sums, 0});
  k->attention(a, (struct attention_spans){SOFTMAX_POSITIONS, (parts - 1) * SOFTMAX_POSITIONS, 1, part, 0});
  k->attention_merge(sums, part, queries, a->value_columns);
  k->attention_finish(a, sums);
  keep(a->y, queries * a->value_columns * 4);
}

// Causal; of a window; with soft caps, sinks and slopes; with masks.
static void attentions(const struct kernels *k, enum kv_kind key_kind, enum kv_kind value_kind, uint32_t keys,
                       uint32_t values, uint32_t heads) {
  const struct kv kv = filled(k, key_kind, value_kind, keys, values);
  enum { MASK_WORDS = (POSITIONS + 31) / 32 };
  float *q = zeroed(64 * heads * keys * 4), *y = zeroed(64 * heads * values * 4), sinks[64], slopes[64];
  float *scratch = zeroed(attention_scratch_bytes(keys));
  uint32_t *masks = zeroed(QUERIES * MASK_WORDS * 4);
  fill_floats(q, QUERIES * heads * keys);
  fill_floats(sinks, 64);
  for (uint32_t h = 0; h < 64; h++) slopes[h] = 1.0f / (float)(2 + h);
  for (uint32_t w = 0; w < QUERIES * MASK_WORDS; w++) masks[w] = next_u32() & next_u32();
  for (uint32_t position = 0, i = 0; position + QUERIES <= POSITIONS; position += 181, i++) {
    struct position_range seen[QUERIES];
    struct attention a = {.q = q, .q_stride = heads * keys, .y = y, .y_stride = heads * values,
                          .tokens = i % 2 ? QUERIES : 1, .heads = heads, .position = position, .seen = seen,
                          .mask_words = MASK_WORDS, .key_columns = keys, .value_columns = values, .scale = 0.3f,
                          .key_kind = key_kind, .value_kind = value_kind, .blocks = kv.data,
                          .block_bytes = kv.block_bytes, .value_offset = kv.key_bytes, .block_table = kv.table,
                          .scratch = scratch};
    if (a.tokens * heads > ATTENTION_TILE_QUERIES) a.tokens = ATTENTION_TILE_QUERIES / heads;
    const uint32_t last = position + a.tokens - 1;
    for (uint32_t t = 0; t < a.tokens; t++) seen[t] = (struct position_range){0, position + t};
    attend(k, &a, last);
    a.cap = 2, a.sinks = sinks, a.slopes = slopes;
    attend(k, &a, last);
    for (uint32_t t = 0; t < a.tokens; t++) seen[t].first = position + t < 100 ? 0 : position + t - 99;
    attend(k, &a, last);
    for (uint32_t t = 0; t < a.tokens; t++) seen[t] = (struct position_range){0, last};
    if (a.tokens > 5) seen[5] = (struct position_range){1, 0};
    a.masks = masks, a.cap = 0, a.sinks = NULL, a.slopes = NULL;
    attend(k, &a, last);
  }
}

static void rotations(const struct kernels *k) {
  for (enum kv_kind kind = 0; kind < KV_COUNT; kind++) {
    const struct kv kv = filled(k, kind, kind, 48, 40);
    float table[32];
    fill_floats(table, 32);
    for (uint32_t b = 0; b < BLOCKS; b++) k->keys_rotate(kind, kv.data + b * kv.block_bytes, 48, table, 32, b % 2);
    keep(kv.data, BLOCKS * kv.block_bytes);
  }
}

// What limits.c measures is real work: all of the memory is read.
static void reads(const struct kernels *k) {
  enum { BYTES = 12 * 512 };
  uint8_t *memory = zeroed(BYTES);
  for (uint32_t i = 0; i < BYTES; i++) memory[i] = (uint8_t)next_u32();
  for (uint32_t bytes = 0; bytes <= BYTES; bytes += 512) {
    const uint64_t sum = k->read_memory(memory, bytes);
    keep(&sum, sizeof sum);
  }
}

// One case for one instruction set. Every case starts from the same seed, so that all see the same data.
static void run(const struct kernels *k, int which) {
  seed = 1234567;
  results_bytes = 0;
  if (which < QUANT_COUNT) {
    const struct quant_kernels *q = &k->quants[which];
    matmuls(k, q, &q->tiling, 3 * (q->block_values < 32 ? 40 : q->block_values));
    matmuls(k, q, &q->tiling, q->block_values < 32 ? 64 : q->block_values);
    if (q->narrow.pack) matmuls(k, q, &q->narrow, 200), matmuls(k, q, &q->narrow, 600);
    return;
  }
  switch (which - QUANT_COUNT) {
    case 0:
      for (uint32_t columns = 16; columns < 700; columns += 83) elementwise(k, columns);
      break;
    case 1: ropes(k); break;
    case 2: rotations(k); break;
    case 3:
      attentions(k, KV_F16, KV_F16, 64, 64, 2), attentions(k, KV_F16, KV_F16, 128, 64, 5);
      attentions(k, KV_F16, KV_BF16, 40, 72, 1);
      break;
    case 4: reads(k); break;
    case 5:
      attentions(k, KV_F32, KV_F32, 64, 64, 8), attentions(k, KV_F32, KV_F16, 32, 256, 3);
      attentions(k, KV_F32, KV_F32, 8, 8, 2);
      break;
    default:
      attentions(k, KV_Q8_0, KV_Q8_0, 64, 64, 4), attentions(k, KV_Q4_0, KV_Q4_0, 192, 128, 7);
      attentions(k, KV_Q8_0, KV_Q4_0, 80, 96, 1), attentions(k, KV_Q4_0, KV_Q8_0, 33, 20, 2);
      attentions(k, KV_BF16, KV_F32, 48, 33, 3);
  }
}

int main(void) {
  static const char *const names[] = {
#define QUANT(name, ...) #name,
#include "../../csrc/quants/list.h"
#undef QUANT
      "elementwise", "rope", "keys_rotate", "attention_f16", "read_memory", "attention_f32", "attention_quantized"};
  int failures = 0;
  for (int which = 0; which < QUANT_COUNT + 7; which++) {
    uint64_t expected = 0;
    bool usable, first = true;
    const struct kernels *k;
    int last = 0;
    while (dispatch_table(last + 1, &usable)) last++;
    for (int i = last; i >= 0; i--) {  // Plain C first.
      k = dispatch_table(i, &usable);
      if (!usable) continue;
      run(k, which);
      const uint64_t found = hash();
      if (first) expected = found, printf("%s %016llx", names[which], (unsigned long long)found);
      else if (found != expected) failures++, printf(" %s DIFFERS %016llx", k->name, (unsigned long long)found);
      first = false;
    }
    printf("\n");
  }
  printf("isas");
  bool usable;
  for (int i = 0; dispatch_table(i, &usable); i++)
    if (usable) printf(" %s", dispatch_table(i, &usable)->name);
  printf("\n");
  return failures ? 1 : 0;
}
