// ROWS: the rows whose logits are wanted.
#include <string.h>

#include "check.h"

enum { CHUNK_ROWS = 8 };

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  if (!has_flags(c, 0) || !is_buffer(c, "dst", c.i->dst, ARP_TYPE_F32) ||
      !is_buffer(c, "src 0", c.i->src[0], ARP_TYPE_F32))
    return ARP_STATUS_INVALID;
  const uint32_t columns = plan->buffers[c.i->dst].columns;
  if (!has_shape(c, "dst", c.i->dst, ARP_ROWS_OUTPUTS, columns) ||
      !has_shape(c, "src 0", c.i->src[0], ARP_ROWS_TOKENS, columns) || !is_apart(c, c.i->dst, c.i->src[0]))
    return ARP_STATUS_INVALID;
  return ARP_STATUS_OK;
}
static uint32_t chunks(const struct plan *plan, const struct arp_instr *i) {
  (void)i;
  return divide_up(plan->frame.outputs, CHUNK_ROWS);
}
static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const size_t bytes = plan->buffers[i->dst].columns * sizeof(float);
  for (uint32_t r = chunk * CHUNK_ROWS; r < plan->frame.outputs && r < (chunk + 1) * CHUNK_ROWS; r++)
    memcpy(row_at(plan, i->dst, r), row_at(plan, i->src[0], plan->frame.output_rows[r]), bytes);
}
const struct op op_rows = {"rows", check, chunks, run, NULL};
