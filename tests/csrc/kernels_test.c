// Every kernel of every instruction set of this build against the last one, plain C, byte for byte, on seeded data.
// Prints a line per kernel with a hash of its results, so that runs on other architectures can be compared too; exits
// with 1 when two instruction sets differ. tests/csrc/kernels_test.ts builds and runs it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../csrc/abi.h"
#include "../../csrc/dispatch.h"

static uint64_t seed;
static uint32_t next_u32(void) {  // SplitMix64
  uint64_t z = seed += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ z >> 31) >> 16);
}
static float next_float(void) { return (float)((int32_t)next_u32()) / 2147483648.0f; }
static void fill_floats(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = next_float() * (i % 97 == 0 ? 20.0f : 1.0f);
}

// All results of one case, in order.
static uint8_t *results;
static size_t results_bytes, results_capacity;
static void keep(const void *data, size_t bytes) {
  if (results_bytes + bytes > results_capacity) {
    results_capacity = 2 * (results_bytes + bytes);
    results = realloc(results, results_capacity);
    if (!results) abort();
  }
  memcpy(results + results_bytes, data, bytes);
  results_bytes += bytes;
}
static uint64_t hash(void) {  // FNV-1a
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < results_bytes; i++) h = (h ^ results[i]) * 0x100000001b3u;
  return h;
}
static void *zeroed(size_t bytes) {
  void *p = NULL;
  p = calloc(1, bytes + 64);
  if (!p) abort();
  return (void *)(((uintptr_t)p + 63) / 64 * 64);  // Never freed: the process is short.
}

// Random blocks whose values are finite, and in formats with scales below 2^60: scales that are powers of two up to
// 2^127 would make sums infinite.
static bool is_usable(const struct quant_kernels *q, const float *values) {
  for (uint32_t i = 0; i < q->block_values; i++) {
    if (values[i] - values[i] != 0) return false;
    if (q->block_values > 1 && (values[i] > 0x1p60f || values[i] < -0x1p60f)) return false;
  }
  return true;
}
static void fill_blocks(const struct quant_kernels *q, uint8_t *blocks, size_t count) {
  float values[256];
  for (size_t b = 0; b < count; b++) {
    do {
      for (uint32_t i = 0; i < q->block_bytes; i++) blocks[b * q->block_bytes + i] = (uint8_t)next_u32();
      q->dequantize(blocks + b * q->block_bytes, values, q->block_values);
    } while (!is_usable(q, values));
  }
}

enum { ROWS = 37, TOKENS = 133 };

static void matmuls(const struct kernels *k, const struct quant_kernels *q, uint32_t columns) {
  const uint32_t groups = (ROWS + TILE_ROWS - 1) / TILE_ROWS, tiles = (columns + q->columns - 1) / q->columns;
  const size_t row_bytes = columns / q->block_values * (size_t)q->block_bytes;
  const size_t group_bytes = tiles * (size_t)q->tile_bytes;
  uint8_t *blocks = zeroed(ROWS * row_bytes), *packed = zeroed(groups * group_bytes);
  fill_blocks(q, blocks, ROWS * (size_t)(columns / q->block_values));
  float *values = zeroed(columns * sizeof(float));
  for (uint32_t r = 0; r < ROWS; r++) {
    q->dequantize(blocks + r * row_bytes, values, columns);
    keep(values, columns * sizeof(float));
  }
  for (uint32_t g = 0; g < groups; g++)
    q->pack(packed + g * group_bytes, blocks + g * TILE_ROWS * row_bytes, row_bytes,
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
    struct matmul m = {.tiles = packed, .group_bytes = group_bytes, .rows = ROWS, .columns = columns,
                       .group_tiles = tiles, .tokens = counts[i], .y = y, .y_stride = 48};
    m.bias = i % 2 ? bias : NULL;
    m.accumulate = i % 3 == 2;
    m.x = x, m.x_stride = padded * sizeof(float);
    q->matmul_f32(&m);
    keep(y, TOKENS * 48 * sizeof(float));
    m.x = x8, m.x_stride = TOKENS * sizeof *x8;
    if (q->integer) q->matmul_q8(&m);
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
    matmuls(k, q, 3 * (q->block_values < 32 ? 40 : q->block_values));
    matmuls(k, q, q->block_values < 32 ? 64 : q->block_values);
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
