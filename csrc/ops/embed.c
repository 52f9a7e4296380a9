// EMBED: rows of the token table, dequantized and scaled.
#include "check.h"

enum { CHUNK_TOKENS = 8 };

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  if (!has_flags(c, 0) || !is_buffer(c, "dst", c.i->dst, ARP_TYPE_F32) ||
      !is_weight(c, "weight 0", c.i->weight[0], ARP_LAYOUT_ROWS, ARP_NONE, 0, 0))
    return ARP_STATUS_INVALID;
  const struct weight *w = weight_at(plan, c.i->weight[0]);
  if (!has_shape(c, "dst", c.i->dst, ARP_ROWS_TOKENS, w->columns)) return ARP_STATUS_INVALID;
  if (w->rows < plan->vocabulary) plan->vocabulary = w->rows;
  return ARP_STATUS_OK;
}
static uint32_t chunks(const struct plan *plan, const struct arp_instr *i) {
  (void)i;
  return divide_up(plan->frame.tokens, CHUNK_TOKENS);
}
static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const struct weight *w = weight_at(plan, i->weight[0]);
  for (uint32_t t = chunk * CHUNK_TOKENS; t < plan->frame.tokens && t < (chunk + 1) * CHUNK_TOKENS; t++) {
    float *y = row_at(plan, i->dst, t);
    w->quant->dequantize(w->source + plan->frame.ids[t] * w->row_bytes, y, w->columns);
    if (i->f[0] != 1.0f) plan->kernels->scale(y, i->f[0], w->columns);
  }
}
const struct op op_embed = {"embed", check, chunks, run, NULL};
