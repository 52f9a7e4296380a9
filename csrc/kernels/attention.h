// Flash attention (Dao et al. 2022) over the blocked cache: for the queries of a tile, scores of SOFTMAX_POSITIONS
// positions as a product of matrices, their softmax, weights times values as another product, and so on.
//
// A part of keys or values is widened to f32 once and serves all queries of the tile; a few queries at a time keep
// their sums in registers. For each query the arithmetic is, whatever it is batched with: scores sum over columns in
// ascending order, weighted values over the positions of a part (aligned to absolute positions) in ascending order, and
// parts merge in ascending order. Positions that are not seen change nothing.
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

INLINE struct attention_work work_at(const struct attention *a) {
  struct attention_work w;
  w.q = a->scratch;
  w.keys = w.q + ATTENTION_TILE_QUERIES * a->key_columns;
  w.scores = w.keys + ATTENTION_VECTORS * 16 * a->key_columns;
  w.values = w.scores + ATTENTION_TILE_QUERIES * SCORE_STRIDE;
  w.maximum = w.values + SOFTMAX_POSITIONS * KV_GROUP;
  w.total = w.maximum + ATTENTION_TILE_QUERIES;
  w.keep = w.total + ATTENTION_TILE_QUERIES;
  w.gain = w.keep + ATTENTION_TILE_QUERIES;
  return w;
}

// scores (count, vectors * 16) = q (columns, count) . keys (vectors, columns, 16)
INLINE void score_block(const float *q, const float *keys, uint32_t columns, float *scores, struct read_ahead ahead,
                        uint32_t count) {
  const uint8_t *next = ahead.at[0];
  f32x16 s[ATTENTION_QUERIES][ATTENTION_VECTORS];
  UNROLL for (uint32_t i = 0; i < count; i++)
    UNROLL for (uint32_t v = 0; v < ATTENTION_VECTORS; v++) s[i][v] = f32x16_set(0);
  for (uint32_t c = 0; c < columns; c++, q += count, keys += 16, next += ahead.step) {
    __builtin_prefetch(next, 0, 2);
    f32x16 k[ATTENTION_VECTORS];
    UNROLL for (uint32_t v = 0; v < ATTENTION_VECTORS; v++) k[v] = f32x16_load(keys + v * 16 * (size_t)columns);
    UNROLL for (uint32_t i = 0; i < count; i++) {
      const f32x16 x = f32x16_set(q[i]);
      UNROLL for (uint32_t v = 0; v < ATTENTION_VECTORS; v++) s[i][v] = f32x16_fma(x, k[v], s[i][v]);
    }
  }
  UNROLL for (uint32_t i = 0; i < count; i++)
    UNROLL for (uint32_t v = 0; v < ATTENTION_VECTORS; v++)
      f32x16_store(scores + i * (size_t)SCORE_STRIDE + 16 * v, s[i][v]);
}

// sums (count, vectors * 16) = sums * keep + gain * (weights (count, positions) . values (positions, 32))
INLINE void value_block(const float *weights, const float *values, uint32_t positions, float *sums, size_t stride,
                        const float *keep, const float *gain, const struct read_ahead *ahead, uint32_t count,
                        uint32_t vectors) {
  f32x16 s[ATTENTION_QUERIES][ATTENTION_VECTORS];
  UNROLL for (uint32_t i = 0; i < count; i++) UNROLL for (uint32_t v = 0; v < vectors; v++) s[i][v] = f32x16_set(0);
  for (uint32_t p = 0; p < positions; p++, values += KV_GROUP) {
    __builtin_prefetch(ahead->at[p / 64] + p % 64 * ahead->step, 0, 2);
    f32x16 x[ATTENTION_VECTORS];
    UNROLL for (uint32_t v = 0; v < vectors; v++) x[v] = f32x16_load(values + 16 * v);
    UNROLL for (uint32_t i = 0; i < count; i++) {
      const f32x16 w = f32x16_set(weights[i * (size_t)SCORE_STRIDE + p]);
      UNROLL for (uint32_t v = 0; v < vectors; v++) s[i][v] = f32x16_fma(w, x[v], s[i][v]);
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

// The counts are constants for the compiler.
static void score_group(const struct attention *a, const struct attention_work *w, const struct query_group *g,
                        uint32_t vector, struct read_ahead ahead) {
  const float *q = w->q + g->first * (size_t)a->key_columns;
  float *scores = w->scores + g->first * (size_t)SCORE_STRIDE + 16 * vector;
#define CALL(count) score_block(q, w->keys, a->key_columns, scores, ahead, count)
  if (g->count == ATTENTION_QUERIES) CALL(ATTENTION_QUERIES);
  else if (g->count == 4) CALL(4);
  else if (g->count == 2) CALL(2);
  else CALL(1);
#undef CALL
}

// `first` is the position of values[0]; columns from c on.
static void value_group(const struct attention_work *w, const struct query_group *g, uint32_t part, uint32_t first,
                        float *sums, uint32_t stride, uint32_t c, const struct read_ahead *ahead) {
  const float *weights = w->scores + g->first * (size_t)SCORE_STRIDE + (g->seen.first - part);
  const float *values = w->values + (g->seen.first - first) * (size_t)KV_GROUP;
  const float *keep = w->keep + g->first, *gain = w->gain + g->first;
  const uint32_t positions = g->seen.last - g->seen.first + 1, vectors = c + 16 < stride ? 2 : 1;
  float *y = sums + g->first * (size_t)stride + c;
  for (uint32_t v = 0; v < vectors; v += ATTENTION_VECTORS) {
#define CALL(count, vectors) \
  value_block(weights, values + 16 * v, positions, y + 16 * v, stride, keep, gain, ahead, count, vectors)
    if (ATTENTION_VECTORS == 2 && vectors == 2) {
      if (g->count == ATTENTION_QUERIES) CALL(ATTENTION_QUERIES, ATTENTION_VECTORS);
      else if (g->count == 4) CALL(4, ATTENTION_VECTORS);
      else if (g->count == 2) CALL(2, ATTENTION_VECTORS);
      else CALL(1, ATTENTION_VECTORS);
    } else {
      if (g->count == ATTENTION_QUERIES) CALL(ATTENTION_QUERIES, 1);
      else if (g->count == 4) CALL(4, 1);
      else if (g->count == 2) CALL(2, 1);
      else CALL(1, 1);
    }
#undef CALL
  }
}

// The queries of a tile in groups, and their numbers as groups read them.
static uint32_t pack_queries(const struct attention *a, const struct attention_work *w, struct query_group *groups) {
  const uint32_t queries = a->tokens * a->heads;
  uint32_t groups_count = 0;
  for (uint32_t first = 0, count; first < queries; first += count) {
    const uint32_t left = queries - first;
    count = left >= ATTENTION_QUERIES ? ATTENTION_QUERIES : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    groups[groups_count++] = (struct query_group){first, count, {1, 0}};
    float *y = w->q + first * (size_t)a->key_columns;
    for (uint32_t i = 0; i < count; i++) {
      const uint32_t token = (first + i) / a->heads, head = (first + i) % a->heads;
      const float *x = a->q + token * a->q_stride + head * (size_t)a->key_columns;
      for (uint32_t c = 0; c < a->key_columns; c++) y[c * (size_t)count + i] = x[c] * a->scale;
    }
  }
  return groups_count;
}

// What each group sees of the part from `part` on, and what all of them see.
static struct position_range see_part(const struct attention *a, struct query_group *groups, uint32_t count,
                                      uint32_t part) {
  struct position_range all = {UINT32_MAX, 0};
  const uint32_t end = part + SOFTMAX_POSITIONS - 1;
  for (uint32_t g = 0; g < count; g++) {
    struct position_range seen = {UINT32_MAX, 0};
    const uint32_t last_token = (groups[g].first + groups[g].count - 1) / a->heads;
    for (uint32_t t = groups[g].first / a->heads; t <= last_token; t++) {
      const struct position_range s = a->seen[t];
      if (s.first > s.last || s.first > end || s.last < part) continue;
      if (s.first < seen.first) seen.first = s.first;
      if (s.last > seen.last) seen.last = s.last;
    }
    if (seen.first < part) seen.first = part;
    if (seen.last > end) seen.last = end;
    groups[g].seen = seen.first <= seen.last ? seen : (struct position_range){1, 0};
    if (seen.first > seen.last) continue;
    if (seen.first < all.first) all.first = seen.first;
    if (seen.last > all.last) all.last = seen.last;
  }
  return all;
}

// What is in the cache already, for those who need not read ahead.
INLINE struct read_ahead nothing_ahead(const struct attention_work *w) {
  struct read_ahead ahead = {.step = 0};
  for (uint32_t i = 0; i < SOFTMAX_POSITIONS / 64; i++) ahead.at[i] = (const uint8_t *)w->keys;
  return ahead;
}
// The values of the positions whose keys are used: 16 * ATTENTION_VECTORS from `at` on, some per column.
INLINE struct read_ahead values_ahead(const struct attention *a, uint32_t at) {
  const size_t bytes = kv_value_bytes(a->value_kind, a->value_columns) / 64;
  const uint8_t *values = a->blocks + a->block_table[at / 64] * a->block_bytes + a->value_offset;
  return (struct read_ahead){{values + at % 64 * bytes}, bytes * 16 * ATTENTION_VECTORS / a->key_columns};
}
// The keys of the next part, up to position `last`, while values are used: strip `c` of them reads its share.
INLINE struct read_ahead keys_ahead(const struct attention *a, const struct attention_work *w, uint32_t part,
                                    uint32_t last, uint32_t c) {
  const size_t bytes = kv_key_bytes(a->key_kind, a->key_columns);
  const uint32_t strips = (a->value_columns + KV_GROUP - 1) / KV_GROUP;
  struct read_ahead ahead = nothing_ahead(w);
  if (part > last) return ahead;
  ahead.step = bytes / strips / 64;
  for (uint32_t i = 0; i < SOFTMAX_POSITIONS / 64 && part + 64 * i <= last; i++)
    ahead.at[i] = a->blocks + a->block_table[part / 64 + i] * a->block_bytes + a->key_offset + c / KV_GROUP * (bytes / strips);
  return ahead;
}

// Scores of all groups for what they see of a part.
static void score_part(const struct attention *a, const struct attention_work *w, const struct query_group *groups,
                       uint32_t count, uint32_t part, struct position_range all) {
  enum { STEP = 16 * ATTENTION_VECTORS };
  for (uint32_t at = all.first / STEP * STEP; at <= all.last; at += STEP) {
    const uint8_t *keys = a->blocks + a->block_table[at / 64] * a->block_bytes + a->key_offset;
    for (uint32_t v = 0; v < ATTENTION_VECTORS; v++)
      keys_widen(a->key_kind, keys, at % 64 / 16 + v, a->key_columns, w->keys + v * 16 * (size_t)a->key_columns);
    struct read_ahead ahead = values_ahead(a, at);
    for (uint32_t g = 0; g < count; g++)
      if (groups[g].seen.first <= groups[g].seen.last && groups[g].seen.first < at + STEP && groups[g].seen.last >= at) {
        score_group(a, w, &groups[g], (at - part) / 16, ahead);
        ahead = nothing_ahead(w);
      }
  }
}

// Weights of a group; of what it sees, whole vectors.
static void soften_group(const struct attention *a, const struct attention_work *w, const struct query_group *g,
                         uint32_t part) {
  const uint32_t from = (g->seen.first - part) / 16, to = (g->seen.last - part) / 16 + 1;
  for (uint32_t q = g->first; q < g->first + g->count; q++) {
    const uint32_t token = q / a->heads, head = q % a->heads;
    const struct query_view view = {
        .position = (int32_t)(a->position + token),
        .part = (int32_t)part,
        .seen = a->seen[token],
        .mask = a->masks ? a->masks + token * a->mask_words : NULL,
        .cap = a->cap,
        .slope = a->slopes ? a->slopes[head] : 0,
    };
    soften(&view, w->scores + q * (size_t)SCORE_STRIDE, from, to, &w->maximum[q], &w->total[q]);
  }
}

// Weighted values of a part, merged with what is there. `last` is the last position that will be used.
static void value_part(const struct attention *a, const struct attention_work *w, const struct query_group *groups,
                       uint32_t count, uint32_t part, struct position_range all, uint32_t last, float *sums) {
  const uint32_t stride = value_stride(a->value_columns);
  for (uint32_t c = 0; c < a->value_columns; c += KV_GROUP) {
    for (uint32_t at = all.first, rows; at <= all.last; at += rows) {
      const uint32_t slot = at % 64;
      rows = all.last - at + 1 < 64 - slot ? all.last - at + 1 : 64 - slot;
      const uint8_t *values = a->blocks + a->block_table[at / 64] * a->block_bytes + a->value_offset;
      values_widen(a->value_kind, values, slot, rows, c, a->value_columns,
                   w->values + (at - all.first) * (size_t)KV_GROUP);
    }
    struct read_ahead ahead = keys_ahead(a, w, part + SOFTMAX_POSITIONS, last, c);
    for (uint32_t g = 0; g < count; g++)
      if (groups[g].seen.first <= groups[g].seen.last) {
        value_group(w, &groups[g], part, all.first, sums, stride, c, &ahead);
        ahead = nothing_ahead(w);
      }
  }
}

// One part, added to the sums. `last` is the last position that will be used.
static void attend_part(const struct attention *a, const struct attention_work *w, struct query_group *groups,
                        uint32_t count, uint32_t part, uint32_t last, struct attention_sums sums) {
  const uint32_t padded = (a->tokens * a->heads + 15) / 16 * 16;
  const struct position_range all = see_part(a, groups, count, part);
  if (all.first > all.last) return;
  for (uint32_t i = 0; i < padded; i++) w->maximum[i] = LOWEST, w->total[i] = 0;
  score_part(a, w, groups, count, part, all);
  for (uint32_t g = 0; g < count; g++)
    if (groups[g].seen.first <= groups[g].seen.last) soften_group(a, w, &groups[g], part);
  for (uint32_t i = 0; i < padded; i += 16) {
    f32x16 keep, gain;
    const f32x16 maximum = f32x16_load(w->maximum + i), total = f32x16_load(w->total + i);
    merge_totals(sums.maximum + i, sums.total + i, maximum, total, &keep, &gain);
    f32x16_store(w->keep + i, keep);
    f32x16_store(w->gain + i, gain);
  }
  value_part(a, w, groups, count, part, all, last, sums.values);
}

static void attention(const struct attention *a, struct attention_spans spans) {
  const uint32_t queries = a->tokens * a->heads, padded = (queries + 15) / 16 * 16;
  const struct attention_work w = work_at(a);
  struct query_group groups[ATTENTION_TILE_QUERIES];
  const uint32_t count = pack_queries(a, &w, groups);
  uint32_t last = 0;
  for (uint32_t t = 0; t < a->tokens; t++)
    if (a->seen[t].first <= a->seen[t].last && a->seen[t].last > last) last = a->seen[t].last;
  const uint32_t end = spans.from + spans.count * spans.positions - 1;
  if (end < last) last = end;
  for (uint32_t s = 0, from = spans.from; s < spans.count; s++, from += spans.positions) {
    const struct attention_sums sums = sums_at(spans.sums + s * spans.stride, queries);
    for (uint32_t i = 0; i < padded; i++) sums.maximum[i] = LOWEST, sums.total[i] = 0;
    memset(sums.values, 0, queries * (size_t)value_stride(a->value_columns) * sizeof(float));
    for (uint32_t part = from; part < from + spans.positions && part <= last; part += SOFTMAX_POSITIONS)
      attend_part(a, &w, groups, count, part, last, sums);
  }
}

static void attention_finish(const struct attention *a, const float *memory) {
  const uint32_t queries = a->tokens * a->heads, stride = value_stride(a->value_columns);
  const struct attention_sums sums = sums_at((float *)(uintptr_t)memory, queries);
  for (uint32_t q = 0; q < queries; q++) {
    const uint32_t token = q / a->heads, head = q % a->heads;
    float total = sums.total[q], keep = 1;
    if (a->sinks) {
      const float most = a->sinks[head] > sums.maximum[q] ? a->sinks[head] : sums.maximum[q];
      keep = f32x16_exp(f32x16_set(sums.maximum[q] - most))[0];
      total = f32x16_fma(f32x16_set(total), f32x16_set(keep), f32x16_exp(f32x16_set(a->sinks[head] - most)))[0];
    }
    // A token that sees nothing has a sum of 0, and attends to nothing.
    const f32x16 factor = f32x16_set(total > 0 ? keep / total : 0);
    float *y = a->y + token * a->y_stride + head * (size_t)a->value_columns;
    for (uint32_t c = 0; c < a->value_columns; c += 16)
      store_columns(y, c, a->value_columns, f32x16_load(sums.values + q * (size_t)stride + c) * factor);
  }
}
