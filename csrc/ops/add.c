// ADD: the sum of two buffers.
#include "columns.h"

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  return is_elementwise(c, ARP_TYPE_F32, 2) ? ARP_STATUS_OK : ARP_STATUS_INVALID;
}
static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const struct part p = part_of(plan, i, chunk);
  plan->kernels->add(part_floats(plan, i->src[0], p), part_floats(plan, i->src[1], p), part_floats(plan, i->dst, p),
                     p.columns);
}
const struct op op_add = {"add", check, column_chunks, run, NULL};
