// Formats that store floats. A tile is 16 rows by 64 columns, column by column: 16 elements of one column stand
// together.
//
// A format <f> of kind FLOAT defines block_<f> (one element) and <f>_widen(element) -> f32x16 for 16 elements.
#pragma once
#include "../simd/vector.h"

enum { FLOAT_TILE_COLUMNS = 64 };
