// The key/value cache: groups of layers; a group has one region per layer, each an array of blocks. A block holds 64
// positions of all key/value heads, for each head its keys and then its values, arranged as csrc/kernels/kv.h says.
#pragma once
#include "handle.h"
#include "kernels.h"

struct cache_group {
  struct arp_cache_shape shape;
  enum kv_kind key_kind, value_kind;
  uint8_t *data;
  size_t bytes, layer_bytes, block_bytes, head_bytes, key_bytes;  // key_bytes: of one head in one block.
};

struct cache {
  struct object object;
  const struct kernels *kernels;
  uint32_t groups_count;
  size_t bytes;
  struct cache_group groups[];
};

// The frequencies of a rotation, and by how many positions.
struct rotation {
  const double *frequencies;
  uint32_t pairs;
  bool neox;
  int32_t delta;
};

struct cache *cache_create(const struct arp_cache_shape *groups, uint32_t count, struct arp_error *error);

// A block in one layer.
static inline uint8_t *cache_block(const struct cache_group *g, uint32_t layer, uint32_t block) {
  return g->data + layer * g->layer_bytes + block * g->block_bytes;
}
// Turns the keys of blocks that exist.
int32_t cache_rotate(const struct cache *cache, const struct cache_group *group, const uint32_t *blocks,
                     uint32_t count, const struct rotation *rotation, struct arp_error *error);
