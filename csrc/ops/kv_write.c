// KV_WRITE: keys and values of the step's tokens into one layer of the cache.
#include "check.h"

enum { CHUNK_TOKENS = 8 };

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  if (!plan->cache) return REFUSE("the plan has no cache");
  if (c.i->n[1] >= plan->cache->groups_count)
    return REFUSE("group %u of %u", c.i->n[1], plan->cache->groups_count);
  const struct arp_cache_shape *s = &plan->cache->groups[c.i->n[1]].shape;
  if (!has_flags(c, 0) || !is_buffer(c, "src 0", c.i->src[0], ARP_TYPE_F32) ||
      !is_buffer(c, "src 1", c.i->src[1], ARP_TYPE_F32) ||
      !has_shape(c, "src 0", c.i->src[0], ARP_ROWS_TOKENS, s->heads * (uint64_t)s->key_columns) ||
      !has_shape(c, "src 1", c.i->src[1], ARP_ROWS_TOKENS, s->heads * (uint64_t)s->value_columns))
    return ARP_STATUS_INVALID;
  if (c.i->n[0] >= s->layers) return REFUSE("layer %u of %u", c.i->n[0], s->layers);
  return ARP_STATUS_OK;
}
static uint32_t chunks(const struct plan *plan, const struct arp_instr *i) {
  (void)i;
  return divide_up(plan->frame.tokens, CHUNK_TOKENS);
}
// A position of a key is one element in every column of 16 positions: a cache line each or two, which nobody has used
// since the last token. All of them come at the same time instead of one after the other: 13 to 2 us for 4 heads of 64.
static void fetch_keys(const struct cache_group *g, const uint8_t *head, uint32_t slot) {
  const size_t panel = g->key_bytes / 4;
  for (uint32_t h = 0; h < g->shape.heads; h++, head += g->head_bytes)
    for (size_t at = 0; at < panel; at += 64) __builtin_prefetch(head + slot / 16 * panel + at, 1, 3);
}

static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const struct cache_group *g = &plan->cache->groups[i->n[1]];
  const struct arp_cache_shape *s = &g->shape;
  const struct frame *f = &plan->frame;
  const struct kernels *kernels = plan->kernels;
  for (uint32_t t = chunk * CHUNK_TOKENS; t < f->tokens && t < (chunk + 1) * CHUNK_TOKENS; t++) {
    const uint32_t position = f->positions[t], slot = position % ARP_LIMIT_BLOCK_POSITIONS;
    const uint32_t *table = frame_table(f, i->n[1], f->sequence[t]);
    uint8_t *head = cache_block(g, i->n[0], table[position / ARP_LIMIT_BLOCK_POSITIONS]);
    if (t % CHUNK_TOKENS == 0 || slot % 16 == 0) fetch_keys(g, head, slot);
    const float *k = row_at(plan, i->src[0], t), *v = row_at(plan, i->src[1], t);
    for (uint32_t h = 0; h < s->heads; h++, head += g->head_bytes) {
      kernels->key_write[g->key_kind](k + h * (size_t)s->key_columns, head, slot, s->key_columns);
      kernels->value_write[g->value_kind](v + h * (size_t)s->value_columns, head + g->key_bytes, slot,
                                          s->value_columns);
    }
  }
}
const struct op op_kv_write = {"kv_write", check, chunks, run, NULL};
