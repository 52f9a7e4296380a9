// Creates caches.
#include "cache.h"

#include <stdlib.h>

#include "platform/memory.h"

static void cache_destroy(struct object *object) {
  struct cache *cache = (struct cache *)object;
  pages_free(cache->data, cache->bytes);
  free(cache);
}

static bool valid_head(uint32_t columns) {
  return columns >= 1 && columns <= ARP_LIMIT_HEAD_COLUMNS;
}

struct cache *cache_create(const struct arp_cache_shape *s, struct arp_error *error) {
  const bool types = s->key_type == s->value_type && (s->key_type == ARP_TYPE_F16 || s->key_type == ARP_TYPE_F32);
  if (!types || !valid_head(s->key_columns) || !valid_head(s->value_columns) || !s->layers || s->layers > 4096 ||
      !s->heads || s->heads > ARP_LIMIT_HEADS || !s->blocks || s->blocks > 1u << 24 ||
      s->block_positions != ARP_LIMIT_BLOCK_POSITIONS) {
    fail(error, ARP_STATUS_INVALID, -1,
         "Impossible cache: %u layers, %u heads of %u and %u columns, types %u and %u, %u blocks of %u", s->layers,
         s->heads, s->key_columns, s->value_columns, s->key_type, s->value_type, s->blocks, s->block_positions);
    return NULL;
  }
  struct cache *cache = calloc(1, sizeof *cache);
  if (cache) {
    const size_t element = s->key_type == ARP_TYPE_F16 ? 2 : 4;
    cache->object.kind = OBJECT_CACHE;
    cache->object.references = 1;
    cache->object.destroy = cache_destroy;
    cache->shape = *s;
    cache->kind = s->key_type == ARP_TYPE_F16 ? KV_F16 : KV_F32;
    cache->key_bytes = (size_t)s->block_positions * s->key_columns * element;
    cache->head_bytes = cache->key_bytes + (size_t)s->block_positions * value_stride(s->value_columns) * element;
    cache->block_bytes = s->heads * cache->head_bytes;
    // At most 2^24 blocks of 2^10 heads * 2^17 bytes in 2^12 layers: 63 bits.
    cache->layer_bytes = s->blocks * cache->block_bytes;
    cache->bytes = s->layers * cache->layer_bytes;
    cache->data = pages_allocate(cache->bytes);
    if (cache->data) return cache;
    fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Cannot allocate %zu bytes for a cache of %u blocks of %u positions",
         cache->bytes, s->blocks, s->block_positions);
    free(cache);
    return NULL;
  }
  fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "No memory");
  return NULL;
}
