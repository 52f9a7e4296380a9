// ATTENTION: causal, over the cache; a chunk is one key/value head for a tile of tokens.
#include "check.h"

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  if (!plan->cache) return REFUSE("the plan has no cache");
  if (c.i->n[2] >= plan->cache->groups_count)
    return REFUSE("group %u of %u", c.i->n[2], plan->cache->groups_count);
  const struct arp_cache_shape *s = &plan->cache->groups[c.i->n[2]].shape;
  if (c.i->n[3] || c.i->f[1] != 0) return REFUSE("soft caps, sinks and slopes are not computed");
  const uint32_t heads = c.i->n[1];
  if (!heads || heads > ARP_LIMIT_HEADS || heads % s->heads)
    return REFUSE("%u heads over %u key/value heads", heads, s->heads);
  if (c.i->n[0] >= s->layers) return REFUSE("layer %u of %u", c.i->n[0], s->layers);
  if (!has_flags(c, 0) || !is_buffer(c, "dst", c.i->dst, ARP_TYPE_F32) ||
      !is_buffer(c, "src 0", c.i->src[0], ARP_TYPE_F32) ||
      !has_shape(c, "src 0", c.i->src[0], ARP_ROWS_TOKENS, heads * (uint64_t)s->key_columns) ||
      !has_shape(c, "dst", c.i->dst, ARP_ROWS_TOKENS, heads * (uint64_t)s->value_columns) ||
      !is_apart(c, c.i->dst, c.i->src[0]))
    return ARP_STATUS_INVALID;
  return ARP_STATUS_OK;
}
static uint32_t chunks(const struct plan *plan, const struct arp_instr *i) {
  return plan->frame.tiles * plan->cache->groups[i->n[2]].shape.heads;
}
static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const struct cache_group *g = &plan->cache->groups[i->n[2]];
  const struct arp_cache_shape *s = &g->shape;
  const struct frame *f = &plan->frame;
  // The last tiles see the most positions: start with them, so that none is left over at the end.
  const struct token_tile tile = f->tile[f->tiles - 1 - chunk / s->heads];
  const uint32_t head = chunk % s->heads, group = i->n[1] / s->heads;
  const struct attention a = {
      .q = (const float *)row_at(plan, i->src[0], tile.first) + head * (size_t)group * s->key_columns,
      .q_stride = row_bytes(&plan->buffers[i->src[0]]) / sizeof(float),
      .y = (float *)row_at(plan, i->dst, tile.first) + head * (size_t)group * s->value_columns,
      .y_stride = row_bytes(&plan->buffers[i->dst]) / sizeof(float),
      .tokens = tile.tokens,
      .heads = group,
      .position = f->positions[tile.first],
      .key_columns = s->key_columns,
      .value_columns = s->value_columns,
      .scale = i->f[0],
      .blocks = g->data + i->n[0] * g->layer_bytes,
      .block_bytes = g->block_bytes,
      .key_offset = head * g->head_bytes,
      .value_offset = head * g->head_bytes + g->key_bytes,
      .block_table = frame_table(f, i->n[2], f->sequence[tile.first]),
  };
  plan->kernels->attention[g->key_kind](&a);
}
const struct op op_attention = {"attention", check, chunks, run};
