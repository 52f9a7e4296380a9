// Creates caches, and rotates keys in place.
#include "cache.h"

#include <stdlib.h>
#include <string.h>

#include "cos_sin.h"
#include "dispatch.h"
#include "platform/memory.h"

static void cache_destroy(struct object *object) {
  struct cache *cache = (struct cache *)object;
  for (uint32_t i = 0; i < cache->groups_count; i++) pages_free(cache->groups[i].data, cache->groups[i].bytes);
  free(cache);
}

static bool valid_head(uint32_t columns) {
  return columns >= 1 && columns <= ARP_LIMIT_HEAD_COLUMNS;
}

static bool find_kind(uint32_t type, enum kv_kind *kind) {
  switch (type) {
    case ARP_TYPE_F16: return *kind = KV_F16, true;
    case ARP_TYPE_F32: return *kind = KV_F32, true;
    case ARP_TYPE_BF16: return *kind = KV_BF16, true;
    case ARP_TYPE_Q8_0: return *kind = KV_Q8_0, true;
    case ARP_TYPE_Q4_0: return *kind = KV_Q4_0, true;
    default: return false;
  }
}

// Checks the shape of a group and provides its memory.
static int32_t group_create(struct cache_group *g, const struct arp_cache_shape *s, struct arp_error *error) {
  const bool types = find_kind(s->key_type, &g->key_kind) && find_kind(s->value_type, &g->value_kind);
  if (!types || !valid_head(s->key_columns) || !valid_head(s->value_columns) || !s->layers || s->layers > 4096 ||
      !s->heads || s->heads > ARP_LIMIT_HEADS || !s->blocks || s->blocks > 1u << 24 ||
      s->block_positions != ARP_LIMIT_BLOCK_POSITIONS)
    return fail(error, ARP_STATUS_INVALID, -1,
                "Impossible cache: %u layers, %u heads of %u and %u columns, types %u and %u, %u blocks of %u",
                s->layers, s->heads, s->key_columns, s->value_columns, s->key_type, s->value_type, s->blocks,
                s->block_positions);
  g->shape = *s;
  g->key_bytes = kv_key_bytes(g->key_kind, s->key_columns);
  g->head_bytes = g->key_bytes + kv_value_bytes(g->value_kind, s->value_columns);
  g->block_bytes = s->heads * g->head_bytes;
  // At most 2^24 blocks of 2^10 heads * 2^17 bytes in 2^12 layers: 63 bits.
  g->layer_bytes = s->blocks * g->block_bytes;
  g->bytes = s->layers * g->layer_bytes;
  g->data = pages_allocate(g->bytes);
  if (g->data) return ARP_STATUS_OK;
  return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Cannot allocate %zu bytes for a cache of %u blocks of %u positions",
              g->bytes, s->blocks, s->block_positions);
}

struct cache *cache_create(const struct arp_cache_shape *groups, uint32_t count, struct arp_error *error) {
  const struct kernels *kernels = dispatch_kernels();
  if (!count || count > ARP_LIMIT_CACHE_GROUPS || !kernels) {
    if (!kernels) fail(error, ARP_STATUS_UNSUPPORTED, -1, "ARPEGGIO_ISA names no instruction set of this machine");
    else fail(error, ARP_STATUS_INVALID, -1, "Impossible cache: %u groups, expected 1 to %d", count,
              ARP_LIMIT_CACHE_GROUPS);
    return NULL;
  }
  struct cache *cache = calloc(1, sizeof *cache + count * sizeof *cache->groups);
  if (!cache) {
    fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "No memory");
    return NULL;
  }
  cache->object.kind = OBJECT_CACHE;
  cache->object.references = 1;
  cache->object.destroy = cache_destroy;
  cache->kernels = kernels;
  for (uint32_t i = 0; i < count; i++) {
    if (group_create(&cache->groups[i], &groups[i], error)) {
      cache_destroy(&cache->object);
      return NULL;
    }
    cache->groups_count++;
    cache->bytes += cache->groups[i].bytes;
  }
  return cache;
}

int32_t cache_rotate(const struct cache *cache, const struct cache_group *g, const uint32_t *blocks, uint32_t count,
                     const struct rotation *rotation, struct arp_error *error) {
  const struct arp_cache_shape *s = &g->shape;
  float table[ARP_LIMIT_HEAD_COLUMNS];
  if (!rotation->pairs || 2 * (uint64_t)rotation->pairs > s->key_columns)
    return fail(error, ARP_STATUS_INVALID, -1, "%u pairs in keys of %u columns", rotation->pairs, s->key_columns);
  for (uint32_t i = 0; i < rotation->pairs; i++) {
    const double angle = rotation->delta * rotation->frequencies[i];
    if (!(angle < 1647099.0 && angle > -1647099.0))  // 2^20 * pi / 2; a NaN too.
      return fail(error, ARP_STATUS_INVALID, -1,
                  "%d positions turn pair %u by %g radians, expected less than 2^20 pi/2", rotation->delta, i, angle);
    double cosine, sine;
    cos_sin(angle, &cosine, &sine);
    table[2 * i] = (float)cosine;
    table[2 * i + 1] = (float)sine;
  }
  for (uint32_t layer = 0; layer < s->layers; layer++)
    for (uint32_t b = 0; b < count; b++)
      for (uint32_t h = 0; h < s->heads; h++)
        cache->kernels->keys_rotate(g->key_kind, cache_block(g, layer, blocks[b]) + h * g->head_bytes, s->key_columns,
                                    table, 2 * rotation->pairs, rotation->neox);
  return ARP_STATUS_OK;
}
