// Flash attention (Dao et al. 2022; online softmax of Milakov and Gimelshein 2018) over the blocked cache.
//
// A block holds 64 positions. Keys of a head stand as (4, key_columns, 16 positions), so that 16 scores are one vector
// and sum vertically over columns; values as (64, value_columns), rounded up to whole vectors. For each query the
// arithmetic is, whatever it is batched with: within a span of SPAN_BLOCKS blocks (aligned to absolute positions) a
// running maximum, sum and weighted sum of values, block after block, position after position; spans start afresh and
// are merged in ascending order. So the spans of one query may be computed anywhere, and masked positions and masked
// blocks change nothing.
//
// The template is instantiated per element type of the cache: KV_TYPE, KV_WIDEN (16 elements to f32x16), KV_NAME.
#define KV_CAT_(a, b) a##_##b
#define KV_CAT(a, b) KV_CAT_(a, b)
#define KV(name) KV_CAT(name, KV_NAME)

// scores (count, 64) = queries . keys of one block, unscaled.
INLINE void KV(block_scores)(const float *const *q, const KV_TYPE *keys, uint32_t columns, float (*scores)[64],
                             uint32_t count) {
  for (uint32_t part = 0; part < 4; part += 2) {
    f32x16 s[ATTENTION_QUERIES][2];
    const KV_TYPE *k = keys + part * 16 * (size_t)columns;
    UNROLL for (uint32_t i = 0; i < count; i++) s[i][0] = s[i][1] = f32x16_set(0);
    for (uint32_t c = 0; c < columns; c++) {
      const f32x16 k0 = KV_WIDEN(k + 16 * (size_t)c), k1 = KV_WIDEN(k + 16 * ((size_t)columns + c));
      UNROLL for (uint32_t i = 0; i < count; i++) {
        const f32x16 x = f32x16_set(q[i][c]);
        s[i][0] = f32x16_fma(x, k0, s[i][0]);
        s[i][1] = f32x16_fma(x, k1, s[i][1]);
      }
    }
    UNROLL for (uint32_t i = 0; i < count; i++) {
      f32x16_store(scores[i] + 16 * part, s[i][0]);
      f32x16_store(scores[i] + 16 * part + 16, s[i][1]);
    }
  }
}

// sums (count, columns) = sums * decay + weights (count, 64) . values, positions 0 to positions - 1 ascending.
INLINE void KV(block_values)(const float (*weights)[64], const KV_TYPE *values, uint32_t positions, uint32_t columns,
                             float (*sums)[ARP_LIMIT_HEAD_COLUMNS], const float *decay, uint32_t count) {
  for (uint32_t c = 0; c < columns; c += 32) {
    const bool two = c + 16 < columns;
    f32x16 s[ATTENTION_QUERIES][2];
    UNROLL for (uint32_t i = 0; i < count; i++) {
      s[i][0] = f32x16_load(sums[i] + c) * f32x16_set(decay[i]);
      s[i][1] = two ? f32x16_load(sums[i] + c + 16) * f32x16_set(decay[i]) : f32x16_set(0);
    }
    for (uint32_t p = 0; p < positions; p++) {
      const KV_TYPE *v = values + p * (size_t)columns + c;
      const f32x16 v0 = KV_WIDEN(v), v1 = two ? KV_WIDEN(v + 16) : v0;
      UNROLL for (uint32_t i = 0; i < count; i++) {
        const f32x16 w = f32x16_set(weights[i][p]);
        s[i][0] = f32x16_fma(w, v0, s[i][0]);
        s[i][1] = f32x16_fma(w, v1, s[i][1]);
      }
    }
    UNROLL for (uint32_t i = 0; i < count; i++) {
      f32x16_store(sums[i] + c, s[i][0]);
      if (two) f32x16_store(sums[i] + c + 16, s[i][1]);
    }
  }
}

// One block for `count` queries. position: of the block's first slot; positions: how many of its slots are in use.
INLINE void KV(add_block)(const struct attention *a, const struct query *q, struct attention_sums *sums,
                          const uint8_t *block, uint32_t position, uint32_t positions, uint32_t count) {
  float scores[ATTENTION_QUERIES][64], decay[ATTENTION_QUERIES];
  const float *rows[ATTENTION_QUERIES];
  for (uint32_t i = 0; i < count; i++) rows[i] = q[i].q;
  KV(block_scores)(rows, (const KV_TYPE *)(block + a->key_offset), a->key_columns, scores, count);
  for (uint32_t i = 0; i < count; i++)
    decay[i] = soften(scores[i], a->scale, position, q[i].position, &sums->maximum[i], &sums->total[i]);
  KV(block_values)((const float (*)[64])scores, (const KV_TYPE *)(block + a->value_offset), positions,
                   value_stride(a->value_columns), sums->values, decay, count);
}

// `count` (a constant) queries.
INLINE void KV(attend)(const struct attention *a, const struct query *q, uint32_t count) {
  uint32_t end = 0;  // Positions the last of them sees.
  for (uint32_t i = 0; i < count; i++) end = q[i].position >= end ? q[i].position + 1 : end;
  struct attention_sums total, part;
  for (uint32_t from = 0; from < end; from += SPAN_POSITIONS) {
    struct attention_sums *sums = from == 0 ? &total : &part;
    clear_sums(sums, value_stride(a->value_columns), count);
    const uint32_t to = end - from < SPAN_POSITIONS ? end : from + SPAN_POSITIONS;
    for (uint32_t p = from; p < to; p += 64) {
      const uint8_t *block = a->blocks + a->block_table[p / 64] * a->block_bytes;
      KV(add_block)(a, q, sums, block, p, to - p < 64 ? to - p : 64, count);
    }
    if (from != 0) merge_sums(&total, &part, value_stride(a->value_columns), count);
  }
  for (uint32_t i = 0; i < count; i++) {
    const f32x16 inverse = f32x16_set(1.0f / total.total[i]);
    for (uint32_t c = 0; c < a->value_columns; c += 16)
      store_columns(q[i].y, c, a->value_columns, f32x16_load(total.values[i] + c) * inverse);
  }
}

static void KV(attention)(const struct attention *a) {
  const uint32_t queries = a->tokens * a->heads;
  struct query q[ATTENTION_QUERIES];
  for (uint32_t first = 0, count; first < queries; first += count) {
    const uint32_t left = queries - first;
    count = left >= ATTENTION_QUERIES ? ATTENTION_QUERIES : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    for (uint32_t i = 0; i < count; i++) q[i] = query_at(a, first + i);
    if (count == ATTENTION_QUERIES) KV(attend)(a, q, ATTENTION_QUERIES);
    else if (count == 4) KV(attend)(a, q, 4);
    else if (count == 2) KV(attend)(a, q, 2);
    else KV(attend)(a, q, 1);
  }
}

#undef KV
#undef KV_CAT
#undef KV_CAT_
#undef KV_TYPE
#undef KV_WIDEN
#undef KV_NAME
