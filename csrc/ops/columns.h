// How elementwise ops divide (rows, columns): parts of 2048 columns (whole tiles of activations), about 3 us of work.
#pragma once
#include "check.h"

enum { PART_COLUMNS = 2048 };

static inline uint32_t column_chunks(const struct plan *plan, const struct arp_instr *i) {
  return rows_now(plan, i->dst) * divide_up(plan->buffers[i->dst].columns, PART_COLUMNS);
}

struct part {
  uint32_t row, column, columns;
};
static inline struct part part_of(const struct plan *plan, const struct arp_instr *i, uint32_t chunk) {
  const uint32_t columns = plan->buffers[i->dst].columns, parts = divide_up(columns, PART_COLUMNS);
  const uint32_t column = chunk % parts * PART_COLUMNS, left = columns - column;
  return (struct part){chunk / parts, column, left < PART_COLUMNS ? left : PART_COLUMNS};
}
static inline float *part_floats(const struct plan *plan, uint32_t buffer, struct part p) {
  return (float *)row_at(plan, buffer, p.row) + p.column;
}
// The part of x into a quantized dst.
static inline void quantize_part(const struct plan *plan, const float *x, uint32_t dst, struct part p) {
  const bool twice = plan->buffers[dst].type == ARP_TYPE_Q16;
  struct q8_block *y = blocks_at(plan, dst, p.row, p.column / 32);
  plan->kernels->quantize(x, y, twice ? y + 1 : NULL, block_rows(plan, dst), p.columns);
}

// dst of a given type (ARP_NONE: any) and f32 sources of its shape; in place or apart.
static inline bool is_elementwise(struct check c, uint32_t dst_type, uint32_t sources) {
  if (!has_flags(c, 0) || !is_buffer(c, "dst", c.i->dst, dst_type)) return false;
  const struct arp_buffer *dst = &c.plan->buffers[c.i->dst];
  for (uint32_t s = 0; s < sources; s++) {
    if (!is_buffer(c, s ? "src 1" : "src 0", c.i->src[s], ARP_TYPE_F32) ||
        !has_shape(c, s ? "src 1" : "src 0", c.i->src[s], dst->rows, dst->columns))
      return false;
    if (c.i->src[s] != c.i->dst && !is_apart(c, c.i->dst, c.i->src[s])) return false;
  }
  return true;
}
