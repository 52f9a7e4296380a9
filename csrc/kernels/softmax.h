// The softmax of attention, in parts of SOFTMAX_POSITIONS positions: weights exp(score - maximum) of one part, their
// sum, and how two parts merge (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018).
#pragma once

// Below every score: weights of positions that are not seen are exp(-inf - LOWEST) = 0, and merging with a part that
// has seen nothing changes nothing.
#define LOWEST (-3.40282347e38f)

// cap * tanh(s / cap). 1 - 2 / (1 + e) would cancel out for small s; with e = exp(-2 |x|) the error is 6e-8 * cap.
INLINE f32x16 soft_cap(f32x16 s, float cap) {
  const f32x16 one = f32x16_set(1.0f), x = s * f32x16_set(1.0f / cap);
  const f32x16 e = f32x16_exp(f32x16_set(-2.0f) * f32x16_abs(x));
  const f32x16 t = (one - e) / (one + e) * f32x16_set(cap);
  const i32x16 sign = (i32x16)s & i32x16_set((int32_t)0x80000000u);
  return (f32x16)((i32x16)t | sign);
}

// What one query sees of a part.
struct query_view {
  int32_t position, part;       // Its own position, and the first one of the part.
  struct position_range seen;
  const uint32_t *mask;         // A bit per position, or NULL.
  float cap, slope;             // 0: none.
};

// Scores of 16 positions from `at` on, with -inf where they are not seen.
INLINE f32x16 seen_scores(const struct query_view *view, f32x16 s, int32_t at) {
  const i32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  if (view->cap != 0) s = soft_cap(s, view->cap);
  const i32x16 positions = i32x16_set(at) + lanes;
  if (view->slope != 0)
    s = f32x16_fma(f32x16_set(view->slope), f32x16_from_i32(positions - i32x16_set(view->position)), s);
  i32x16 in = positions >= i32x16_set((int32_t)view->seen.first);
  in &= positions <= i32x16_set((int32_t)view->seen.last);
  if (view->mask) {
    const i32x16 bits = i32x16_set((int32_t)(view->mask[at / 32] >> at % 32)) >> lanes;
    in &= (bits & i32x16_set(1)) != i32x16_set(0);
  }
  return (f32x16)(((i32x16)s & in) | ((i32x16)f32x16_set(-__builtin_inff()) & ~in));
}

// Scores of the vectors `from` to `to` - 1 of a part become weights; gives their maximum and sum. Vectors are added in
// ascending order, so that those which are left out because nothing in them is seen change nothing.
INLINE void soften(const struct query_view *view, float *scores, uint32_t from, uint32_t to, float *maximum,
                   float *total) {
  const bool plain = !view->mask && view->cap == 0 && view->slope == 0;
  f32x16 most = f32x16_set(LOWEST);
  for (uint32_t v = from; v < to; v++) {
    const int32_t at = view->part + 16 * (int32_t)v;
    f32x16 s = f32x16_load(scores + 16 * v);
    if (!plain || at < (int32_t)view->seen.first || at + 15 > (int32_t)view->seen.last) {
      s = seen_scores(view, s, at);
      f32x16_store(scores + 16 * v, s);
    }
    most = f32x16_max(s, most);
  }
  *maximum = f32x16_max_lane(most);
  const f32x16 shift = f32x16_set(*maximum);
  f32x16 sum = f32x16_set(0);
  for (uint32_t v = from; v < to; v++) {
    const f32x16 w = f32x16_exp(f32x16_load(scores + 16 * v) - shift);
    f32x16_store(scores + 16 * v, w);
    sum += w;
  }
  *total = f32x16_sum(sum);
}

// Maximum, sum and weighted sum of values of some queries: rows of `columns` values behind two rows of as many numbers
// as there are queries, rounded up to a multiple of 16.
struct attention_sums {
  float *maximum, *total, *values;
};
INLINE struct attention_sums sums_at(float *memory, uint32_t queries) {
  const uint32_t padded = (queries + 15) / 16 * 16;
  return (struct attention_sums){memory, memory + padded, memory + 2 * padded};
}

// Maxima and sums of 16 queries become those of both parts; factors by which the values of each part are multiplied.
INLINE void merge_totals(float *maximum, float *total, f32x16 part_maximum, f32x16 part_total, f32x16 *keep,
                         f32x16 *gain) {
  const f32x16 old = f32x16_load(maximum), most = f32x16_max(part_maximum, old);
  *keep = f32x16_exp(old - most);
  *gain = f32x16_exp(part_maximum - most);
  f32x16_store(maximum, most);
  f32x16_store(total, f32x16_fma(f32x16_load(total), *keep, part_total * *gain));
}

static void attention_merge(float *into, const float *part, uint32_t queries, uint32_t value_columns) {
  const struct attention_sums a = sums_at(into, queries), b = sums_at((float *)(uintptr_t)part, queries);
  const uint32_t columns = value_stride(value_columns);
  for (uint32_t first = 0; first < queries; first += 16) {
    f32x16 keep, gain;
    float keeps[16], gains[16];
    const f32x16 maximum = f32x16_load(b.maximum + first), total = f32x16_load(b.total + first);
    merge_totals(a.maximum + first, a.total + first, maximum, total, &keep, &gain);
    f32x16_store(keeps, keep);
    f32x16_store(gains, gain);
    for (uint32_t i = 0; i < 16 && first + i < queries; i++) {
      float *x = a.values + (first + i) * (size_t)columns;
      const float *y = b.values + (first + i) * (size_t)columns;
      for (uint32_t c = 0; c < columns; c += 16) {
        const f32x16 gained = f32x16_load(y + c) * f32x16_set(gains[i]);
        f32x16_store(x + c, f32x16_fma(f32x16_load(x + c), f32x16_set(keeps[i]), gained));
      }
    }
  }
}
