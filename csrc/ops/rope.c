// ROPE: rotates pairs of columns of each head, in place.
#include "check.h"

enum { CHUNK_TOKENS = 8 };

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  const uint32_t head = c.i->n[0], rotated = c.i->n[1];
  if (!has_flags(c, 0) || !is_buffer(c, "src 0", c.i->src[0], ARP_TYPE_F32) ||
      !is_buffer(c, "src 1", c.i->src[1], ARP_TYPE_F32))
    return ARP_STATUS_INVALID;
  const uint32_t columns = plan->buffers[c.i->src[0]].columns;
  if (c.i->dst != c.i->src[0]) return REFUSE("dst is not src 0: rope works in place");
  if (!head || columns % head || !rotated || rotated % 2 || rotated > head)
    return REFUSE("%u columns in heads of %u with %u rotated", columns, head, rotated);
  if (c.i->n[2] > ARP_ROPE_PAIRS_NEOX) return REFUSE("pairing %u is unknown", c.i->n[2]);
  if (!has_shape(c, "src 0", c.i->src[0], ARP_ROWS_TOKENS, columns) ||
      !has_shape(c, "src 1", c.i->src[1], ARP_ROWS_TOKENS, rotated) || !is_apart(c, c.i->src[0], c.i->src[1]))
    return ARP_STATUS_INVALID;
  return ARP_STATUS_OK;
}
static uint32_t chunks(const struct plan *plan, const struct arp_instr *i) {
  (void)i;
  return divide_up(plan->frame.tokens, CHUNK_TOKENS);
}
static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const uint32_t heads = plan->buffers[i->src[0]].columns / i->n[0];
  for (uint32_t t = chunk * CHUNK_TOKENS; t < plan->frame.tokens && t < (chunk + 1) * CHUNK_TOKENS; t++)
    plan->kernels->rope(row_at(plan, i->src[0], t), row_at(plan, i->src[1], t), i->n[0], heads, i->n[1],
                        i->n[2] == ARP_ROPE_PAIRS_NEOX);
}
const struct op op_rope = {"rope", check, chunks, run, NULL};
