// F32: as it is.
#pragma once
#include "float.h"

typedef float block_f32;
INLINE f32x16 f32_widen(const block_f32 p[16]) { return f32x16_load(p); }
