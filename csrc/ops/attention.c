// ATTENTION: over the cache; a chunk is one key/value head for a tile of tokens. When there are too few of those for
// all threads, a chunk is one span of the positions they see: fixed by what a token sees, so that the bits are the same
// whether it is split or not. The last chunk of a tile merges its spans in ascending order.
#include <stdatomic.h>

#include "check.h"

enum {
  SPANS = 16,             // Of one token; one more when they do not begin with a span.
  SPLIT_TOKENS = 4,       // With so many spans; more tokens with fewer.
  CHUNKS_PER_THREAD = 4,  // Enough for threads to end together.
};

static int32_t check_heads(struct check c, const struct arp_cache_shape *s) {
  const uint32_t heads = c.i->n[1];
  if (!heads || heads > ARP_LIMIT_HEADS || heads % s->heads)
    return REFUSE("%u heads over %u key/value heads", heads, s->heads);
  if (c.i->n[3] > (ARP_ATTENTION_SINKS | ARP_ATTENTION_SLOPES)) return REFUSE("weights %#x of attention", c.i->n[3]);
  if (!(c.i->f[1] >= 0 && c.i->f[1] < 1e30f)) return REFUSE("a soft cap of %g", (double)c.i->f[1]);
  for (int w = 0; w < __builtin_popcount(c.i->n[3]); w++)
    if (!is_weight(c, w ? "weight 1" : "weight 0", c.i->weight[w], ARP_LAYOUT_ROWS, ARP_TYPE_F32, 1, heads))
      return ARP_STATUS_INVALID;
  return ARP_STATUS_OK;
}

// Query heads are taken a few at a time when many share a key/value head.
struct heads_division {
  uint32_t parts, heads;  // Parts of so many query heads each; the last one may have fewer.
  uint32_t tile_tokens;
};
static struct heads_division divide_heads(uint32_t group) {
  const uint32_t parts = divide_up(group, ATTENTION_TILE_QUERIES), heads = divide_up(group, parts);
  return (struct heads_division){parts, heads, ATTENTION_TILE_QUERIES / heads};
}

// Memory: of each thread, and of the spans of tiles that are split.
static void require_memory(struct plan *plan, uint32_t index, const struct arp_cache_shape *s) {
  const struct heads_division d = divide_heads(plan->instructions[index].n[1] / s->heads);
  const size_t scratch = attention_scratch_bytes(s->key_columns) +
                         2 * attention_sums_bytes(ATTENTION_TILE_QUERIES, s->value_columns);
  if (scratch > plan->scratch_bytes) plan->scratch_bytes = scratch;
  const size_t region = SPLIT_TOKENS * (SPANS + 1) * (size_t)s->heads * d.parts *
                        attention_sums_bytes(d.heads, s->value_columns);
  if (region > plan->spans.region_bytes) plan->spans.region_bytes = region;
  const uint32_t regions = attention_region(plan, index) + 1;
  if (regions > plan->spans.regions) plan->spans.regions = regions;
}

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  if (!plan->cache) return REFUSE("the plan has no cache");
  if (c.i->n[2] >= plan->cache->groups_count)
    return REFUSE("group %u of %u", c.i->n[2], plan->cache->groups_count);
  const struct arp_cache_shape *s = &plan->cache->groups[c.i->n[2]].shape;
  const int32_t status = check_heads(c, s);
  if (status) return status;
  const uint32_t heads = c.i->n[1];
  if (c.i->n[0] >= s->layers) return REFUSE("layer %u of %u", c.i->n[0], s->layers);
  if (!has_flags(c, 0) || !is_buffer(c, "dst", c.i->dst, ARP_TYPE_F32) ||
      !is_buffer(c, "src 0", c.i->src[0], ARP_TYPE_F32) ||
      !has_shape(c, "src 0", c.i->src[0], ARP_ROWS_TOKENS, heads * (uint64_t)s->key_columns) ||
      !has_shape(c, "dst", c.i->dst, ARP_ROWS_TOKENS, heads * (uint64_t)s->value_columns) ||
      !is_apart(c, c.i->dst, c.i->src[0]))
    return ARP_STATUS_INVALID;
  require_memory(plan, index, s);
  return ARP_STATUS_OK;
}

// Spans of `positions` positions, `count` of them from number `first` on.
struct spans {
  uint32_t positions, first, count;
};

static uint32_t span_positions(struct position_range seen) {
  uint32_t positions = SOFTMAX_POSITIONS;
  while (seen.first <= seen.last && seen.last - seen.first >= SPANS * positions) positions *= 2;
  return positions;
}
// Of some tokens, all of them together; none when their spans are of different sizes, or when nothing is seen.
static struct spans spans_of(const struct position_range *seen, uint32_t tokens) {
  struct position_range all = {UINT32_MAX, 0};
  const uint32_t positions = span_positions(seen[0]);
  for (uint32_t t = 0; t < tokens; t++) {
    if (span_positions(seen[t]) != positions) return (struct spans){0};
    if (seen[t].first > seen[t].last) continue;
    if (seen[t].first < all.first) all.first = seen[t].first;
    if (seen[t].last > all.last) all.last = seen[t].last;
  }
  if (all.first > all.last) return (struct spans){0};
  return (struct spans){positions, all.first / positions, all.last / positions - all.first / positions + 1};
}

// Part of a tile of the frame.
struct attention_tile {
  uint32_t first, tokens;
  struct position_range seen[ATTENTION_TILE_QUERIES];
};
static void tile_at(const struct plan *plan, const struct arp_instr *i, uint32_t tile, uint32_t part,
                    uint32_t tile_tokens, struct attention_tile *t) {
  const struct frame *f = &plan->frame;
  const struct token_tile all = f->tile[tile];
  const uint32_t skip = part * tile_tokens;
  t->first = all.first + skip;
  t->tokens = skip >= all.tokens ? 0 : all.tokens - skip < tile_tokens ? all.tokens - skip : tile_tokens;
  for (uint32_t k = 0; k < t->tokens; k++) t->seen[k] = frame_sees(f, &plan->cache->groups[i->n[2]], t->first + k);
}

struct division {
  struct heads_division heads;
  uint32_t key_value_heads;
  uint32_t parts;        // Of a tile of the frame.
  uint32_t tiles;        // Parts of tiles, for all heads.
  uint32_t slices;       // Chunks of one of these; 1 when it is not split.
  uint32_t spans;        // The most spans of one of these.
  size_t span_bytes;
};
static struct division divide(const struct plan *plan, const struct arp_instr *i) {
  const struct frame *f = &plan->frame;
  const struct arp_cache_shape *s = &plan->cache->groups[i->n[2]].shape;
  struct division d = {.heads = divide_heads(i->n[1] / s->heads), .key_value_heads = s->heads, .slices = 1};
  d.parts = divide_up(f->tile_tokens_max, d.heads.tile_tokens);
  d.tiles = f->tiles * d.parts * s->heads * d.heads.parts;
  if (plan->threads < 2 || d.tiles >= CHUNKS_PER_THREAD * plan->threads) return d;
  const uint32_t most = f->tile_tokens_max < d.heads.tile_tokens ? f->tile_tokens_max : d.heads.tile_tokens;
  d.span_bytes = attention_sums_bytes(most * d.heads.heads, s->value_columns);
  uint32_t spans = 1;
  for (uint32_t tile = 0; tile < f->tiles; tile++)
    for (uint32_t part = 0; part < d.parts; part++) {
      struct attention_tile t;
      tile_at(plan, i, tile, part, d.heads.tile_tokens, &t);
      const uint32_t count = t.tokens ? spans_of(t.seen, t.tokens).count : 0;
      if (count > spans) spans = count;
    }
  if (d.tiles * (size_t)spans * d.span_bytes > plan->spans.region_bytes) return d;
  // A slice is several spans, so that reading ahead goes on.
  const uint32_t wanted = divide_up(CHUNKS_PER_THREAD * plan->threads, d.tiles);
  d.slices = wanted < spans ? wanted : spans;
  d.spans = spans;
  return d;
}
static uint32_t chunks(const struct plan *plan, const struct arp_instr *i) {
  const struct division d = divide(plan, i);
  return d.tiles * d.slices;
}

// What the kernel is told about `heads` query heads from `head` on, for all tokens of a tile.
static struct attention describe(const struct plan *plan, const struct arp_instr *i, const struct attention_tile *t,
                                 uint32_t head, uint32_t heads, uint32_t thread) {
  const struct cache_group *g = &plan->cache->groups[i->n[2]];
  const struct arp_cache_shape *s = &g->shape;
  const struct frame *f = &plan->frame;
  const uint32_t shared = head / (i->n[1] / s->heads);
  const bool sinks = i->n[3] & ARP_ATTENTION_SINKS, slopes = i->n[3] & ARP_ATTENTION_SLOPES;
  return (struct attention){
      .q = (const float *)row_at(plan, i->src[0], t->first) + head * (size_t)s->key_columns,
      .q_stride = row_bytes(&plan->buffers[i->src[0]]) / sizeof(float),
      .y = (float *)row_at(plan, i->dst, t->first) + head * (size_t)s->value_columns,
      .y_stride = row_bytes(&plan->buffers[i->dst]) / sizeof(float),
      .tokens = t->tokens,
      .heads = heads,
      .position = f->positions[t->first],
      .seen = t->seen,
      .masks = f->masks ? f->masks + t->first * (size_t)f->mask_words : NULL,
      .mask_words = f->mask_words,
      .key_columns = s->key_columns,
      .value_columns = s->value_columns,
      .scale = i->f[0],
      .cap = i->f[1],
      .sinks = sinks ? weight_floats(plan, i->weight[0]) + head : NULL,
      .slopes = slopes ? weight_floats(plan, i->weight[sinks]) + head : NULL,
      .key_kind = g->key_kind,
      .value_kind = g->value_kind,
      .blocks = g->data + i->n[0] * g->layer_bytes,
      .block_bytes = g->block_bytes,
      .key_offset = shared * g->head_bytes,
      .value_offset = shared * g->head_bytes + g->key_bytes,
      .block_table = frame_table(f, i->n[2], f->sequence[t->first]),
      .scratch = (float *)(plan->scratch + thread * plan->scratch_bytes),
  };
}

// All positions of tokens whose spans are of one size.
static void attend(const struct kernels *k, const struct attention *a, struct spans spans) {
  const size_t scratch = attention_scratch_bytes(a->key_columns) / sizeof(float);
  float *sums = a->scratch + scratch;
  float *part = sums + attention_sums_bytes(ATTENTION_TILE_QUERIES, a->value_columns) / sizeof(float);
  // Spans of the smallest size are what the kernel merges by itself.
  const bool whole = spans.positions == SOFTMAX_POSITIONS;
  const uint32_t positions = whole ? spans.count * spans.positions : spans.positions;
  for (uint32_t s = 0; s < (whole ? 1 : spans.count); s++) {
    const uint32_t from = (spans.first + s) * spans.positions;
    k->attention(a, (struct attention_spans){from, positions, 1, s ? part : sums, 0});
    if (s) k->attention_merge(sums, part, a->tokens * a->heads, a->value_columns);
  }
  k->attention_finish(a, sums);
}

// Token by token where spans change their size.
static void attend_whole(const struct kernels *k, struct attention a) {
  const uint32_t tokens = a.tokens;
  for (uint32_t t = 0, count; t < tokens; t += count) {
    struct spans spans = spans_of(a.seen, count = tokens - t);
    if (!spans.count) spans = spans_of(a.seen, count = 1);
    if (!spans.count) spans = (struct spans){SOFTMAX_POSITIONS, 0, 1};  // Nothing is seen: the sums are 0.
    a.tokens = count;
    attend(k, &a, spans);
    a.q += count * a.q_stride;
    a.y += count * a.y_stride;
    a.position += count;
    a.seen += count;
    if (a.masks) a.masks += count * a.mask_words;
  }
}

// Slice number `slice` of a tile; the thread that is the last to finish one merges them all.
static void attend_slice(const struct plan *plan, const struct arp_instr *i, const struct attention *a,
                         struct spans spans, struct division d, uint32_t number, uint32_t slice) {
  const uint32_t each = divide_up(spans.count, d.slices), first = slice * each;
  if (first >= spans.count) return;
  const uint32_t region = attention_region(plan, (uint32_t)(i - plan->instructions));
  const size_t stride = d.span_bytes / sizeof(float);
  float *sums = (float *)(plan->spans.memory + region * plan->spans.region_bytes) + number * d.spans * stride;
  const uint32_t count = spans.count - first < each ? spans.count - first : each;
  const uint32_t from = (spans.first + first) * spans.positions;
  plan->kernels->attention(a, (struct attention_spans){from, spans.positions, count, sums + first * stride, stride});
  _Atomic uint32_t *done = &plan->spans.done[region * SPLIT_TILES + number];
  if (atomic_fetch_add_explicit(done, 1, memory_order_acq_rel) + 1 < divide_up(spans.count, each)) return;
  atomic_store_explicit(done, 0, memory_order_relaxed);  // For the next instruction, after everybody waited.
  for (uint32_t s = 1; s < spans.count; s++)
    plan->kernels->attention_merge(sums, sums + s * stride, a->tokens * a->heads, a->value_columns);
  plan->kernels->attention_finish(a, sums);
}

static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  const struct division d = divide(plan, i);
  const uint32_t slice = chunk % d.slices, heads_parts = d.heads.parts * d.key_value_heads;
  const uint32_t number = chunk / d.slices, head_part = number % heads_parts, part_of = number / heads_parts;
  // The last tiles see the most positions: start with them, so that none is left over at the end.
  const uint32_t tile = plan->frame.tiles - 1 - part_of / d.parts, part = d.parts - 1 - part_of % d.parts;
  struct attention_tile t;
  tile_at(plan, i, tile, part, d.heads.tile_tokens, &t);
  if (!t.tokens) return;
  const uint32_t group = i->n[1] / d.key_value_heads, within = head_part % d.heads.parts * d.heads.heads;
  const uint32_t heads = group - within < d.heads.heads ? group - within : d.heads.heads;
  const struct attention a = describe(plan, i, &t, head_part / d.heads.parts * group + within, heads, thread);
  const struct spans spans = d.slices > 1 ? spans_of(t.seen, t.tokens) : (struct spans){0};
  if (spans.count > 1) attend_slice(plan, i, &a, spans, d, number, slice);
  else if (slice == 0) attend_whole(plan->kernels, a);
}
const struct op op_attention = {"attention", check, chunks, run, NULL};
