// The exported functions of caches: arguments are checked here, work is done inside.
#include <string.h>

#include "cache.h"

int32_t arp_cache_create(const struct arp_cache_shape *groups, uint32_t count, struct arp_error *error) {
  struct arp_error local;
  if (!error) error = &local;
  struct cache *cache = cache_create(groups, count, error);
  return cache ? handle_create(&cache->object, error) : error->status;
}

// A group of a cache, which stays acquired; NULL when there is none or it does not have these blocks.
static const struct cache_group *group_acquire(uint32_t handle, uint32_t group, const uint32_t *blocks, uint32_t count,
                                               struct cache **cache, int32_t *status, struct arp_error *error) {
  *cache = handle_acquire(handle, OBJECT_CACHE, error);
  *status = ARP_STATUS_STALE;
  if (!*cache) return NULL;
  const struct cache_group *g = group < (*cache)->groups_count ? &(*cache)->groups[group] : NULL;
  if (!g) *status = fail(error, ARP_STATUS_INVALID, -1, "Group %u of %u", group, (*cache)->groups_count);
  for (uint32_t i = 0; g && i < count; i++) {
    if (blocks[i] < g->shape.blocks) continue;
    *status = fail(error, ARP_STATUS_INVALID, -1, "Block %u of %u", blocks[i], g->shape.blocks);
    g = NULL;
  }
  if (g) *status = ARP_STATUS_OK;
  else object_release(&(*cache)->object);
  return g;
}

double arp_cache_block_bytes(uint32_t handle, uint32_t group) {
  struct cache *cache;
  int32_t status;
  const struct cache_group *g = group_acquire(handle, group, NULL, 0, &cache, &status, NULL);
  if (!g) return status;
  const double bytes = (double)g->shape.layers * (double)g->block_bytes;
  object_release(&cache->object);
  return bytes;
}

int32_t arp_cache_copy(uint32_t handle, uint32_t group, uint32_t from, uint32_t to) {
  struct cache *cache;
  int32_t status;
  const uint32_t blocks[] = {from, to};
  const struct cache_group *g = group_acquire(handle, group, blocks, 2, &cache, &status, NULL);
  if (!g) return status;
  for (uint32_t layer = 0; layer < g->shape.layers && from != to; layer++)
    memcpy(cache_block(g, layer, to), cache_block(g, layer, from), g->block_bytes);
  object_release(&cache->object);
  return status;
}

// Copies a block in or out of a cache.
static int32_t copy_block(uint32_t handle, uint32_t group, uint32_t block, uint8_t *data, uint32_t bytes, bool out) {
  struct cache *cache;
  int32_t status;
  const struct cache_group *g = group_acquire(handle, group, &block, 1, &cache, &status, NULL);
  if (!g) return status;
  if (bytes != (uint64_t)g->shape.layers * g->block_bytes) status = ARP_STATUS_INVALID;
  for (uint32_t layer = 0; layer < g->shape.layers && !status; layer++, data += g->block_bytes) {
    uint8_t *place = cache_block(g, layer, block);
    out ? memcpy(data, place, g->block_bytes) : memcpy(place, data, g->block_bytes);
  }
  object_release(&cache->object);
  return status;
}

int32_t arp_cache_read(uint32_t cache, uint32_t group, uint32_t block, void *data, uint32_t bytes) {
  return copy_block(cache, group, block, data, bytes, true);
}
int32_t arp_cache_write(uint32_t cache, uint32_t group, uint32_t block, const void *data, uint32_t bytes) {
  return copy_block(cache, group, block, (uint8_t *)(uintptr_t)data, bytes, false);
}

int32_t arp_cache_clear(uint32_t handle, uint32_t group, uint32_t block, uint32_t position) {
  struct cache *cache;
  int32_t status;
  const struct cache_group *g = group_acquire(handle, group, &block, 1, &cache, &status, NULL);
  if (!g) return status;
  const float zeros[ARP_LIMIT_HEAD_COLUMNS] = {0};
  const struct arp_cache_shape *s = &g->shape;
  for (uint32_t layer = 0; layer < s->layers; layer++) {
    uint8_t *head = cache_block(g, layer, block);
    for (uint32_t h = 0; h < s->heads; h++, head += g->head_bytes)
      for (uint32_t slot = position; slot < s->block_positions; slot++) {
        cache->kernels->key_write[g->key_kind](zeros, head, slot, s->key_columns);
        cache->kernels->value_write[g->value_kind](zeros, head + g->key_bytes, slot, s->value_columns);
      }
  }
  object_release(&cache->object);
  return status;
}

int32_t arp_cache_rotate(uint32_t handle, uint32_t group, const uint32_t *blocks, uint32_t count,
                         const double *frequencies, uint32_t pairs, uint32_t pairs_kind, int32_t delta,
                         struct arp_error *error) {
  struct cache *cache;
  int32_t status;
  const struct cache_group *g = group_acquire(handle, group, blocks, count, &cache, &status, error);
  if (!g) return status;
  const struct rotation rotation = {frequencies, pairs, pairs_kind == ARP_ROPE_PAIRS_NEOX, delta};
  if (pairs_kind > ARP_ROPE_PAIRS_NEOX)
    status = fail(error, ARP_STATUS_INVALID, -1, "Pairs of kind %u do not exist", pairs_kind);
  else status = cache_rotate(cache, g, blocks, count, &rotation, error);
  object_release(&cache->object);
  return status;
}
