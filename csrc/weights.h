// Weights of a model: used in place (ROWS) or copied into tiles of 16 interleaved rows (TILES) by the pool.
#pragma once
#include "dispatch.h"
#include "map.h"
#include "pool.h"

struct weight {
  uint32_t type, layout, rows, columns;
  const struct quant_kernels *quant;  // NULL for f64 constants.
  const struct tiling *tiling;        // Of TILES.
  const uint8_t *source;              // As in the file.
  size_t source_offset, row_bytes;
  uint8_t *tiles;                     // (row groups, group_bytes)
  size_t group_bytes;
  uint32_t group_tiles;               // Tiles in a row group.
};

struct weights {
  struct object object;
  struct map *map;
  const struct kernels *kernels;
  uint8_t *constants;
  struct weight *items;
  uint32_t count;
  uint8_t *tiles;
  size_t reserved_bytes;              // Of tiles, as if no weight had narrow ones.
  _Atomic size_t tiles_bytes;
  struct task task;                   // Makes the tiles.
};

struct weights *weights_create(struct map *map, const struct arp_weight *records, uint32_t count,
                               const void *constants, uint32_t constants_bytes, uint32_t threads,
                               struct arp_error *error);
