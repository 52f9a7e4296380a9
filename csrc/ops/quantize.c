// QUANTIZE: f32 activations to int8 blocks.
#include "columns.h"

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  if (!is_elementwise(c, ARP_NONE, 1)) return ARP_STATUS_INVALID;
  if (plan->buffers[c.i->dst].type == ARP_TYPE_F32) return REFUSE("dst is f32, expected Q8 or Q16");
  return ARP_STATUS_OK;
}
static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const struct part p = part_of(plan, i, chunk);
  quantize_part(plan, part_floats(plan, i->src[0], p), i->dst, p);
}
const struct op op_quantize = {"quantize", check, column_chunks, run, NULL};
