// RMS_NORM: Zhang and Sennrich 2019. Over whole rows, or over groups of columns (heads).
#include "columns.h"

enum { CHUNK_ROWS = 4 };

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  const uint32_t group = c.i->n[0];
  if (!has_flags(c, 0) || !is_buffer(c, "dst", c.i->dst, ARP_NONE) || !is_buffer(c, "src 0", c.i->src[0], ARP_TYPE_F32))
    return ARP_STATUS_INVALID;
  const struct arp_buffer *src = &plan->buffers[c.i->src[0]];
  if (!has_shape(c, "dst", c.i->dst, src->rows, src->columns)) return ARP_STATUS_INVALID;
  if (!group || src->columns % group) return REFUSE("groups of %u do not divide %u columns", group, src->columns);
  if (!is_weight(c, "weight 0", c.i->weight[0], ARP_LAYOUT_ROWS, ARP_TYPE_F32, 1, group)) return ARP_STATUS_INVALID;
  if (!(c.i->f[0] >= 0)) return REFUSE("epsilon is %g", (double)c.i->f[0]);
  if (c.i->dst != c.i->src[0] && !is_apart(c, c.i->dst, c.i->src[0])) return ARP_STATUS_INVALID;
  return ARP_STATUS_OK;
}
static uint32_t chunks(const struct plan *plan, const struct arp_instr *i) {
  return divide_up(rows_now(plan, i->dst), CHUNK_ROWS);
}
static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  const struct arp_buffer *dst = &plan->buffers[i->dst];
  const float *weight = weight_floats(plan, i->weight[0]);
  const uint32_t rows = rows_now(plan, i->dst);
  for (uint32_t row = chunk * CHUNK_ROWS; row < rows && row < (chunk + 1) * CHUNK_ROWS; row++) {
    const float *x = row_at(plan, i->src[0], row);
    float *y = dst->type == ARP_TYPE_F32 ? row_at(plan, i->dst, row)
                                         : (float *)(plan->scratch + thread * plan->scratch_bytes);
    for (uint32_t at = 0; at < dst->columns; at += i->n[0])
      plan->kernels->rms_norm(x + at, weight, y + at, i->n[0], i->f[0]);
    if (dst->type != ARP_TYPE_F32) quantize_part(plan, y, i->dst, (struct part){row, 0, dst->columns});
  }
}
const struct op op_rms_norm = {"rms_norm", check, chunks, run, NULL};
