// Online softmax: the running maximum, sum and weighted sum of values of several queries, and how two of them merge.
#pragma once

enum { SPAN_POSITIONS = 1024 };  // The unit in which one query may be split; 16 blocks.

struct query {
  const float *q;     // (key_columns)
  float *y;           // (value_columns)
  uint32_t position;  // The last position it sees.
};

struct attention_sums {
  float maximum[ATTENTION_QUERIES], total[ATTENTION_QUERIES];
  float values[ATTENTION_QUERIES][ARP_LIMIT_HEAD_COLUMNS];  // Weighted by exp(score - maximum).
};

INLINE struct query query_at(const struct attention *a, uint32_t index) {
  const uint32_t token = index / a->heads, head = index % a->heads;
  return (struct query){.q = a->q + token * a->q_stride + head * (size_t)a->key_columns,
                        .y = a->y + token * a->y_stride + head * (size_t)a->value_columns,
                        .position = a->position + token};
}

INLINE void clear_sums(struct attention_sums *s, uint32_t columns, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    s->maximum[i] = -__builtin_inff();
    s->total[i] = 0;
    memset(s->values[i], 0, columns * sizeof(float));
  }
}

// Scores of 64 positions to weights exp(scale * score - new maximum), 0 beyond the last position seen. Updates maximum
// and total; returns the factor by which earlier sums decay.
INLINE float soften(float scores[64], float scale, uint32_t position, uint32_t last, float *maximum, float *total) {
  const i32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const i32x16 seen = i32x16_set((int32_t)last - (int32_t)position);
  const f32x16 nothing = f32x16_set(-__builtin_inff());
  f32x16 s[4], most = nothing;
  for (int v = 0; v < 4; v++) {
    const i32x16 in = lanes + i32x16_set(16 * v) <= seen;
    const f32x16 scaled = f32x16_load(scores + 16 * v) * f32x16_set(scale);
    s[v] = (f32x16)(((i32x16)scaled & in) | ((i32x16)nothing & ~in));
    most = f32x16_max(s[v], most);
  }
  const float block_most = f32x16_max_lane(most);
  const float new_maximum = block_most > *maximum ? block_most : *maximum;
  const float decay = f32x16_exp(f32x16_set(*maximum - new_maximum))[0];
  for (int v = 0; v < 4; v++) {
    s[v] = f32x16_exp(s[v] - f32x16_set(new_maximum));
    f32x16_store(scores + 16 * v, s[v]);
  }
  const float sum = f32x16_sum((s[0] + s[1]) + (s[2] + s[3]));
  *total = f32x16_fma(f32x16_set(*total), f32x16_set(decay), f32x16_set(sum))[0];
  *maximum = new_maximum;
  return decay;
}

// total = total and part, each brought to the common maximum. An empty part changes nothing.
INLINE void merge_sums(struct attention_sums *total, const struct attention_sums *part, uint32_t columns,
                       uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    const float a = total->maximum[i], b = part->maximum[i], most = a > b ? a : b;
    const f32x16 keep = f32x16_exp(f32x16_set(a - most)), gain = f32x16_exp(f32x16_set(b - most));
    const f32x16 sum = f32x16_fma(f32x16_set(total->total[i]), keep, f32x16_set(part->total[i]) * gain);
    total->total[i] = sum[0];
    total->maximum[i] = most;
    for (uint32_t c = 0; c < columns; c += 16)
      f32x16_store(total->values[i] + c, f32x16_fma(f32x16_load(total->values[i] + c), keep,
                                                    f32x16_load(part->values[i] + c) * gain));
  }
}
