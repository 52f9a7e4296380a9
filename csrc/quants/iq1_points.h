// The points of IQ1_S and IQ1_M: eight values of -1, 0 and 1, all moved by +1/8 or -1/8. Codes are eight times that.
#pragma once
#include "iq_points.h"
#include "tables/iq1_s.h"

// Values are moved up by 128, so that no borrow leaves a byte, and back.
INLINE uint64_t iq1_point(uint32_t index, uint32_t is_minus) {
  const int32_t delta = is_minus ? -1 : 1;
  uint32_t moved[3];
  for (int i = 0; i < 3; i++) moved[i] = (uint32_t)(128 + 8 * iq1_s_values[i] + delta);
  return digits_to_values(iq1_s_grid[index], moved[0], moved[1], moved[2]) ^ ONE_IN_EACH_BYTE * 128;
}
