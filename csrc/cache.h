// The key/value cache: one region per layer, each an array of blocks; a block holds 64 positions of all key/value
// heads, for each head its keys (4, key_columns, 16 positions) and then its values (64, value_columns in whole
// vectors).
#pragma once
#include "handle.h"
#include "kernels.h"

struct cache {
  struct object object;
  struct arp_cache_shape shape;
  enum kv_kind kind;
  uint8_t *data;
  size_t bytes, layer_bytes, block_bytes, head_bytes, key_bytes;  // key_bytes: of one head in one block.
};

struct cache *cache_create(const struct arp_cache_shape *shape, struct arp_error *error);
