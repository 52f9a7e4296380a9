// The two products of attention for a few queries at a time, whose sums stay in registers: queries . keys, and
// weights . values. Which queries, which positions, and what comes between the products is attention.h's.
#pragma once

enum { SCORE_STRIDE = SOFTMAX_POSITIONS + 16 };  // Not a multiple of 4096 bytes: rows would share sets of the L1 cache.

// Memory of a thread, (floats).
struct attention_work {
  float *q;       // (groups of queries, key_columns, queries of the group), times the scale
  float *keys;    // (ATTENTION_VECTORS, key_columns, 16)
  float *scores;  // (queries, SCORE_STRIDE)
  float *values;  // (SOFTMAX_POSITIONS, 32)
  float *maximum, *total, *keep, *gain;  // Of one part. (queries)
};

// Memory that is read ahead into L2 while a few queries are computed, which is faster than memory is: an address per 64
// positions or for all columns, and bytes from one position or column to the next.
struct read_ahead {
  const uint8_t *at[SOFTMAX_POSITIONS / 64];
  size_t step;
};

// Queries first to first + count - 1 of a tile, and what they see of a part: positions, empty when first > last.
struct query_group {
  uint32_t first, count;
  struct position_range seen;
};

// Where keys or values of a part are: widened in the memory of the thread, where several groups use them, or in the
// cache, where one does and would rather not write them down first.
struct key_panels {
  const uint8_t *first;
  size_t bytes;                              // From one panel to the next.
};
struct value_rows {
  const uint8_t *at[SOFTMAX_POSITIONS / 64]; // Per 64 positions.
  const float *scales;                       // Of the group of `column`, per position, for types that have scales.
  uint32_t columns, column;
};

// scores (count, ATTENTION_VECTORS * 16) = q (columns, count) . keys (ATTENTION_VECTORS, columns, 16)
INLINE void score_block(enum kv_kind kind, const float *q, struct key_panels keys, uint32_t columns, float *scores,
                        struct read_ahead ahead, uint32_t count) {
  const uint8_t *next = ahead.at[0];
  f32x16 s[ATTENTION_QUERIES][ATTENTION_VECTORS], scale[ATTENTION_VECTORS], k[ATTENTION_VECTORS];
  UNROLL for (uint32_t i = 0; i < count; i++)
    UNROLL for (uint32_t v = 0; v < ATTENTION_VECTORS; v++) s[i][v] = f32x16_set(0);
  for (uint32_t c = 0, g = 0; c < columns; g++) {
    UNROLL for (uint32_t v = 0; v < ATTENTION_VECTORS; v++)
      scale[v] = key_scales(kind, keys.first + v * keys.bytes, g, columns);
    const uint32_t end = c + KV_GROUP < columns ? c + KV_GROUP : columns;
    for (; c < end; c++, q += count, next += ahead.step) {
      __builtin_prefetch(next, 0, 2);
      UNROLL for (uint32_t v = 0; v < ATTENTION_VECTORS; v++)
        k[v] = key_vector(kind, keys.first + v * keys.bytes, c, scale[v]);
      UNROLL for (uint32_t i = 0; i < count; i++) {
        const f32x16 x = f32x16_set(q[i]);
        UNROLL for (uint32_t v = 0; v < ATTENTION_VECTORS; v++) s[i][v] = f32x16_fma(x, k[v], s[i][v]);
      }
    }
  }
  UNROLL for (uint32_t i = 0; i < count; i++)
    UNROLL for (uint32_t v = 0; v < ATTENTION_VECTORS; v++)
      f32x16_store(scores + i * (size_t)SCORE_STRIDE + 16 * v, s[i][v]);
}

// sums (count, vectors * 16) = sums * keep + gain * (weights (count, positions) . values (positions, columns)), for the
// positions `from` to `to` - 1 of a part.
INLINE void value_block(enum kv_kind kind, const float *weights, const struct value_rows *values, uint32_t from,
                        uint32_t to, float *sums, size_t stride, const float *keep, const float *gain,
                        const struct read_ahead *ahead, uint32_t count, uint32_t vectors) {
  const bool has_scales = kind == KV_Q8_0 || kind == KV_Q4_0;
  f32x16 s[ATTENTION_QUERIES][ATTENTION_VECTORS], x[ATTENTION_VECTORS];
  UNROLL for (uint32_t i = 0; i < count; i++) UNROLL for (uint32_t v = 0; v < vectors; v++) s[i][v] = f32x16_set(0);
  for (uint32_t p = from; p < to;) {
    const uint8_t *rows = values->at[p / 64], *next = ahead->at[p / 64] + p % 64 * ahead->step;
    for (const uint32_t end = to < (p | 63) + 1 ? to : (p | 63) + 1; p < end; p++, next += ahead->step) {
      __builtin_prefetch(next, 0, 2);
      const f32x16 scale = has_scales ? f32x16_set(values->scales[p]) : f32x16_set(0);
      UNROLL for (uint32_t v = 0; v < vectors; v++)
        x[v] = value_vector(kind, rows, p % 64, values->column + 16 * v, values->columns, scale);
      UNROLL for (uint32_t i = 0; i < count; i++) {
        const f32x16 w = f32x16_set(weights[i * (size_t)SCORE_STRIDE + p]);
        UNROLL for (uint32_t v = 0; v < vectors; v++) s[i][v] = f32x16_fma(w, x[v], s[i][v]);
      }
    }
  }
  UNROLL for (uint32_t i = 0; i < count; i++) {
    const f32x16 k = f32x16_set(keep[i]), g = f32x16_set(gain[i]);
    UNROLL for (uint32_t v = 0; v < vectors; v++) {
      float *y = sums + i * stride + 16 * v;
      f32x16_store(y, f32x16_fma(f32x16_load(y), k, s[i][v] * g));
    }
  }
}

// The numbers of queries are constants for the compiler.
#define FOR_COUNT(count, call)                                     \
  if ((count) == ATTENTION_QUERIES) call(ATTENTION_QUERIES);       \
  else if ((count) == 4) call(4);                                  \
  else if ((count) == 2) call(2);                                  \
  else call(1);
INLINE void score_group_of(enum kv_kind kind, const struct attention *a, const struct attention_work *w,
                           const struct query_group *g, struct key_panels keys, uint32_t vector,
                           struct read_ahead ahead) {
  const float *q = w->q + g->first * (size_t)a->key_columns;
  float *scores = w->scores + g->first * (size_t)SCORE_STRIDE + 16 * vector;
#define CALL(count) score_block(kind, q, keys, a->key_columns, scores, ahead, count)
  FOR_COUNT(g->count, CALL)
#undef CALL
}
static void score_group(enum kv_kind kind, const struct attention *a, const struct attention_work *w,
                        const struct query_group *g, struct key_panels keys, uint32_t vector,
                        struct read_ahead ahead) {
#define CALL(kind) score_group_of(kind, a, w, g, keys, vector, ahead)
  if (!ATTENTION_DIRECT) CALL(KV_F32);
  else FOR_KIND(kind, CALL)
#undef CALL
}

// Columns c and on: 32, or 16 when there are no more.
INLINE void value_group_of(enum kv_kind kind, const struct attention_work *w, const struct query_group *g,
                           struct value_rows values, uint32_t part, float *sums, uint32_t stride, uint32_t c,
                           const struct read_ahead *ahead) {
  const float *weights = w->scores + g->first * (size_t)SCORE_STRIDE, *keep = w->keep + g->first;
  const float *gain = w->gain + g->first;
  const uint32_t from = g->seen.first - part, to = g->seen.last - part + 1, vectors = c + 16 < stride ? 2 : 1;
  float *y = sums + g->first * (size_t)stride + c;
  if (vectors == 2) {
#define CALL(count) \
  value_block(kind, weights, &values, from, to, y, stride, keep, gain, ahead, count, ATTENTION_VECTORS)
    for (uint32_t v = 0; v < 2; v += ATTENTION_VECTORS, y += 16, values.column += 16) FOR_COUNT(g->count, CALL)
#undef CALL
  } else {
#define CALL(count) value_block(kind, weights, &values, from, to, y, stride, keep, gain, ahead, count, 1)
    FOR_COUNT(g->count, CALL)
#undef CALL
  }
}
static void value_group(enum kv_kind kind, const struct attention_work *w, const struct query_group *g,
                        struct value_rows values, uint32_t part, float *sums, uint32_t stride, uint32_t c,
                        const struct read_ahead *ahead) {
#define CALL(kind) value_group_of(kind, w, g, values, part, sums, stride, c, ahead)
  if (!ATTENTION_DIRECT) CALL(KV_F32);
  else FOR_KIND(kind, CALL)
#undef CALL
}
