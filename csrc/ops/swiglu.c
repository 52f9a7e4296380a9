// SWIGLU: silu(gate) * up (Shazeer 2020), to f32 or quantized.
#include "columns.h"

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  return is_elementwise(c, ARP_NONE, 2) ? ARP_STATUS_OK : ARP_STATUS_INVALID;
}
static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const struct part p = part_of(plan, i, chunk);
  const float *gate = part_floats(plan, i->src[0], p), *up = part_floats(plan, i->src[1], p);
  if (plan->buffers[i->dst].type == ARP_TYPE_F32) {
    plan->kernels->swiglu(gate, up, part_floats(plan, i->dst, p), p.columns);
  } else {
    _Alignas(64) float y[PART_COLUMNS];
    plan->kernels->swiglu(gate, up, y, p.columns);
    quantize_part(plan, y, i->dst, p);
  }
}
const struct op op_swiglu = {"swiglu", check, column_chunks, run, NULL};
