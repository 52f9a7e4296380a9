// Flash attention (Dao et al. 2022) over the blocked cache: for the queries of a tile, scores of SOFTMAX_POSITIONS
// positions as a product of matrices, their softmax, weights times values as another product, and so on.
//
// A part of keys or values is widened to f32 once and serves all queries of the tile, unless there are so few that it
// is widened on the way; attention_products.h multiplies. For each query the arithmetic is, whatever it is batched
// with: scores sum over columns in ascending order, weighted values over the positions of a part (aligned to absolute
// positions) in ascending order, and parts merge in ascending order. Positions that are not seen change nothing.
#pragma once

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
    ahead.at[i] = a->blocks + a->block_table[part / 64 + i] * a->block_bytes + a->key_offset +
                  c / KV_GROUP * (bytes / strips);
  return ahead;
}

// Scores of all groups for what they see of a part.
static void score_part(const struct attention *a, const struct attention_work *w, const struct query_group *groups,
                       uint32_t count, uint32_t part, struct position_range all) {
  enum { STEP = 16 * ATTENTION_VECTORS };
  const bool direct = ATTENTION_DIRECT && count == 1;
  const size_t panel_bytes = kv_key_bytes(a->key_kind, a->key_columns) / 4;
  for (uint32_t at = all.first / STEP * STEP; at <= all.last; at += STEP) {
    const uint8_t *keys = a->blocks + a->block_table[at / 64] * a->block_bytes + a->key_offset;
    struct key_panels panels = {keys + at % 64 / 16 * panel_bytes, panel_bytes};
    if (!direct) {
      for (uint32_t v = 0; v < ATTENTION_VECTORS; v++)
        keys_widen(a->key_kind, keys, at % 64 / 16 + v, a->key_columns, w->keys + v * 16 * (size_t)a->key_columns);
      panels = (struct key_panels){(const uint8_t *)w->keys, 64 * (size_t)a->key_columns};
    }
    struct read_ahead ahead = values_ahead(a, at);
    for (uint32_t g = 0; g < count; g++) {
      const struct position_range seen = groups[g].seen;
      if (seen.first > seen.last || seen.first >= at + STEP || seen.last < at) continue;
      score_group(direct ? a->key_kind : KV_F32, a, w, &groups[g], panels, (at - part) / 16, ahead);
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

// 32 columns of the values that are seen of a part, as numbers.
static struct value_rows widen_strip(const struct attention *a, const struct attention_work *w, uint32_t part,
                                     struct position_range all, uint32_t c) {
  for (uint32_t at = all.first, rows; at <= all.last; at += rows) {
    const uint32_t slot = at % 64;
    rows = all.last - at + 1 < 64 - slot ? all.last - at + 1 : 64 - slot;
    const uint8_t *values = a->blocks + a->block_table[at / 64] * a->block_bytes + a->value_offset;
    values_widen(a->value_kind, values, slot, rows, c, a->value_columns, w->values + (at - part) * (size_t)KV_GROUP);
  }
  struct value_rows values = {.columns = KV_GROUP};
  for (uint32_t i = 0; i < SOFTMAX_POSITIONS / 64; i++)
    values.at[i] = (const uint8_t *)(w->values + 64 * i * (size_t)KV_GROUP);
  return values;
}

// Scales of 32 columns of the values that are seen of a part.
static void widen_scales(const struct attention *a, const struct attention_work *w, struct value_rows *values,
                         uint32_t part, struct position_range all, uint32_t c) {
  values->scales = w->values;
  for (uint32_t i = (all.first - part) / 64; i <= (all.last - part) / 64; i++) {
    if (a->value_kind == KV_Q8_0)
      value_scales(KV_Q8_0, values->at[i], c / KV_GROUP, a->value_columns, w->values + 64 * i);
    if (a->value_kind == KV_Q4_0)
      value_scales(KV_Q4_0, values->at[i], c / KV_GROUP, a->value_columns, w->values + 64 * i);
  }
}

// Weighted values of a part, merged with what is there. `last` is the last position that will be used.
static void value_part(const struct attention *a, const struct attention_work *w, const struct query_group *groups,
                       uint32_t count, uint32_t part, struct position_range all, uint32_t last, float *sums) {
  const uint32_t stride = value_stride(a->value_columns);
  const bool direct = ATTENTION_DIRECT && count == 1;
  struct value_rows values = {.columns = a->value_columns};
  for (uint32_t at = all.first; direct && at <= all.last; at = (at | 63) + 1)
    values.at[(at - part) / 64] = a->blocks + a->block_table[at / 64] * a->block_bytes + a->value_offset;
  for (uint32_t c = 0; c < a->value_columns; c += KV_GROUP) {
    values.column = c;
    if (!direct) values = widen_strip(a, w, part, all, c);
    else widen_scales(a, w, &values, part, all, c);
    struct read_ahead ahead = keys_ahead(a, w, part + SOFTMAX_POSITIONS, last, c);
    for (uint32_t g = 0; g < count; g++) {
      if (groups[g].seen.first > groups[g].seen.last) continue;
      value_group(direct ? a->value_kind : KV_F32, w, &groups[g], values, part, sums, stride, c, &ahead);
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
