// The 16 values of FP4 (E2M1), doubled so that they are whole: 0, 1, 2, 3, 4, 6, 8, 12 and their opposites (OCP
// Microscaling Formats 1.0). As int8, and moved up by 16 to be unsigned.
#pragma once
#include <stdint.h>

enum { FP4_BIAS_SHIFT = 4, FP4_BITS = 5 };
static const int8_t fp4_values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
static const uint8_t fp4_moved[16] = {16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4};
