// ROPE_TABLE: cos and sin of position * inverse frequency, once per step for all layers (Su et al. 2021).
#include <string.h>

#include "../cos_sin.h"
#include "check.h"

enum { CHUNK_TOKENS = 8 };

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  if (!has_flags(c, 0) || !is_buffer(c, "dst", c.i->dst, ARP_TYPE_F32) ||
      !is_weight(c, "weight 0", c.i->weight[0], ARP_LAYOUT_ROWS, ARP_TYPE_F64, 1, 0))
    return ARP_STATUS_INVALID;
  const uint64_t pairs = weight_at(plan, c.i->weight[0])->columns;
  return has_shape(c, "dst", c.i->dst, ARP_ROWS_TOKENS, 2 * pairs) ? ARP_STATUS_OK : ARP_STATUS_INVALID;
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
    for (uint32_t k = 0; k < w->columns; k++) {
      double frequency, cosine, sine;
      memcpy(&frequency, w->source + 8 * (size_t)k, 8);
      cos_sin((double)plan->frame.positions[t] * frequency, &cosine, &sine);
      y[2 * k] = (float)(cosine * (double)i->f[0]);
      y[2 * k + 1] = (float)(sine * (double)i->f[0]);
    }
  }
}
const struct op op_rope_table = {"rope_table", check, chunks, run, NULL};
