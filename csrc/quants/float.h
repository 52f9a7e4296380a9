// Formats that store floats. A tile is 16 rows by 64 columns, in strips of 8 columns; in a strip 16 elements of one
// column stand together. Of every four tiles of a row group the strips take turns (strip 0 of each, then strip 1 of
// each, ...), because their sums are independent and advance together: so memory is read in its order.
//
// A format <f> of kind FLOAT or HALF defines block_<f> (one element) and <f>_widen(element) -> f32x16 for 16 elements.
// One of kind HALF has 16 bits, and <f>_bfloats(element, out) -> bool: 16 elements as BF16, if that is exact. Its
// weights have the tiles of quants/narrow.h, which are smaller, when their values allow it.
#pragma once
#include "../simd/vector.h"

enum { FLOAT_TILE_COLUMNS = 64, STRIP_COLUMNS = 8, TILE_STRIPS = 8, TILES_IN_TURN = 4 };

// Where the strips of a tile of a row group with `tiles` tiles are, in strips.
struct strips {
  uint32_t first, step;
};
INLINE struct strips strips_of(uint32_t tile, uint32_t tiles) {
  if (tile >= tiles / TILES_IN_TURN * TILES_IN_TURN) return (struct strips){tile * TILE_STRIPS, 1};
  return (struct strips){tile / TILES_IN_TURN * TILES_IN_TURN * TILE_STRIPS + tile % TILES_IN_TURN, TILES_IN_TURN};
}

// Bytes of the heads of a row group.
INLINE size_t heads_bytes(uint32_t head_bytes, uint32_t tiles) {
  return ((size_t)tiles * head_bytes + 63) / 64 * 64;
}
