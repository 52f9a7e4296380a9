// F16: IEEE 754 half precision; widening is exact.
#pragma once
#include "float.h"

typedef _Float16 block_f16;
INLINE f32x16 f16_widen(const block_f16 p[16]) { return __builtin_convertvector(f16x16_load(p), f32x16); }
